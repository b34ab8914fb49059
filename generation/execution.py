"""A batch end to end, in the worker: claim, generate with the engine, store.

The only place that touches torch.
"""

import logging
import platform
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from io import BytesIO

import torch
from diffusers import DiffusionPipeline
from diffusers.utils.logging import disable_progress_bar

from daamweb import CODE_VERSION
from daamweb.work.attempts import recorded
from daamweb.work.heartbeats import kept
from generation.daam import trace
from generation.daam.checkpoint_folders import CheckpointError
from generation.daam.checkpoints import LoadedCheckpoint, load_pipeline
from generation.errors import CheckpointRefusedError
from generation.models import Generation, GenerationRun
from generation.services.checkpoint_sources import checkpoint_folder
from generation.services.generations import (
    GenerationResult,
    claim_generations,
    fail_claimable,
    finish_generation,
)
from generation.services.runs import write_images
from generation.services.storage import storage_errors

logger = logging.getLogger(__name__)
disable_progress_bar()  # a bar per checkpoint is noise in a worker's log


def execute_batch(run: GenerationRun) -> int:
    """Make one batch of the run's images; return how many generations were dealt with (0: nothing was left).

    They are claimed before the checkpoint is loaded, so that a worker that it takes down is counted. A
    checkpoint that cannot be loaded fails everything that waits: each of the images would meet the same
    error.
    """
    write_images(run=run)
    batch = claim_generations(run=run, limit=run.batch_size)
    if not batch:
        return 0
    dealt_with = len(batch)

    def fail(error: str) -> None:
        nonlocal dealt_with
        reason = f"The checkpoint {run.checkpoint_name!r} could not be loaded. {error}"
        batch.fail(reason)
        dealt_with += fail_claimable(run=run, error=reason)

    with kept(batch):  # a download may take longer than a lease, and so may a batch
        loaded = _load(run, fail)
        if loaded is not None and batch.mark_loaded(loaded.revision):
            _generate(run, loaded, batch.generations)
    return dealt_with


def _load(run: GenerationRun, fail: Callable[[str], None]) -> LoadedCheckpoint | None:
    """What the run says, whatever the checkpoint's row says by now. Its folder is looked at again each time:
    what was named may have been moved or linked elsewhere since."""
    with recorded(fail, f"Loading checkpoint {run.checkpoint_name}"):
        try:
            folder = checkpoint_folder(run.checkpoint_source)
            return load_pipeline(
                run.checkpoint_source if folder is None else str(folder),
                from_hub=folder is None,
                revision=run.checkpoint_revision or None,
                scheduler=run.scheduler,
                dtype=run.checkpoint_data_type,
            )
        except (CheckpointError, CheckpointRefusedError) as error:
            logger.exception("Checkpoint %s could not be loaded.", run.checkpoint_name)
            fail(str(error))
    return None


def _generate(run: GenerationRun, loaded: LoadedCheckpoint, generations: Sequence[Generation]) -> None:
    def fail(error: str) -> None:
        if len(generations) == 1:
            generations[0].fail(error)
        else:
            logger.warning("Trying %d images one by one.", len(generations))

    what = f"Generation {', '.join(str(generation.pk) for generation in generations)}"
    results: list[GenerationResult] = []
    with recorded(fail, what) as attempt:
        results = make_images(run, loaded, generations)
    if not attempt.error:
        _store(generations, results)
    elif len(generations) > 1:
        # One bad prompt, or a batch too large for the memory, must not take the others with it. Tried again
        # only here: inside `except` the error's traceback keeps the failed batch in the GPU's memory;
        # `recorded` has dropped it.
        for generation in generations:
            _generate(run, loaded, [generation])


def _store(generations: Sequence[Generation], results: Sequence[GenerationResult]) -> None:
    for generation, result in zip(generations, results, strict=True):
        try:
            kept = finish_generation(generation=generation, result=result)
        except storage_errors() as error:
            logger.exception("The files of generation %s could not be stored.", generation.pk)
            generation.fail(f"The files could not be stored: {error}")
            continue
        if not kept:
            logger.warning(
                "Generation %s was taken over by another worker; its result was dropped.", generation.pk
            )


def make_images(
    run: GenerationRun, loaded: LoadedCheckpoint, generations: Sequence[Generation]
) -> list[GenerationResult]:
    """Run the pipeline once for all the generations, traced.

    Each image has its own random generator, seeded on the CPU.
    """
    started = time.monotonic()
    pipeline: DiffusionPipeline = loaded.pipeline
    with trace(pipeline) as tracer:
        output = pipeline(
            [generation.prompt.text for generation in generations],
            num_inference_steps=run.num_inference_steps,
            guidance_scale=run.guidance_scale,
            generator=[torch.Generator("cpu").manual_seed(generation.seed) for generation in generations],
        )
    seconds = (time.monotonic() - started) / len(generations)
    results = []
    for image, heat_maps in zip(output.images, tracer.heat_maps, strict=True):
        image_file, heat_maps_file = BytesIO(), BytesIO()
        image.save(image_file, format="PNG")
        heat_maps.save(heat_maps_file)
        results.append(
            GenerationResult(
                image=image_file.getvalue(),
                heat_maps=heat_maps_file.getvalue(),
                width=image.width,
                height=image.height,
                checkpoint_revision=loaded.revision,
                versions=_versions(pipeline),
                seconds=seconds,
            )
        )
    return results


def _versions(pipeline: DiffusionPipeline) -> dict[str, str]:
    device = pipeline.device
    return {
        "daamweb": CODE_VERSION,
        **{name: version(name) for name in ("torch", "diffusers", "transformers", "numpy")},
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "pipeline": type(pipeline).__name__,
    }
