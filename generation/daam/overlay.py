"""A heat map drawn over its image. Pillow and matplotlib's colour maps; no torch."""

from functools import lru_cache

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

from generation.daam.heat_maps import WordHeatMap

_SHADES = 256


def draw_overlay(
    image: Image.Image,
    heat_map: WordHeatMap,
    *,
    color_map: str = "turbo",
    opacity: float = 0.75,
    threshold: float | None = None,
) -> Image.Image:
    """The image with the heat map in colour over it: an RGB image of the image's own size.

    The map is scaled from its own lowest to its own highest value, as in the paper's figures. Where it is
    low, the image shows through; where it is highest, the colour covers `opacity` of it. A constant map has
    no high places and leaves the image as it is.

    color_map: a name of matplotlib's. threshold: also draw the outline of the mask of Eq. 7 at this
        threshold.

    Raises ValueError for an unknown colour map, an opacity or a threshold outside [0, 1].
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f"The opacity has to be from 0 to 1; it is {opacity}.")
    size = (image.height, image.width)
    heat = heat_map.soft(size)
    lowest, highest = float(heat.min()), float(heat.max())
    spread = highest - lowest
    relative = (heat - lowest) / spread if spread > 1e-6 * max(-lowest, highest) else np.zeros_like(heat)
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
    shades = (relative * (_SHADES - 1)).round().astype(np.uint8)
    weight = (relative * np.float32(opacity))[..., np.newaxis]
    drawn = (pixels + (_shades(color_map)[shades] - pixels) * weight).round().astype(np.uint8)
    if threshold is not None:
        _draw_outline(drawn, heat_map.mask(threshold, size))
    return Image.fromarray(drawn)


@lru_cache
def _shades(color_map: str) -> NDArray[np.float32]:
    """(256, 3), from 0 to 255."""
    if color_map not in colormaps:
        raise ValueError(f"matplotlib has no colour map {color_map!r}.")
    shades: NDArray[np.float32] = colormaps[color_map](np.linspace(0, 1, _SHADES))[:, :3].astype(np.float32)
    return shades * 255


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
