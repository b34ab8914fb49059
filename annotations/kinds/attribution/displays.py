"""How a study's heat maps are drawn over their pictures."""

from collections.abc import Mapping
from typing import Any

from generation.pictures.addresses import OF_BEFORE

# The names are those of the engine's drawings.
DISPLAYS = {
    "veil": "Blue veil: the bluer, the stronger",
    "spotlight": "Spotlight: the brighter, the stronger",
    "rainbow": "Rainbow, as in the paper: from blue over green to red",
}
# How each is read, as annotators are told.
LEGENDS = {
    "veil": "The bluer, the stronger.",
    "spotlight": "The brighter, the stronger.",
    "rainbow": "Blue is weak, red is strong.",
}


def display_of(said: Mapping[str, Any]) -> str:
    """Of a task's payload or a study's options; those from before there was a choice do not say."""
    display: str = said.get("display", OF_BEFORE)
    return display
