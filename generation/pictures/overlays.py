"""A word's heat map over its image, as a file."""

from io import BytesIO

from PIL import Image

from generation.daam.heat_maps import WordHeatMap
from generation.daam.overlay import draw_overlay
from generation.models import Generation


def overlay_file(*, generation: Generation, start: int, end: int) -> bytes:
    """The image with the heat map of the characters [start, end) over it, as WebP.

    Raises WordNotAttended; OSError or HeatMapFileError if a file cannot be read.
    """
    heat_map = generation.load_heat_maps().span(start, end)
    with generation.image.open("rb") as file:
        return draw_overlay_file(file.read(), heat_map)


def draw_overlay_file(image: bytes, heat_map: WordHeatMap) -> bytes:
    """The same of what was read. Raises OSError if it is no image."""
    with Image.open(BytesIO(image)) as opened:
        drawn = draw_overlay(opened.convert("RGB"), heat_map)
    content = BytesIO()
    drawn.save(content, format="WEBP", quality=90)
    return content.getvalue()
