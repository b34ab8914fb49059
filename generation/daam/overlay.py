"""A heat map drawn over its image. Pillow and numpy; no torch."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generation.daam.displays import Display, veil
from generation.daam.heat_maps import WordHeatMap


def draw_overlay(
    image: Image.Image,
    heat_map: WordHeatMap,
    *,
    display: Display = veil,
    threshold: float | None = None,
) -> Image.Image:
    """The image with the heat map over it: an RGB image of the image's own size.

    The map is scaled from its own lowest to its own highest value, as in the paper's figures. A constant map
    has no high places: it is drawn as cold everywhere.

    display: how heat is drawn; see `generation.daam.displays`. threshold: also draw the outline of the mask
        of Eq. 7 at this threshold.

    Raises ValueError for a threshold outside [0, 1].
    """
    size = (image.height, image.width)
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
    drawn = display(pixels, relative_heat(heat_map, size)).round().astype(np.uint8)
    if threshold is not None:
        _draw_outline(drawn, heat_map.mask(threshold, size))
    return Image.fromarray(drawn)


def as_webp(drawn: Image.Image) -> bytes:
    """As pages are sent it."""
    content = BytesIO()
    drawn.save(content, format="WEBP", quality=90)
    return content.getvalue()


def relative_heat(heat_map: WordHeatMap, size: tuple[int, int]) -> NDArray[np.float32]:
    """Of that (height, width), from 0, where the map is lowest, to 1, where it is highest; constant: 0."""
    heat = heat_map.soft(size)
    lowest, highest = float(heat.min()), float(heat.max())
    spread = highest - lowest
    if spread <= 1e-6 * max(-lowest, highest):
        return np.zeros_like(heat)
    relative: NDArray[np.float32] = (heat - lowest) / spread
    return relative


def _draw_outline(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> None:
    """A white line just inside the mask and a black one just outside: visible over any colour."""
    pixels[mask & _grown(~mask)] = 255
    pixels[~mask & _grown(mask)] = 0


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask with the four neighbours of each of its pixels."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown
