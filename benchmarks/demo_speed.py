"""How long the demo checkpoint takes on one CPU core: to load, and for one image with all its heat maps.

    python -m benchmarks.demo_speed [--checkpoint generation/demo/checkpoint] [--steps 30]

Loading counts from a process in which torch, diffusers and the engine are imported; importing them is printed
too. An image is timed with the soft maps of all its words, by default at the site's default number of steps
and guidance: median of five after a first one.
"""

import argparse
import statistics
import sys
import time

CAPTION = "two red apples and a small cat on the grass"
IMAGES = 5
MOST_SECONDS = 5.0  # the bar of each


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", default="generation/demo/checkpoint")
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()

    began = time.perf_counter()
    import torch
    from diffusers import StableDiffusionPipeline  # noqa: F401 - imported when it is first named

    from generation.daam import trace
    from generation.daam.checkpoints import load_pipeline

    importing = time.perf_counter() - began
    torch.set_num_threads(1)

    began = time.perf_counter()
    pipeline = load_pipeline(options.checkpoint, device="cpu", dtype="float32").pipeline
    loading = time.perf_counter() - began

    seconds = []
    for _ in range(IMAGES + 1):
        began = time.perf_counter()
        with trace(pipeline) as tracer:
            pipeline(CAPTION, num_inference_steps=options.steps)
        for word in CAPTION.split():
            tracer.heat_maps[0].word(word).soft()
        seconds.append(time.perf_counter() - began)
    image = statistics.median(seconds[1:])

    print(f"importing {importing:.2f} s")
    for name, value in (
        ("loading", loading),
        (f"an image of {options.steps} steps with all its maps", image),
    ):
        outcome = "reached" if value <= MOST_SECONDS else "missed"
        print(f"{name} {value:.2f} s (bar {MOST_SECONDS}: {outcome})")
    return 0 if max(loading, image) <= MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
