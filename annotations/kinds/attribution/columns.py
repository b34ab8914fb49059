"""The columns of attribution studies."""

from annotations.kinds.attribution.displays import DISPLAYS
from annotations.kinds.attribution.wordings import SCALE
from annotations.kinds.interface import Column

COLUMNS = (
    Column("word", "text", "The word that was judged, as the prompt has it."),
    Column(
        "start", "whole number", "Offset of the word's first character in the prompt, from 0.", "characters"
    ),
    Column("end", "whole number", "Offset after the word's last character.", "characters"),
    Column("part_of_speech", "text", "Universal Dependencies tag of the word, such as NOUN; empty: none."),
    Column(
        "display",
        "text",
        f"How the heat map was drawn over the picture: {', '.join(DISPLAYS)}; one for all of a study.",
    ),
    Column(
        "choice",
        "whole number",
        f"{'; '.join(f'{code} {label}' for code, label in SCALE.items())}. Only 1 to 5 are ratings.",
        "code from 1 to 7",
    ),
    Column("label", "text", "The chosen option in English words, whatever the language of the page."),
)
