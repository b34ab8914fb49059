"""Build, open, pause and close studies. An open study is frozen: its plan is hashed when it opens."""

import math
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from annotations.errors import StudyError
from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Study, Task
from annotations.services.plans import plan_hash, study_plan
from generation.models import Generation, GenerationRun


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
    if seed < 0:
        raise StudyError(f"The seed of the tasks' order must not be negative, but is {seed}.")
    unfinished = run.generations.exclude(state=Generation.State.SUCCEEDED).count()
    if unfinished and not allow_unfinished:
        raise StudyError(
            f"{unfinished} of {run.generations.count()} images of {run.name!r} are not finished. Wait for "
            "them or retry the failed ones; or allow a study without them."
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
    if study.share_cap is not None and not math.isfinite(study.share_cap):
        # Validators only compare, and nothing compares with "not a number".
        raise StudyError(f"share_cap: {study.share_cap} is not a share; give a number from 0.001 to 1.")
    try:
        study.full_clean(validate_constraints=False)  # the validators say the same in better words
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

    Opening a paused study lets annotators in again under the plan that was frozen first. A closed study is
    final: when it closed is part of what is reported.
    """
    # What is frozen is what the database has, and nobody edits it while it is being frozen.
    study.refresh_from_db(from_queryset=Study.objects.select_for_update())
    if study.state == Study.State.CLOSED:
        raise _refusal(
            study,
            "a closed study is final and does not open again. Build another one of the same run to go on",
        )
    if study.state == Study.State.PAUSED:
        study.mark_resumed()
        return study
    plan = study_plan(study)
    if not plan["tasks"]:
        raise StudyError(f"{study.name!r} has no tasks, so there is nothing to rate.")
    places = len(plan["tasks"]) * study.replicas
    if study.share_in_places(places) == 0:
        raise StudyError(
            f"{study.name!r} has {places} places, and a share cap of {study.share_cap} of them is less than "
            "one place: nobody could answer anything. Raise the cap or remove it."
        )
    if not study.mark_open(plan=plan, plan_sha256=plan_hash(plan)):
        raise StudyError(f"{study.name!r} is open already.")
    Assignment.objects.bulk_create(
        [
            Assignment(study=study, task=task, replica=replica)
            for task in study.tasks.order_by("position")
            for replica in range(study.replicas)
        ],
        batch_size=500,
    )
    return study


def pause_study(*, study: Study) -> Study:
    """Give out no new places; answers to places already taken are still accepted. Raises StudyError."""
    if not study.mark_paused():
        raise _refusal(study, "only an open study can be paused")
    return study


def close_study(*, study: Study) -> Study:
    """Take no more answers, for good: a closed study is final. Raises StudyError."""
    if not study.mark_closed():
        raise _refusal(study, "only an open or paused study can be closed")
    return study


def _refusal(study: Study, rule: str) -> StudyError:
    study.refresh_from_db()
    return StudyError(f"{study.name!r} is {study.get_state_display()}; {rule}.")
