"""A word's heat map over its image, as a file."""

from io import BytesIO

from PIL import Image

from generation.daam.overlay import draw_overlay
from generation.models import Generation


def overlay_file(*, generation: Generation, start: int, end: int) -> bytes:
    """The image with the heat map of the characters [start, end) over it, as WebP.

    Raises WordNotAttended; OSError or HeatMapFileError if a file cannot be read.
    """
    heat_map = generation.load_heat_maps().span(start, end)
    with generation.image.open("rb") as file, Image.open(file) as image:
        drawn = draw_overlay(image.convert("RGB"), heat_map)
    content = BytesIO()
    drawn.save(content, format="WEBP", quality=90)
    return content.getvalue()
