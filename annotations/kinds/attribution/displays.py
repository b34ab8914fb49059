"""How a study's heat maps are drawn over their pictures."""

from collections.abc import Mapping
from typing import Any

from generation.pictures.addresses import OF_BEFORE

# The names are those of the engine's drawings; legend.html says to annotators how each is read.
DISPLAYS = {
    "veil": "Blue veil: the bluer, the stronger",
    "spotlight": "Spotlight: the brighter, the stronger",
    "rainbow": "Rainbow, as in the paper: from blue over green to red",
}


def display_of(payload: Mapping[str, Any]) -> str:
    """Of a task; those of studies that were built before there was a choice do not say."""
    display: str = payload.get("display", OF_BEFORE)
    return display
