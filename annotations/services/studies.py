"""Build, open, pause and close studies. An open study is frozen: its plan is hashed when it opens.

Files are read before a transaction begins, never inside one: storage may be slow and far away.
"""

import hashlib
import math
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.fields.files import FieldFile

from annotations.errors import StudyError
from annotations.kinds.drafts import Progress, TaskDraft, image_name, unwatched
from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Study, Task
from annotations.services.plans import plan_hash, study_plan
from generation.models import Generation, GenerationRun


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
    progress: Progress = unwatched,
) -> Study:
    """Make a draft study of a run's finished images; tasks are shuffled by `seed`. Raises StudyError.

    Images that failed or are not made yet are left out, and listed, only if `allow_unfinished`. `progress` is
    told after every image whose heat maps were read.
    """
    try:
        task_kind = get_kind(kind)
    except KeyError as error:
        raise StudyError(error.args[0]) from error
    if seed < 0:
        raise StudyError(f"The seed of the tasks' order must not be negative, but is {seed}.")
    study = Study(
        name=name,
        kind=kind,
        run=run,
        title=title or task_kind.title,
        consent=consent or task_kind.consent,
        instructions=instructions or task_kind.instructions,
        replicas=replicas,
        share_cap=share_cap,
        lease_minutes=lease_minutes,
        options=task_kind.clean_options(options or {}),
        recipe={"seed": seed, "allow_unfinished": allow_unfinished},
    )
    _check_design(study)
    generations = list(
        run.generations.select_related("prompt")
        .prefetch_related("prompt__words")
        .order_by("prompt__position", "seed")
    )
    finished = [each for each in generations if each.state == Generation.State.SUCCEEDED]
    unfinished = [_unfinished_line(each) for each in generations if each.state != Generation.State.SUCCEEDED]
    if unfinished and not allow_unfinished:
        raise StudyError(
            f"{len(unfinished)} of {len(generations)} images of {run.name!r} are not finished. Wait for "
            "them or retry the failed ones; or allow a study without them."
        )
    drafts = task_kind.draft_tasks(finished, study.options, progress)
    study.left_out = [*unfinished, *drafts.left_out]
    order = np.random.default_rng(seed).permutation(len(drafts))
    try:
        _store(study, [drafts[index] for index in order])
    except IntegrityError as error:
        if Study.objects.filter(name=name).exists():
            raise StudyError(_taken(name)) from error
        raise StudyError(
            f"The images or words of {run.name!r} were changed while the study was built; build it again."
        ) from error
    return study


@transaction.atomic
def _store(study: Study, drafts: list[TaskDraft]) -> None:
    study.save()
    Task.objects.bulk_create(
        [
            Task(
                study=study,
                position=position,
                generation=draft.generation,
                word=draft.word,
                is_attention_check=draft.is_attention_check,
                payload=draft.payload,
            )
            for position, draft in enumerate(drafts)
        ],
        batch_size=500,
    )


def _taken(name: str) -> str:
    return f"There is a study named {name!r} already; choose another name."


def _unfinished_line(generation: Generation) -> str:
    reason = generation.error.strip().partition("\n")[0]
    state = generation.get_state_display()
    return f"{image_name(generation)}: the image is {state}" + (f": {reason}" if reason else "")


def _check_design(study: Study) -> None:
    if study.share_cap is not None and not math.isfinite(study.share_cap):
        # Validators only compare, and nothing compares with "not a number".
        raise StudyError(f"share_cap: {study.share_cap} is not a share; give a number from 0.001 to 1.")
    if Study.objects.filter(name=study.name).exists():
        raise StudyError(_taken(study.name))
    try:
        # the validators say the same as the constraints, in better words
        study.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise StudyError(
            "; ".join(f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())
        ) from error


def open_study(*, study: Study, progress: Progress = unwatched) -> Study:
    """Freeze the plan, make the places (task × replica) and let annotators in. Raises StudyError.

    Every picture and its heat maps are first held against the hashes of when they were made, which are what
    the plan freezes; `progress` is told after every image.

    Opening a paused study lets annotators in again under the plan that was frozen first. A closed study is
    final: when it closed is part of what is reported.
    """
    if Study.objects.filter(pk=study.pk, state=Study.State.DRAFT).exists():
        _check_files(study, progress)
    return _freeze_and_open(study)


def _check_files(study: Study, progress: Progress) -> None:
    generations = list(
        Generation.objects.filter(tasks__study=study)
        .select_related("prompt")
        .order_by("prompt__position", "seed")
        .distinct()
    )
    for done, generation in enumerate(generations, start=1):
        _check_file(generation, "image file", generation.image, generation.image_sha256)
        _check_file(generation, "heat map file", generation.heat_maps, generation.heat_maps_sha256)
        progress(done, len(generations))


def _check_file(generation: Generation, what: str, stored: FieldFile, sha256: str) -> None:
    advice = "Restore the file, or make the image again and build the study of the new one."
    try:
        with stored.open("rb") as file:
            found = hashlib.sha256()
            for chunk in file.chunks():
                found.update(chunk)
    except OSError as error:
        raise StudyError(
            f"{image_name(generation)}: the {what} {stored.name} cannot be read ({error}). {advice}"
        ) from error
    if found.hexdigest() != sha256:
        raise StudyError(
            f"{image_name(generation)}: the {what} {stored.name} is not the one that was stored when the "
            f"image was made. {advice}"
        )


@transaction.atomic
def _freeze_and_open(study: Study) -> Study:
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
