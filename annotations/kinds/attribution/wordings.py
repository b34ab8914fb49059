"""What attribution studies say in English; other languages stand in `translations`, by the same keys."""

from collections.abc import Mapping
from typing import Any

from annotations.kinds.attribution.displays import LEGENDS, display_of

# The paper's options 1–7; only the first five are ratings. Their labels are those of ITU-T P.800.
SCALE = {
    1: "bad",
    2: "poor",
    3: "fair",
    4: "good",
    5: "excellent",
    6: "image too poor",
    7: "word too abstract or missing",
}
RATINGS = 5
WORD = "{word}"  # where the question has it
QUESTION = f"How well does the highlighted area reflect the word “{WORD}”?"


def wordings_of(options: Mapping[str, Any]) -> dict[str, str]:
    """Of a study: the question, the labels, and how its heat maps are read."""
    display = display_of(options)
    scale = {str(code): label for code, label in SCALE.items()}
    return {"question": QUESTION, **scale, legend_key(display): LEGENDS[display]}


def legend_key(display: str) -> str:
    return f"legend.{display}"


def scale_in(wordings: Mapping[str, str]) -> dict[int, str]:
    """The labels in another language, or in English where that has none."""
    return {code: wordings.get(str(code), label) for code, label in SCALE.items()}
