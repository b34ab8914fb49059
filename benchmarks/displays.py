"""How well what is drawn over a picture shows the order of its heat, to whoever tells which colours apart.

    python -m benchmarks.displays [--words 120] [--checkpoint generation/demo/checkpoint]

Scenes that training never saw, and the heat maps of their captions' words (`attribute`, 4 steps). Of each
word and display: Spearman's rank correlation, over all pixels, of heat and of how far the colour drawn is
from the picture's (CIELAB, CIE 1976), as pages are sent it, in normal vision, in deuteranopia and protanopia
(Machado, Oliveira and Fernandes, 2009, severity 1, in linear RGB) and in grey. Constant maps have no order,
and are counted apart.

The spotlight's are negative: it darkens what is cold, so that the picture changes most where heat is least.
The bars are the default display's: in every vision.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from scipy.stats import spearmanr

from benchmarks.demo_maps import BATCH, CHECKPOINT, held_out_scenes
from generation.daam import WordHeatMap, attribute
from generation.daam.checkpoints import load_pipeline
from generation.daam.displays import DEFAULT, DISPLAYS, Display
from generation.daam.overlay import as_webp, draw_overlay, relative_heat

STEPS = 4
# the bars
LEAST_WORDS, LEAST_MEDIAN, LEAST_LOW = 60, 0.9, 0.8
LOW_PERCENTILE = 5

# From linear RGB to linear RGB.
VISIONS: Mapping[str, np.ndarray] = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "grey": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
}
# From linear sRGB to CIE XYZ under D65, and its white.
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)


def lab(pixels: np.ndarray, vision: np.ndarray) -> np.ndarray:
    """CIELAB (height, width, 3) of sRGB pixels from 0 to 255, as they look in a vision."""
    shares = np.asarray(pixels, dtype=np.float64) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    seen = (linear @ vision.T).clip(0, 1)
    relative = seen @ _TO_XYZ.T / _WHITE
    f = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def colour_change(picture: np.ndarray, drawn: np.ndarray, vision: np.ndarray) -> np.ndarray:
    """(height, width)"""
    return np.linalg.norm(lab(drawn, vision) - lab(picture, vision), axis=-1)


def served(picture: np.ndarray, heat_map: WordHeatMap, display: Display) -> np.ndarray:
    """As a browser is sent it."""
    drawn = draw_overlay(Image.fromarray(picture), heat_map, display=display)
    return np.asarray(Image.open(BytesIO(as_webp(drawn))).convert("RGB"))


def order_kept(heat: np.ndarray, picture: np.ndarray, drawn: np.ndarray) -> dict[str, float]:
    """By vision, from -1 to 1, of heat that is not constant. What changes nothing keeps nothing."""
    found = {}
    for name, vision in VISIONS.items():
        change = colour_change(picture, drawn, vision).ravel()
        found[name] = float(spearmanr(heat.ravel(), change).statistic) if np.ptp(change) else 0.0
    return found


def words_of_scenes(pipeline: Any, count: int, *, seed: int = 0) -> Iterator[tuple[np.ndarray, WordHeatMap]]:
    """The picture and the heat map of each word of as many scenes as have so many words."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    scenes, needed = held_out_scenes(count), 0
    while sum(len(drawn.words) for drawn in scenes[:needed]) < count:
        needed += 1
    for first in range(0, needed, BATCH):
        batch = scenes[first : min(first + BATCH, needed)]
        images = [Image.fromarray(drawn.image) for drawn in batch]
        captions = [drawn.caption for drawn in batch]
        maps = attribute(pipeline, images, captions, steps=STEPS, generator=generator)
        for drawn, heat_maps in zip(batch, maps, strict=True):
            for word in drawn.words:
                yield drawn.image, heat_maps.span(word.start, word.end)


def summary(values: Sequence[float]) -> tuple[float, float]:
    """Median and 5th percentile."""
    return float(np.median(values)), float(np.percentile(values, LOW_PERCENTILE))


def reaches(found: Mapping[str, tuple[float, float]], words: int) -> bool:
    """Whether a display keeps the order in every vision; `found`: median and 5th percentile by vision."""
    return words >= LEAST_WORDS and all(
        median >= LEAST_MEDIAN and low >= LEAST_LOW for median, low in found.values()
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=int, default=120)
    parser.add_argument("--checkpoint", default=str(CHECKPOINT))
    options = parser.parse_args()
    pipeline = load_pipeline(options.checkpoint, dtype="float32").pipeline
    kept: dict[str, dict[str, list[float]]] = {name: {each: [] for each in VISIONS} for name in DISPLAYS}
    words = constant = 0
    for picture, heat_map in words_of_scenes(pipeline, options.words):
        heat = relative_heat(heat_map, picture.shape[:2])
        if not heat.any():
            constant += 1
            continue
        words += 1
        for name, display in DISPLAYS.items():
            drawn = served(picture, heat_map, display)
            for vision, value in order_kept(heat, picture, drawn).items():
                kept[name][vision].append(value)
    found = {
        name: {vision: summary(values) for vision, values in by_vision.items()}
        for name, by_vision in kept.items()
    }
    print(f"{words} words; median / 5th percentile of Spearman's correlation of heat and colour change")
    print(" " * 10 + "".join(f"{vision:>16}" for vision in VISIONS))
    for name, by_vision in found.items():
        print(f"{name:<10}" + "".join(f"{f'{m:.2f} / {low:.2f}':>16}" for m, low in by_vision.values()))
    is_reached = reaches(found[DEFAULT], words)
    outcome = "reached" if is_reached else "missed"
    print(f"{DEFAULT}: bars {LEAST_MEDIAN} / {LEAST_LOW} in each, {LEAST_WORDS} words: {outcome}")
    line = {"words": words, "constant": constant, "display": DEFAULT, "reached": is_reached, **found}
    print(json.dumps(line))
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
