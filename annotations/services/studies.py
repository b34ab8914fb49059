"""Build, open, pause and close studies. An open study is frozen: its plan is hashed when it opens."""

import hashlib
import json
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from annotations.errors import StudyError
from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Study, Task
from generation.models import Generation, GenerationRun

# How the answers of each kind will be analysed. Part of the frozen plan, so that it stands before the first answer.
ANALYSIS_PLANS: dict[str, dict[str, Any]] = {
    "attribution": {"confidence": 0.95, "min_valid": 2, "exclude_failed_checks": False},
    "object_presence": {"confidence": 0.95, "present_objects": 2},
}


@transaction.atomic
def build_study(
    *,
    kind: str,
    name: str,
    run: GenerationRun,
    title: str = "",
    consent: str = "",
    instructions: str = "",
    replicas: int = 3,
    share_cap: float | None = None,
    lease_minutes: int = 30,
    options: dict[str, Any] | None = None,
    seed: int = 0,
    allow_unfinished: bool = False,
) -> Study:
    """Make a draft study of a run's finished images; tasks are shuffled by `seed`. Raises StudyError.

    Images that failed or are not made yet are left out only if `allow_unfinished`.
    """
    try:
        recipe = get_kind(kind)
    except KeyError as error:
        raise StudyError(error.args[0]) from error
    unfinished = run.generations.exclude(state=Generation.State.SUCCEEDED).count()
    if unfinished and not allow_unfinished:
        raise StudyError(
            f"{unfinished} of {run.generations.count()} images of {run.name!r} are not finished. Wait for them or retry "
            "the failed ones; or allow a study without them."
        )
    cleaned_options = recipe.clean_options(options or {})
    generations = list(
        run.generations.filter(state=Generation.State.SUCCEEDED)
        .select_related("prompt")
        .prefetch_related("prompt__words")
        .order_by("prompt__position", "seed")
    )
    drafts = recipe.draft_tasks(generations, cleaned_options)
    study = _create_study(
        name=name,
        kind=kind,
        run=run,
        title=title or recipe.title,
        consent=consent or recipe.consent,
        instructions=instructions or recipe.instructions,
        replicas=replicas,
        share_cap=share_cap,
        lease_minutes=lease_minutes,
        options=cleaned_options,
        left_out=list(drafts.left_out),
    )
    order = np.random.default_rng(seed).permutation(len(drafts))
    Task.objects.bulk_create(
        [
            Task(
                study=study,
                position=position,
                generation=drafts[index].generation,
                word=drafts[index].word,
                is_attention_check=drafts[index].is_attention_check,
                payload=drafts[index].payload,
            )
            for position, index in enumerate(order)
        ],
        batch_size=500,
    )
    return study


def _create_study(**fields) -> Study:
    study = Study(**fields)
    try:
        study.full_clean()
    except ValidationError as error:
        raise StudyError(
            "; ".join(f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())
        ) from error
    try:
        with transaction.atomic():
            study.save()
    except IntegrityError as error:
        raise StudyError(f"There is a study named {fields['name']!r} already.") from error
    return study


@transaction.atomic
def open_study(*, study: Study) -> Study:
    """Freeze the plan, make the places (task × replica) and let annotators in. Raises StudyError.

    Opening a paused or closed study again lets annotators in again under the plan that was frozen first.
    """
    if study.state in (Study.State.PAUSED, Study.State.CLOSED):
        if not study.mark_resumed():
            raise StudyError(f"{study.name!r} was changed by someone else in the meantime; look again.")
        return study
    tasks = list(study.tasks.select_related("generation").order_by("position"))
    if not tasks:
        raise StudyError(f"{study.name!r} has no tasks, so there is nothing to rate.")
    plan = study_plan(study, tasks)
    if not study.mark_open(plan=plan, plan_sha256=plan_hash(plan)):
        raise StudyError(f"{study.name!r} is {study.get_state_display()}; only a draft can be opened.")
    Assignment.objects.bulk_create(
        [
            Assignment(study=study, task=task, replica=replica)
            for task in tasks
            for replica in range(study.replicas)
        ],
        batch_size=500,
    )
    return study


def study_plan(study: Study, tasks: list[Task]) -> dict[str, Any]:
    """What is frozen: texts, settings, the analysis, and every task with the hashes of its picture and heat maps."""
    return {
        "name": study.name,
        "kind": study.kind,
        "title": study.title,
        "consent": study.consent,
        "instructions": study.instructions,
        "replicas": study.replicas,
        "share_cap": study.share_cap,
        "options": study.options,
        "left_out": study.left_out,
        "analysis": ANALYSIS_PLANS[study.kind],
        "tasks": [
            {
                "position": task.position,
                "payload": task.payload,
                "attention_check": task.is_attention_check,
                "image_sha256": task.generation.image_sha256,
                "heat_maps_sha256": task.generation.heat_maps_sha256,
                "checkpoint_revision": task.generation.checkpoint_revision,
                "seed": task.generation.seed,
            }
            for task in tasks
        ],
    }


def plan_hash(plan: dict[str, Any]) -> str:
    """SHA-256 of the plan as canonical JSON."""
    return hashlib.sha256(
        json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def pause_study(*, study: Study) -> Study:
    """Give out no new places; answers to places already taken are still accepted. Raises StudyError."""
    if not study.mark_paused():
        raise StudyError(f"{study.name!r} is {study.get_state_display()}; only an open study can be paused.")
    return study


def close_study(*, study: Study) -> Study:
    """Take no more answers. Raises StudyError."""
    if not study.mark_closed():
        raise StudyError(f"{study.name!r} is {study.get_state_display()}; only an open or paused study can be closed.")
    return study
