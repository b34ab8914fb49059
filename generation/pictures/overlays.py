"""A word's heat map over its image, as a file."""

from io import BytesIO

from PIL import Image

from generation.daam.displays import DISPLAYS
from generation.daam.heat_maps import WordHeatMap
from generation.daam.overlay import as_webp, draw_overlay
from generation.models import Generation

# Researchers look at maps as the paper's figures show them; what annotators see, their study says.
GALLERY_DISPLAY = "rainbow"


def overlay_file(*, generation: Generation, start: int, end: int) -> bytes:
    """The image with the heat map of the characters [start, end) over it as the gallery shows it, as WebP.

    Raises WordNotAttended; OSError or HeatMapFileError if a file cannot be read.
    """
    heat_map = generation.load_heat_maps().span(start, end)
    with generation.image.open("rb") as file:
        return draw_overlay_file(file.read(), heat_map, display=GALLERY_DISPLAY)


def draw_overlay_file(image: bytes, heat_map: WordHeatMap, *, display: str) -> bytes:
    """The same of what was read, by the name of one of DISPLAYS. Raises OSError if it is no image."""
    with Image.open(BytesIO(image)) as opened:
        drawn = draw_overlay(opened.convert("RGB"), heat_map, display=DISPLAYS[display])
    return as_webp(drawn)
