"""The objects of the demo's world as small pictures: every noun of the paper's ontology (appendix C)."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from generation.prompts.cohyponyms import load_ontology

SHEET = Path(__file__).with_name("sprites.png")  # SIL Open Font License, see sprites.LICENSE
OBJECTS: tuple[str, ...] = load_ontology().leaves
TILE = 96  # pixels
COLUMNS = 7


@cache
def sprite(name: str) -> Image.Image:
    """The object in its own colours on nothing: RGBA, cropped, its longer side TILE pixels.

    Raises ValueError for an object that is not in OBJECTS.
    """
    if name not in OBJECTS:
        raise ValueError(f"there is no picture of {name!r}, only of {', '.join(OBJECTS)}")
    row, column = divmod(OBJECTS.index(name), COLUMNS)
    with Image.open(SHEET) as sheet:
        tile = sheet.crop((column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE)).convert("RGBA")
    return tile.crop(tile.getbbox())


@cache
def tinted_sprite(name: str, colour: tuple[int, int, int]) -> Image.Image:
    """The object in shades of one colour."""
    pixels = np.asarray(sprite(name), dtype=np.float32)
    light = pixels[..., :3] @ np.array([0.299, 0.587, 0.114], dtype=np.float32) / 255  # (height, width)
    # Darker than the colour below the middle, towards white above it, so that the drawing stays readable.
    light = np.clip(0.15 + 0.85 * light, 0, 1)[..., None]
    tone = np.array(colour, dtype=np.float32)
    shade = np.where(light < 0.6, tone * light / 0.6, tone + (255 - tone) * (light - 0.6) / 0.4 * 0.6)
    return Image.fromarray(np.concatenate([shade, pixels[..., 3:]], axis=-1).round().astype(np.uint8), "RGBA")
