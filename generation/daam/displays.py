"""How heat is drawn over a picture. Numpy and matplotlib's colour maps; no torch.

A display takes pixels (height, width, 3) from 0 to 255 and heat (height, width) from 0 to 1; it gives pixels.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Display = Callable[[Pixels, NDArray[np.float32]], Pixels]

BLUE = np.array((0, 40, 200), dtype=np.float32)
VEIL_OPACITY = np.float32(0.8)
LEAST_LIGHT = np.float32(0.12)  # of what is coldest, so that one sees what was there
_SHADES = 256


def veil(pixels: Pixels, heat: NDArray[np.float32]) -> Pixels:
    """Blue over what is hot: one colour, so that more of it is more in every vision, and in grey."""
    weight = (VEIL_OPACITY * heat)[..., np.newaxis]
    drawn: Pixels = pixels + (BLUE - pixels) * weight
    return drawn


def spotlight(pixels: Pixels, heat: NDArray[np.float32]) -> Pixels:
    """What is hot keeps its colours, what is cold is dark: the picture changes most where heat is least."""
    light = (LEAST_LIGHT + (1 - LEAST_LIGHT) * heat)[..., np.newaxis]
    drawn: Pixels = pixels * light
    return drawn


def rainbow(color_map: str = "turbo", opacity: float = 0.75) -> Display:
    """Colours from cold to hot, as in the paper's figures: where heat is low the picture shows through, where
    it is highest its colour covers `opacity` of it.

    color_map: a name of matplotlib's.

    Raises ValueError for an unknown colour map, or an opacity outside [0, 1].
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f"The opacity has to be from 0 to 1; it is {opacity}.")
    colours = _shades(color_map)

    def draw(pixels: Pixels, heat: NDArray[np.float32]) -> Pixels:
        shades = (heat * (_SHADES - 1)).round().astype(np.uint8)
        weight = (heat * np.float32(opacity))[..., np.newaxis]
        drawn: Pixels = pixels + (colours[shades] - pixels) * weight
        return drawn

    return draw


@lru_cache
def _shades(color_map: str) -> Pixels:
    """(256, 3), from 0 to 255."""
    if color_map not in colormaps:
        raise ValueError(f"matplotlib has no colour map {color_map!r}.")
    shades: Pixels = colormaps[color_map](np.linspace(0, 1, _SHADES))[:, :3].astype(np.float32)
    return shades * 255


# By the names that studies are frozen with: what is drawn under a name stays as it is.
DISPLAYS: Mapping[str, Display] = {"veil": veil, "spotlight": spotlight, "rainbow": rainbow()}
DEFAULT = "veil"
