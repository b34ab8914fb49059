"""How long the demo checkpoint takes on one CPU core: to load, and for one image with all its heat maps.

    python -m benchmarks.demo_speed [--checkpoint generation/demo/checkpoint] [--steps 30]

Loading is timed twice: the first time, when the libraries have to be imported too, and again. An image is
timed with the soft maps of all its words, at the site's default number of steps and guidance: median of five
after a first one.
"""

import argparse
import statistics
import sys
import time
from typing import Any

from benchmarks.demo_maps import CHECKPOINT
from generation.daam import checkpoints, trace

CAPTION = "two red apples and a small cat on the grass"
IMAGES = 5
MOST_SECONDS = 5.0  # the bar of each


def seconds_to_load(source: str) -> tuple[float, Any]:
    checkpoints._cached = None  # as in a fresh process
    began = time.perf_counter()
    pipeline = checkpoints.load_pipeline(source, device="cpu", dtype="float32").pipeline
    return time.perf_counter() - began, pipeline


def seconds_per_image(pipeline: Any, steps: int) -> float:
    seconds = []
    for _ in range(IMAGES + 1):
        began = time.perf_counter()
        with trace(pipeline) as tracer:
            pipeline(CAPTION, num_inference_steps=steps)
        for word in CAPTION.split():
            tracer.heat_maps[0].word(word).soft()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", default=str(CHECKPOINT))
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    first, _ = seconds_to_load(options.checkpoint)
    again, pipeline = seconds_to_load(options.checkpoint)
    image = seconds_per_image(pipeline, options.steps)
    print(f"loading: {first:.2f} s with the libraries, {again:.2f} s without (bar {MOST_SECONDS})")
    print(f"an image of {options.steps} steps with all its maps: {image:.2f} s (bar {MOST_SECONDS})")
    return 0 if max(again, image) <= MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
