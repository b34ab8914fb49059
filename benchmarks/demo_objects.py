"""How often the demo checkpoint draws both objects of "a cat and a car", as the object finder sees it.

    python -m benchmarks.demo_objects [--images 200] [--sheet sheet.png] [--checkpoint FOLDER]

Half of the prompts are pairs of cohyponyms, as in section 5.1 of the paper, the others are not. First the
finder itself: what it finds in scenes that were drawn, not generated, once the autoencoder has encoded and
decoded them, since nothing generated can be better; and in the same scenes blurred to spots. Last the heat
maps of the generated images: how often a noun's map (Eq. 6) is highest where its object was found, and how
often where the other one was. Intervals: 95 %, Wilson.
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
from generation.daam import GlobalHeatMap, trace
from generation.daam.checkpoints import load_pipeline
from generation.demo.object_finder import THRESHOLD, FoundObject, find_objects
from generation.demo.scenes import SIZE, Scene, scene
from generation.prompts.cohyponyms import NounPair, build_pairs, load_ontology

SEED = 997  # of prompts, noise and scenes; not of training, nor of the scenes by which THRESHOLD was chosen
BATCH = 10
LEAST_SHARE = 0.6  # of pairs that are no cohyponyms: the bar


def plain_pairs(count: int, seed: int = SEED) -> list[Scene]:
    """Scenes of two objects of which the caption says nothing more."""
    rng, scenes = np.random.default_rng(seed), []
    while len(scenes) < count:
        drawn = scene(rng)
        if [word.role for word in drawn.words if word.role not in ("other", "ground")] == ["object"] * 2:
            scenes.append(drawn)
    return scenes


def names(drawn: Scene) -> set[str]:
    return {word.object_name for word in drawn.words if word.role == "object"}


def through_autoencoder(pipeline: Any, scenes: Sequence[Scene]) -> list[np.ndarray]:
    """Encoded and decoded: uint8 (SIZE, SIZE, 3) each."""
    import torch

    images = []
    with torch.inference_mode():
        for drawn in scenes:
            pixels = pipeline.image_processor.preprocess(Image.fromarray(drawn.image))
            latents = pipeline.vae.encode(pixels.to(pipeline.device, pipeline.vae.dtype)).latent_dist.mode()
            images += pipeline.image_processor.postprocess(
                pipeline.vae.decode(latents).sample, output_type="pil"
            )
    return [np.asarray(image) for image in images]


def blurred(image: np.ndarray) -> np.ndarray:
    """Spots of the right colours in the right places: uint8 (SIZE, SIZE, 3)."""
    small = Image.fromarray(image).resize((SIZE // 32, SIZE // 32), Image.Resampling.BOX)
    return np.asarray(small.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def generate(
    pipeline: Any, prompts: Sequence[str], *, steps: int, guidance_scale: float, seed: int = SEED
) -> tuple[list[np.ndarray], list[GlobalHeatMap]]:
    """One image per prompt, each with a seed of its own, and its heat maps."""
    import torch

    images, heat_maps = [], []
    for first in range(0, len(prompts), BATCH):
        batch = list(prompts[first : first + BATCH])
        generators = [
            torch.Generator().manual_seed(seed * 1000 + first + number) for number in range(len(batch))
        ]
        with trace(pipeline) as tracer:
            images += pipeline(
                batch, num_inference_steps=steps, guidance_scale=guidance_scale, generator=generators
            ).images
        heat_maps += tracer.heat_maps
    return [np.asarray(image) for image in images], heat_maps


def both_found(found: Sequence[FoundObject], pair: NounPair) -> bool:
    return {pair.first, pair.second} <= {one.name for one in found}


def highest_at(heat_map: np.ndarray, one: FoundObject) -> bool:
    """Whether the map (height, width) is highest within the square around an object."""
    y, x = np.unravel_index(int(heat_map.argmax()), heat_map.shape)
    return max(abs(x - one.x), abs(y - one.y)) <= one.length / 2


def share(successes: int, total: int) -> str:
    limits = wilson(successes, total)
    if limits is None:
        return "none to count"
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
    print(f"the finder, likeness {THRESHOLD} or more, in {count} drawn scenes of two objects:")
    for kind, images in (
        ("decoded again", through_autoencoder(pipeline, scenes)),
        ("blurred to spots", [blurred(drawn.image) for drawn in scenes]),
    ):
        seen = [{one.name for one in find_objects(image)} for image in images]
        both = sum(names(drawn) <= found for drawn, found in zip(scenes, seen, strict=True))
        wrong = sum(len(found - names(drawn)) for drawn, found in zip(scenes, seen, strict=True))
        print(f"  {kind:<17} both found {share(both, count)}; {wrong} found that are not there")


def check_images(pairs: Sequence[NounPair], found: Sequence[Sequence[FoundObject]]) -> bool:
    """Print how often both objects were found, and whether the bar was reached."""
    both: dict[bool, list[bool]] = {False: [], True: []}
    for pair, seen in zip(pairs, found, strict=True):
        both[pair.cohyponyms].append(both_found(seen, pair))
    reached = bool(both[False]) and float(np.mean(both[False])) >= LEAST_SHARE
    print(f"both objects found in {len(pairs)} generated images:")
    print(
        f"  other pairs   {share(sum(both[False]), len(both[False]))} "
        f"(bar {LEAST_SHARE}: {'reached' if reached else 'missed'})"
    )
    print(f"  cohyponyms    {share(sum(both[True]), len(both[True]))}")
    return reached


def check_maps(
    pairs: Sequence[NounPair],
    found: Sequence[Sequence[FoundObject]],
    heat_maps: Sequence[GlobalHeatMap],
) -> None:
    own = other = total = 0
    for pair, seen, maps in zip(pairs, found, heat_maps, strict=True):
        places = {one.name: one for one in reversed(seen)}
        if not both_found(seen, pair):
            continue
        for noun, mate in ((pair.first, pair.second), (pair.second, pair.first)):
            soft = maps.word(noun).soft()
            own += highest_at(soft, places[noun])
            other += highest_at(soft, places[mate])
            total += 1
    print("where both were found, a noun's heat map is highest")
    print(f"  at its object      {share(own, total)}")
    print(f"  at the other one   {share(other, total)}")


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
    images, heat_maps = generate(
        pipeline,
        [pair.text for pair in pairs],
        steps=options.steps,
        guidance_scale=options.guidance_scale,
    )
    found = [find_objects(image) for image in images]
    if options.sheet:
        write_sheet(images[:20], options.sheet)
        for pair, seen in zip(pairs[:20], found[:20], strict=True):
            listed = ", ".join(f"{one.name} {one.likeness:.2f}" for one in seen)
            print(f"  {pair.text}: {listed or 'nothing found'}")
    reached = check_images(pairs, found)
    check_maps(pairs, found, heat_maps)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
