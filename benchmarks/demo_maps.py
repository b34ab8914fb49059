"""How well heat maps of the demo checkpoint find objects whose masks are known.

    python -m benchmarks.demo_maps [--scenes 200] [--checkpoint generation/demo/checkpoint]

Scenes that training never saw are noised and denoised once per time step with their caption (`attribute`). An
object word's map, summed over all captured layers (Eq. 6) and thresholded (Eq. 7), is compared with the mask
of its object, with that of the other object of the scene, and with the whole image. The best threshold is
chosen on the scenes that it is measured on. Intervals: 95 %, by bootstrap over scenes.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.statistics.overlap import binarize, overlap
from generation.daam import attribute
from generation.daam.checkpoints import load_pipeline
from generation.demo.scenes import Scene, scene

CHECKPOINT = Path(__file__).parents[1] / "generation" / "demo" / "checkpoint"
HELD_OUT_SEED = 999  # training draws from other seeds
THRESHOLDS = tuple(round(0.2 + 0.05 * step, 2) for step in range(13))
BATCH, STEPS, RESAMPLES = 20, 10, 2000
# the bars
LEAST_IOU, LEAST_TIMES_WHOLE, LEAST_TIMES_OTHER = 0.45, 5, 4


@dataclass(frozen=True)
class MapScores:
    """Per object word, at each of THRESHOLDS: `own` and `other` (words, thresholds), `whole` (words,).

    other: IoU with the other object of scenes with two; NaN elsewhere. scene: (words,), whose word it is.
    """

    own: np.ndarray
    other: np.ndarray
    whole: np.ndarray
    scene: np.ndarray

    @property
    def best(self) -> int:
        """The number of the threshold with the highest mean IoU."""
        return int(self.own.mean(axis=0).argmax())


def held_out_scenes(count: int) -> list[Scene]:
    rng = np.random.default_rng(HELD_OUT_SEED)
    return [scene(rng) for _ in range(count)]


def order_tells_no_side(drawn: Scene) -> bool:
    """Whether the place that is said lets no map be right only because the first named stands at the left."""
    return bool(re.search(r"\b(right of|above|below)\b", drawn.caption))


def score_maps(pipeline: Any, scenes: Sequence[Scene], *, steps: int = STEPS, seed: int = 0) -> MapScores:
    """Score the heat maps of all object words of the scenes, by attribution on the given images."""
    import torch
    from PIL import Image

    own, other, whole, owner = [], [], [], []
    generator = torch.Generator().manual_seed(seed)
    for first in range(0, len(scenes), BATCH):
        batch = scenes[first : first + BATCH]
        images = [Image.fromarray(drawn.image) for drawn in batch]
        captions = [drawn.caption for drawn in batch]
        maps = attribute(pipeline, images, captions, steps=steps, generator=generator)
        for number, (drawn, heat_maps) in enumerate(zip(batch, maps, strict=True), start=first):
            objects = [word for word in drawn.words if word.role == "object" and word.mask.any()]
            for word in objects:
                soft = heat_maps.span(word.start, word.end).soft()
                masks = [binarize(soft, threshold) for threshold in THRESHOLDS]
                own.append([overlap(mask, word.mask).iou for mask in masks])
                rest = [mate for mate in objects if mate is not word]
                if len(rest) == 1:
                    other.append([overlap(mask, rest[0].mask).iou for mask in masks])
                else:
                    other.append([np.nan] * len(masks))
                whole.append(word.mask.mean())
                owner.append(number)
    return MapScores(*(np.array(values, dtype=float) for values in (own, other, whole, owner)))


def interval(
    values: np.ndarray, scenes: np.ndarray, relative_to: np.ndarray | None = None
) -> tuple[float, float]:
    """95 % of the mean of `values` (words,), or of its ratio to the mean of `relative_to`, by bootstrap over
    scenes; words of which either is NaN are left out."""
    rng = np.random.default_rng(0)
    kept = ~np.isnan(values) if relative_to is None else ~np.isnan(values + relative_to)
    base = np.ones(len(values)) if relative_to is None else relative_to
    _, scene_of = np.unique(scenes[kept], return_inverse=True)
    sums, bases = np.bincount(scene_of, values[kept]), np.bincount(scene_of, base[kept])
    drawn = rng.integers(len(sums), size=(RESAMPLES, len(sums)))
    with np.errstate(divide="ignore"):  # a resample without any overlap: infinitely many times
        means = sums[drawn].sum(axis=1) / bases[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5], method="inverted_cdf")
    return float(low), float(high)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--checkpoint", default=str(CHECKPOINT))
    options = parser.parse_args()
    pipeline = load_pipeline(options.checkpoint, dtype="float32").pipeline
    scenes = held_out_scenes(options.scenes)
    scores = score_maps(pipeline, scenes)
    print(f"{len(scores.whole)} object words in {options.scenes} scenes; mean IoU by threshold")
    for number, threshold in enumerate(THRESHOLDS):
        own, other = scores.own[:, number], scores.other[:, number]
        print(
            f"  τ {threshold:.2f}   own object {own.mean():.3f} [{_pair(interval(own, scores.scene))}]   "
            f"other object {np.nanmean(other):.3f} [{_pair(interval(other, scores.scene))}]"
        )
    best, whole = scores.best, scores.whole.mean()
    print(f"  whole image          {whole:.3f} [{_pair(interval(scores.whole, scores.scene))}]")
    own, other = scores.own[:, best], scores.other[:, best]
    two = ~np.isnan(other)
    times_whole = own.mean() / whole
    times_other = own[two].mean() / other[two].mean()
    rows = (
        ("IoU with its own object", own.mean(), interval(own, scores.scene), LEAST_IOU),
        (
            "… times the whole image's",
            times_whole,
            interval(own, scores.scene, scores.whole),
            LEAST_TIMES_WHOLE,
        ),
        ("… times the other object's", times_other, interval(own, scores.scene, other), LEAST_TIMES_OTHER),
    )
    print(f"best τ {THRESHOLDS[best]:.2f}")
    for name, value, limits, bar in rows:
        outcome = "reached" if value >= bar else "missed"
        print(f"  {name:<27} {value:.3f} [{_pair(limits)}] (bar {bar}: {outcome})")
    elsewhere = [number for number, drawn in enumerate(scenes) if order_tells_no_side(drawn)]
    turned = two & np.isin(scores.scene, elsewhere)
    print(
        f"  {turned.sum()} words of objects to the right of, above or below another: "
        f"own object {own[turned].mean():.3f}, other object {other[turned].mean():.3f}"
    )
    return 0 if all(value >= bar for _, value, _, bar in rows) else 1


def _pair(limits: tuple[float, float]) -> str:
    return f"{limits[0]:.3f}, {limits[1]:.3f}"


if __name__ == "__main__":
    sys.exit(main())
