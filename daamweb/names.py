"""Names that people give: to projects, prompt sets, runs, studies."""

import unicodedata

LONGEST_NAME = 100
# Letters, numbers, punctuation, symbols: a name of spaces and joiners alone could not be seen.
READABLE = "LNPS"
# They would turn the text around them, too.
BIDIRECTIONAL_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def name_problem(name: str, longest: int = LONGEST_NAME) -> str:
    """What is wrong with a name, as a sentence; "" for nothing. Names of any script and with any sign are
    fine, as long as they are one line of text: pages escape them."""
    if not any(unicodedata.category(sign)[0] in READABLE for sign in name):
        return "A name is needed."
    if len(name) > longest:
        return f"A name has {longest} characters at most; this one has {len(name)}."
    if name != name.strip():
        return "A name does not begin or end with a space."
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in name):
        return "A name is one line of text, without control characters."
    if BIDIRECTIONAL_CONTROLS & set(name):
        return (
            "A name has no marks that turn the direction of text; it is shown in its own direction without."
        )
    return ""
