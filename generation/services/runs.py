"""Make generation runs and try failed generations again."""

import math
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from daamweb.names import name_problem
from daamweb.projects.models import Action
from daamweb.projects.selectors import is_archived
from daamweb.projects.services.events import Actor, record
from generation.errors import RunError
from generation.models import Checkpoint, Generation, GenerationRun, Prompt, PromptSet
from generation.services.checkpoints import find_or_create_checkpoint, lock_checkpoint

MAX_SEED = 2**63 - 1


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
    """Write down a run, in the prompt set's project, and one queued generation per prompt and seed. The run
    keeps what the checkpoint is by now.

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
        vary_seeds = len({prompt.text for prompt in prompts}) < len(prompts)
    step = max(seeds) - min(seeds) + 1 if vary_seeds else 0
    if max(seeds) + step * prompts[-1].position > MAX_SEED:
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
    )
    _save(run)
    images = [
        Generation(run=run, prompt=prompt, seed=seed + step * prompt.position)
        for prompt in prompts
        for seed in seeds
    ]
    Generation.objects.bulk_create(images, batch_size=500)
    record(Action.MADE, subject=run, project=project, by=by, details={"images": len(images)})
    return run


def _prompts_of(prompt_set: PromptSet) -> list[Prompt]:
    # Locked, so that nobody sets it aside to be erased meanwhile.
    locked = PromptSet.objects.select_for_update().get(pk=prompt_set.pk)
    if locked.parse_state in PromptSet.NOT_WHOLE:
        raise RunError(f"The prompt set {prompt_set.name!r} {locked.obstacle}.")
    prompts = list(prompt_set.prompts.order_by("position"))
    if not prompts:
        raise RunError(f"The prompt set {prompt_set.name!r} has no prompts.")
    return prompts


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


@transaction.atomic
def retry_failed(*, run: GenerationRun, by: Actor = None) -> int:
    """Queue the run's failed and cancelled generations again; return how many."""
    images: int = run.generations.requeue_ended()
    if images:
        record(Action.RETRIED, subject=run, project=run.project, by=by, details={"images": images})
    return images


@transaction.atomic
def cancel_waiting(*, run: GenerationRun, by: Actor = None) -> int:
    """Make no more of the run's images: those that wait are cancelled, those that workers have begun are
    finished. Return how many were cancelled."""
    images: int = run.generations.cancel_waiting()
    if images:
        record(Action.CANCELLED, subject=run, project=run.project, by=by, details={"images": images})
    return images
