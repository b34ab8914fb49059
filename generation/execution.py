"""A batch end to end, in the worker: claim, generate with the engine, store.

The only place that touches torch.
"""

import logging
import platform
import time
import uuid
from collections.abc import Sequence
from importlib.metadata import version
from io import BytesIO

import torch
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from diffusers import DiffusionPipeline
from diffusers.utils.logging import disable_progress_bar
from django.conf import settings

from daamweb import CODE_VERSION
from generation.daam import trace
from generation.daam.checkpoints import CheckpointError, LoadedCheckpoint, load_pipeline
from generation.models import Checkpoint, Generation, GenerationRun
from generation.services.generations import (
    GenerationResult,
    claim_generations,
    fail_claimable,
    finish_generation,
    renew_leases,
)
from generation.services.runs import mark_poked

logger = logging.getLogger(__name__)
disable_progress_bar()  # a bar per checkpoint is noise in a worker's log

# What diffusers, torch and the engine raise when an image cannot be made (CUDA out of memory is a
# RuntimeError).
GENERATION_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    OSError,
    MemoryError,
)
# What a local folder and S3 raise when a file cannot be stored.
STORAGE_ERRORS = (OSError, BotoCoreError, ClientError, Boto3Error)


def execute_batch(run: GenerationRun) -> int:
    """Make one batch of the run's images; return how many generations were dealt with (0: nothing was left).

    A checkpoint that cannot be loaded fails everything that waits: each of the images would meet the same
    error.
    """
    if not run.generations.claimable().exists():
        return 0
    try:
        loaded = load_pipeline(
            _source(run.checkpoint),
            revision=run.checkpoint.revision or None,
            scheduler=run.scheduler,
            dtype=run.checkpoint.data_type,
        )
    except (CheckpointError, *GENERATION_ERRORS) as error:
        logger.exception("Checkpoint %s could not be loaded.", run.checkpoint)
        return fail_claimable(
            run=run, error=f"The checkpoint {run.checkpoint.name!r} could not be loaded. {error}"
        )
    # Claimed only now: a download may take longer than a lease.
    claim, generations = claim_generations(run=run, limit=run.batch_size)
    if generations:
        _generate(run, loaded, claim, generations)
    return len(generations)


def _source(checkpoint: Checkpoint) -> str:
    """A relative path is one in the project's folder, wherever this worker has it and was started."""
    folder = settings.BASE_DIR / checkpoint.source
    return str(folder) if checkpoint.source and folder.is_dir() else checkpoint.source


def _generate(
    run: GenerationRun, loaded: LoadedCheckpoint, claim: uuid.UUID, generations: Sequence[Generation]
) -> None:
    try:
        results = make_images(run, loaded, generations, on_step=_heartbeat(run, claim))
    except GENERATION_ERRORS as error:
        if len(generations) == 1:
            logger.exception("Generation %s failed.", generations[0].pk)
            generations[0].mark_failed(claim, f"{type(error).__name__}: {error}")
            return
        logger.warning("A batch of %d failed (%s); trying its images one by one.", len(generations), error)
        results = None
    if results is None:
        # One bad prompt, or a batch too large for the memory, must not take the others with it. Tried again
        # only here, since inside `except` the error keeps the failed batch in the GPU's memory.
        for generation in generations:
            _generate(run, loaded, claim, [generation])
        return
    for generation, result in zip(generations, results, strict=True):
        try:
            kept = finish_generation(generation=generation, claim=claim, result=result)
        except STORAGE_ERRORS as error:
            logger.exception("The files of generation %s could not be stored.", generation.pk)
            generation.mark_failed(claim, f"The files could not be stored: {error}")
            continue
        if not kept:
            logger.warning(
                "Generation %s was taken over by another worker; its result was dropped.", generation.pk
            )


def make_images(
    run: GenerationRun, loaded: LoadedCheckpoint, generations: Sequence[Generation], on_step=None
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
            callback_on_step_end=on_step,
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


def _heartbeat(run: GenerationRun, claim: uuid.UUID):
    """A callback for the pipeline that, a few times per lease, renews the leases and tells the sweep that
    somebody is at the run."""
    last = time.monotonic()

    def on_step(pipeline, step, timestep, callback_kwargs):
        nonlocal last
        if time.monotonic() - last > settings.GENERATION_LEASE.total_seconds() / 4:
            renew_leases(claim=claim)
            mark_poked(run=run)
            last = time.monotonic()
        return callback_kwargs

    return on_step


def _versions(pipeline: DiffusionPipeline) -> dict[str, str]:
    device = pipeline.device
    return {
        "daamweb": CODE_VERSION,
        **{name: version(name) for name in ("torch", "diffusers", "transformers", "numpy")},
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "pipeline": type(pipeline).__name__,
    }
