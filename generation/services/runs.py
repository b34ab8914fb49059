"""Make generation runs and try failed generations again."""

import math
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from daamweb.names import name_problem
from daamweb.projects.models import Action
from daamweb.projects.selectors import is_archived
from daamweb.projects.services.events import Actor, record
from daamweb.work.slices import stored_slice
from generation.errors import RunError
from generation.models import Checkpoint, Generation, GenerationRun, Prompt, PromptSet
from generation.services.checkpoints import find_or_create_checkpoint, lock_checkpoint

MAX_SEED = 2**63 - 1
WRITTEN_AT_ONCE = 500


@transaction.atomic
def create_run(
    *,
    name: str,
    prompt_set: PromptSet,
    checkpoint: Checkpoint,
    seeds: Sequence[int] = (0,),
    vary_seeds: bool | None = None,
    num_inference_steps: int = 30,
    guidance_scale: float = 7.5,
    scheduler: str = GenerationRun.Scheduler.DPM_SOLVER,
    batch_size: int = 1,
    by: Actor = None,
) -> GenerationRun:
    """Write down a run, in the prompt set's project, and one queued generation per prompt and seed: here the
    first of them, the rest in `write_images`. The run keeps what the checkpoint is by now.

    With `vary_seeds` every prompt gets seeds of its own: the run's, moved on by the prompt's position times
    the seeds' spread, so that no seed comes twice. None varies the seeds if the set repeats a text, as those
    of sampled words and of pairs do: one seed would draw the same image for every repetition, and it would
    count several times. Raises RunError.
    """
    _check_seeds(seeds)
    if not math.isfinite(guidance_scale):
        raise RunError(f"The guidance scale has to be a number; it is {guidance_scale}.")
    if problem := name_problem(name):
        raise RunError(f"The run’s name: {problem}")
    project = prompt_set.project
    if is_archived(project):
        raise RunError(f"The project “{project}” is archived; restore it first.")
    prompts = _prompts_of(prompt_set)
    if vary_seeds is None:
        vary_seeds = prompts.values("text").distinct().count() < prompts.count()
    if max(seeds) + _step(seeds, vary_seeds) * prompts.latest("position").position > MAX_SEED:
        raise RunError(f"Varied by prompt, these seeds would go beyond {MAX_SEED}; choose smaller ones.")
    checkpoint = lock_checkpoint(checkpoint)
    run = GenerationRun(
        project=project,
        name=name,
        prompt_set=prompt_set,
        checkpoint=checkpoint,
        **checkpoint.kept(),
        seeds=list(seeds),
        vary_seeds=vary_seeds,
        num_inference_steps=num_inference_steps,
        guidance_scale=guidance_scale,
        scheduler=scheduler,
        batch_size=batch_size,
        images=prompts.count() * len(seeds),
    )
    _save(run)
    _write_slice(run)
    record(Action.MADE, subject=run, project=project, by=by, details={"images": run.images})
    return run


def write_images(*, run: GenerationRun) -> None:
    """The rest of the run's, in slices. Several workers may do so at once, and be killed."""
    while run.written < run.images and run.set_aside_at is None:
        with stored_slice():
            run.refresh_from_db(from_queryset=GenerationRun.objects.select_for_update(no_key=True))
            if not run.set_aside_at:
                _write_slice(run)


def _write_slice(run: GenerationRun) -> None:
    """Seed by seed of prompt by prompt, from where the last slice ended. The run's row is locked or new."""
    step, count = _step(run.seeds, run.vary_seeds), len(run.seeds)
    first, end = run.written, min(run.written + WRITTEN_AT_ONCE, run.images)
    prompts = run.prompt_set.prompts.order_by("position")[first // count : -(-end // count)]
    images = [
        Generation(run=run, prompt=prompt, seed=seed + step * prompt.position)
        for prompt in prompts
        for seed in run.seeds
    ]
    begun = first - first % count
    Generation.objects.bulk_create(images[first - begun : end - begun])
    run.written = end
    run.save(update_fields=["written"])


def _step(seeds: Sequence[int], vary_seeds: bool) -> int:
    return max(seeds) - min(seeds) + 1 if vary_seeds else 0


def _prompts_of(prompt_set: PromptSet) -> QuerySet[Prompt]:
    # Locked, so that nobody sets it aside to be erased meanwhile.
    locked = PromptSet.objects.select_for_update().get(pk=prompt_set.pk)
    if locked.parse_state in PromptSet.NOT_WHOLE:
        raise RunError(f"The prompt set {prompt_set.name!r} {locked.obstacle}.")
    if not prompt_set.prompts.exists():
        raise RunError(f"The prompt set {prompt_set.name!r} has no prompts.")
    return prompt_set.prompts.order_by()


def _check_seeds(seeds: Sequence[int]) -> None:
    if not seeds or len(set(seeds)) != len(seeds):
        raise RunError("A run needs at least one seed, and each only once.")
    if any(not 0 <= seed <= MAX_SEED for seed in seeds):
        raise RunError(f"Seeds are whole numbers from 0 to {MAX_SEED}.")


def _save(run: GenerationRun) -> None:
    try:
        run.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise RunError(" ".join(_messages(error))) from error
    taken = f"There is a run named {run.name!r} already; choose another name."
    if GenerationRun.objects.filter(project=run.project, name=run.name).exists():
        raise RunError(taken)
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError as error:
        raise RunError(taken) from error


@transaction.atomic
def create_run_by_source(*, checkpoint: str, by: Actor = None, **design: Any) -> GenerationRun:
    """As `create_run`, of a checkpoint by its name or source, known or not. What is refused leaves no
    checkpoint behind. Raises RunError."""
    found = find_or_create_checkpoint(name_or_source=checkpoint, by=by)
    return create_run(checkpoint=found, by=by, **design)


def _messages(error: ValidationError) -> list[str]:
    """One sentence per field, with the name that the form has for it."""
    labels = {field.name: str(field.verbose_name).capitalize() for field in GenerationRun._meta.fields}
    return [
        f"{labels[field]}: {message}"
        for field, messages in error.message_dict.items()
        for message in messages
    ]


def hold_run(run: GenerationRun) -> None:
    """Until the transaction ends nobody sets it aside. Raises RunError for one that is not whole."""
    locked = GenerationRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if locked.obstacle:
        raise RunError(f"The run “{locked}” {locked.obstacle}.")


def retry_failed(*, run: GenerationRun, by: Actor = None) -> int:
    """Queue the run's failed and cancelled generations again; return how many. Raises RunError."""
    run.refresh_from_db(fields=["set_aside_at"])
    if run.set_aside_at is not None:
        raise RunError(f"The run “{run}” {run.obstacle}.")
    images: int = run.generations.requeue_ended()
    if images:
        record(Action.RETRIED, subject=run, project=run.project, by=by, details={"images": images})
    return images


def cancel_waiting(*, run: GenerationRun, by: Actor = None) -> int:
    """Make no more of the run's images: those that wait are cancelled, those that workers have begun are
    finished. Return how many were cancelled. Raises RunError."""
    with transaction.atomic():
        hold_run(run)
    images: int = run.generations.cancel_waiting()
    if images:
        record(Action.CANCELLED, subject=run, project=run.project, by=by, details={"images": images})
    return images
