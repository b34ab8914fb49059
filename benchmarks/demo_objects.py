"""How often the demo checkpoint draws both objects of "a cat and a car", as the object finder sees it.

    python -m benchmarks.demo_objects [--images 200] [--sheet sheet.png] [--checkpoint FOLDER]

Half of the prompts are pairs of cohyponyms, as in section 5.1 of the paper, the others are not. First the
finder itself: what it finds in scenes that were drawn, not generated, once the autoencoder has encoded and
decoded them, since nothing generated can be better; and in the same scenes blurred to spots. Intervals: 95 %,
Wilson.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.demo_maps import CHECKPOINT
from evaluation.statistics.intervals import wilson
from generation.daam.checkpoints import load_pipeline
from generation.demo.object_finder import THRESHOLD, find_objects
from generation.demo.scenes import SIZE, Scene, scene
from generation.prompts.cohyponyms import NounPair, build_pairs, load_ontology

SEED = 998  # of prompts, noise and scenes; training draws from others
BATCH = 10
LEAST_SHARE = 0.6  # of pairs that are no cohyponyms: the bar


def plain_pairs(count: int) -> list[Scene]:
    """Scenes of two objects of which the caption says nothing more."""
    rng, scenes = np.random.default_rng(SEED), []
    while len(scenes) < count:
        drawn = scene(rng)
        if [word.role for word in drawn.words if word.role != "other"] in (
            ["object", "object"],
            ["object", "object", "ground"],
        ):
            scenes.append(drawn)
    return scenes


def through_autoencoder(pipeline: Any, scenes: Sequence[Scene]) -> list[np.ndarray]:
    """Encoded and decoded: uint8 (SIZE, SIZE, 3) each."""
    import torch

    images = []
    with torch.inference_mode():
        for drawn in scenes:
            pixels = pipeline.image_processor.preprocess(Image.fromarray(drawn.image))
            latents = pipeline.vae.encode(pixels.to(pipeline.vae.dtype)).latent_dist.mode()
            decoded = pipeline.vae.decode(latents).sample
            images += pipeline.image_processor.postprocess(decoded, output_type="pil")
    return [np.asarray(image) for image in images]


def blurred(image: np.ndarray) -> np.ndarray:
    """Spots of the right colours in the right places: uint8 (SIZE, SIZE, 3)."""
    small = Image.fromarray(image).resize((SIZE // 32, SIZE // 32), Image.Resampling.BOX)
    return np.asarray(small.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def generate(
    pipeline: Any, prompts: Sequence[str], *, steps: int, guidance_scale: float, seed: int = SEED
) -> list[np.ndarray]:
    """One image per prompt, each with a seed of its own."""
    import torch

    images = []
    for first in range(0, len(prompts), BATCH):
        batch = list(prompts[first : first + BATCH])
        generators = [
            torch.Generator().manual_seed(seed * 1000 + first + number) for number in range(len(batch))
        ]
        images += pipeline(
            batch, num_inference_steps=steps, guidance_scale=guidance_scale, generator=generators
        ).images
    return [np.asarray(image) for image in images]


def both_found(image: np.ndarray, first: str, second: str) -> bool:
    return {first, second} <= {found.name for found in find_objects(image)}


def share(successes: int, total: int) -> str:
    limits = wilson(successes, total)
    if limits is None:
        return "no such pairs"
    return f"{successes} of {total}, {successes / total:.3f} [{limits[0]:.3f}, {limits[1]:.3f}]"


def write_sheet(images: Sequence[np.ndarray], file: Path, columns: int = 5) -> None:
    """The images in rows, for a person to look at; in the order of the printed prompts."""
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (SIZE + 4), rows * (SIZE + 4)), "white")
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        sheet.paste(Image.fromarray(image), (column * (SIZE + 4), row * (SIZE + 4)))
    sheet.save(file)


def check_finder(pipeline: Any, count: int) -> None:
    scenes = plain_pairs(count)
    decoded = through_autoencoder(pipeline, scenes)
    spots = [blurred(drawn.image) for drawn in scenes]
    print(f"the finder, likeness {THRESHOLD} or more, in {count} drawn scenes of two objects:")
    for name, images in (("decoded again", decoded), ("blurred to spots", spots)):
        found = wrong = 0
        for drawn, image in zip(scenes, images, strict=True):
            there = {word.object_name for word in drawn.words if word.role == "object"}
            seen = {one.name for one in find_objects(image)}
            found, wrong = found + len(there & seen), wrong + len(seen - there)
        print(f"  {name:<17} finds {share(found, 2 * count)} of the objects, and {wrong} that are not there")


def check_checkpoint(pipeline: Any, pairs: Sequence[NounPair], images: Sequence[np.ndarray]) -> bool:
    """Print what was found, and whether the bar was reached."""
    found = [both_found(image, pair.first, pair.second) for pair, image in zip(pairs, images, strict=True)]
    kinds = {kind: [] for kind in (False, True)}
    for pair, both in zip(pairs, found, strict=True):
        kinds[pair.cohyponyms].append(both)
    print(f"both objects found in generated images ({len(images)}):")
    print(f"  other pairs   {share(sum(kinds[False]), len(kinds[False]))} (bar {LEAST_SHARE})")
    print(f"  cohyponyms    {share(sum(kinds[True]), len(kinds[True]))}")
    return bool(kinds[False]) and float(np.mean(kinds[False])) >= LEAST_SHARE


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance-scale", type=float, default=5.0)
    parser.add_argument("--checkpoint", default=str(CHECKPOINT))
    parser.add_argument("--sheet", type=Path, help="where to write the first images, as one picture")
    options = parser.parse_args()
    pipeline = load_pipeline(options.checkpoint, dtype="float32").pipeline
    check_finder(pipeline, options.images // 2)
    pairs = build_pairs(load_ontology(), count=options.images, rng=np.random.default_rng(SEED))
    texts = [pair.text for pair in pairs]
    images = generate(pipeline, texts, steps=options.steps, guidance_scale=options.guidance_scale)
    if options.sheet:
        write_sheet(images[:20], options.sheet)
        for pair, image in zip(pairs[:20], images[:20], strict=True):
            seen = ", ".join(f"{found.name} {found.likeness:.2f}" for found in find_objects(image))
            print(f"  {pair.text}: {seen or 'nothing found'}")
    return 0 if check_checkpoint(pipeline, pairs, images) else 1


if __name__ == "__main__":
    sys.exit(main())
