"""What pages of documentation name."""

import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGES = (*sorted(TOP.glob("*.md")), *sorted((TOP / "docs").glob("*.md")))


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def in_backticks(text: str) -> list[str]:
    """Code inside of sentences and tables; blocks are left out."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text)]


def commands(text: str) -> set[str]:
    """X of every `manage.py X`."""
    return set(re.findall(r"manage\.py ([a-z_]+)", text))


def targets(text: str) -> set[str]:
    """X of every `make X`, in backticks or on an indented line of its own."""
    lines = re.findall(r"^    (make .*)$", text, re.MULTILINE)
    codes = [code for code in (*in_backticks(text), *lines) if code.startswith("make ")]
    return {code.split()[1] for code in codes}


def links(text: str) -> list[str]:
    """Addresses of links and pictures, those at the foot of a page too."""
    return [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r"^\[[^\]]+\]: (\S+)$", text, re.MULTILINE)]


def anchors(text: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
