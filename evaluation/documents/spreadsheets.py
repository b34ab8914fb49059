"""Keep spreadsheets from running what people wrote."""

# A cell that begins with one of these could be run as a formula (OWASP, "CSV injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defuse(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet could run it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
