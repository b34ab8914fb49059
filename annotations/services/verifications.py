"""Hold a frozen study's rows and files against its plan. A job's work: it grows with the study.

Nothing is mended: what differs is listed as a deviation, and stays listed.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.files import FieldFile

from annotations.errors import UnknownKindError
from annotations.kinds.interface import Tell, unwatched
from annotations.kinds.registry import get_kind
from annotations.models import Plan, Study, Verification
from annotations.services.integrity import check_study
from annotations.services.locks import database_now
from annotations.services.plans import (
    note_deviation,
    plan_settings,
    plan_sha256,
    task_records,
    task_sha256,
    tasks_sha256,
)
from daamweb.work.asking import find_or_create
from daamweb.work.attempts import recorded
from daamweb.work.heartbeats import kept
from generation.models import Generation

logger = logging.getLogger(__name__)

SLICE = 200  # tasks
READ_AT_ONCE = 2**20  # bytes of a file
EVERY = timedelta(days=1)
_ABSENT = object()


class _LeaseLost(Exception):
    """Another worker has the verification by now."""


@dataclass(frozen=True)
class Difference:
    """`what` names the place, such as "title" or "tasks.12"; see Deviation."""

    what: str
    frozen: str | None
    now: str | None


def request_verification(*, study: Study) -> Verification:
    """The verification that waits or runs, or a new one."""
    return find_or_create(
        Verification.objects.unfinished().filter(study=study).first,
        lambda: Verification.objects.create(study=study, total=2 * study.frozen_plan.tasks),
    )


def due_for_verification() -> QuerySet[Study]:
    """Studies that were not held against their plan for a day, or, closed ones, since they closed; unless
    that was tried within the day. What is noted for later than now was noted by a clock that was wrong, and
    says nothing."""
    now = database_now()
    day_ago = now - EVERY
    never = Q(plan__verified_at=None) | Q(plan__verified_at__gt=now)
    opened_long_ago = Q(opened_at__lt=day_ago) | Q(opened_at__gt=now)
    running = Q(state__in=Study.RUNNING) & (Q(plan__verified_at__lt=day_ago) | (never & opened_long_ago))
    closed = Q(state=Study.State.CLOSED) & (never | Q(plan__verified_at__lt=F("closed_at")))
    tried = Verification.objects.filter(study=OuterRef("pk"))
    waiting = tried.filter(state__in=("queued", "running"))
    not_closed_since = (
        Q(study__closed_at=None) | Q(study__closed_at__gt=now) | Q(created_at__gt=F("study__closed_at"))
    )
    tried_today = tried.filter(not_closed_since, created_at__gt=day_ago, created_at__lte=now)
    return Study.objects.filter(~Exists(waiting), ~Exists(tried_today), running | closed).select_related(
        "plan"
    )


def run_verification(*, verification: Verification, progress: Tell = unwatched) -> bool:
    """Carry it out, in slices; False if another worker has it, or nothing is to be done."""
    if not verification.take():
        return False
    study = Study.objects.select_related("plan", "run").get(pk=verification.study_id)
    total = 2 * study.frozen_plan.tasks  # their rows, then their files

    def tell(done: int) -> None:
        if not verification.renew(done=min(done, total), total=total):
            raise _LeaseLost
        progress(done, total)

    # A slice takes as long as the store of files lets it.
    with recorded(verification.fail, f"Verification {verification.pk} of study {study.pk}"):
        try:
            with kept(verification):
                verify_study(study, files=True, tell=tell)
        except _LeaseLost:
            logger.warning("The verification of study %s went to another worker.", study.pk)
            return False
        return verification.finish()
    return False


def verify_study(
    study: Study, *, files: bool, tell: Callable[[int], object] = lambda done: None
) -> tuple[Difference, ...]:
    """List every deviation of an opened study; with `files`, of its pictures and heat maps too. Also what
    `check_study` finds wrong with its rows. `tell` hears how many tasks were looked at, their rows first,
    then their files. Raises UnknownKindError."""
    plan, began = study.frozen_plan, database_now()
    get_kind(plan.settings["kind"])  # a version without it cannot tell what a deviation is
    found = [*_settings_differences(plan, study), *_task_differences(plan, study, tell)]
    if files:
        found += _file_differences(plan, study, tell)
    found += [Difference(f"rows: {problem.rule}", None, str(problem.count)) for problem in check_study(study)]
    for difference in found:
        note_deviation(plan, what=difference.what, frozen=difference.frozen, now=difference.now)
    if files:
        Plan.objects.filter(pk=plan.pk).update(verified_at=began)
    if found:
        logger.warning("Study %s deviates from its plan in %d places.", study.pk, len(found))
    return tuple(found)


def _settings_differences(plan: Plan, study: Study) -> Iterator[Difference]:
    computed = plan_sha256(plan.settings, plan.tasks_sha256)
    if computed != plan.sha256:
        yield Difference("the plan itself", plan.sha256, computed)
    frozen = study.openings.exclude(plan_sha256="").values_list("plan_sha256", flat=True).first()
    if frozen not in (None, plan.sha256):
        yield Difference("the plan that was frozen", frozen, plan.sha256)
    try:
        present = plan_settings(study)
    except (AttributeError, LookupError, TypeError, UnknownKindError) as error:  # changed past every form
        yield Difference("the settings", None, f"cannot be read: {error!r}")
    else:
        yield from _differences("", plan.settings, present)


def _task_differences(plan: Plan, study: Study, tell: Callable[[int], object]) -> Iterator[Difference]:
    present: set[int] = set()
    for record in task_records(study):
        position = record["position"]
        present.add(position)
        now = task_sha256(record)
        if position >= plan.tasks:
            yield Difference(f"tasks.{position}", None, now)
        elif now != record["sha256"]:
            yield Difference(f"tasks.{position}", record["sha256"], now)
        if len(present) % SLICE == 0:
            tell(len(present))
    for position in sorted(set(range(plan.tasks)) - present):
        yield Difference(f"tasks.{position}", "was there", None)
    of_tasks = tasks_sha256(study)
    if of_tasks != plan.tasks_sha256:
        yield Difference("the list of tasks", plan.tasks_sha256, of_tasks)


def _file_differences(plan: Plan, study: Study, tell: Callable[[int], object]) -> Iterator[Difference]:
    looked_at: set[int] = set()  # an image has many tasks, in any slice
    for first in range(0, plan.tasks, SLICE):
        slice_ = study.tasks.filter(position__gte=first, position__lt=first + SLICE)
        for generation in Generation.objects.filter(pk__in=slice_.values("generation")):
            if generation.pk in looked_at:
                continue
            looked_at.add(generation.pk)
            for what, stored, sha256 in files_of(generation):
                now = file_sha256(stored)
                if now != sha256:
                    yield Difference(f"file {stored.name} ({what})", sha256, now)
        tell(plan.tasks + min(first + SLICE, plan.tasks))


def files_of(generation: Generation) -> tuple[tuple[str, FieldFile, str], ...]:
    """(what it is, the file, the hash that it had when it was made) of an image."""
    return (
        ("image", generation.image, generation.image_sha256),
        ("heat maps", generation.heat_maps, generation.heat_maps_sha256),
    )


def file_sha256(stored: FieldFile) -> str | None:
    """The hash of a stored file as it is now; None if it cannot be read."""
    try:
        with stored.open("rb") as file:
            found = hashlib.sha256()
            for chunk in file.chunks(READ_AT_ONCE):
                found.update(chunk)
    except OSError:
        logger.exception("The file %s cannot be read.", stored.name)
        return None
    return found.hexdigest()


def _differences(what: str, frozen: Any, now: Any) -> Iterator[Difference]:
    if isinstance(frozen, dict) and isinstance(now, dict):
        for key in [*frozen, *(key for key in now if key not in frozen)]:
            inner = f"{what}.{key}" if what else key
            yield from _differences(inner, frozen.get(key, _ABSENT), now.get(key, _ABSENT))
    elif frozen != now:
        yield Difference(what, _text(frozen), _text(now))


def _text(value: Any) -> str | None:
    return None if value is _ABSENT else json.dumps(value, ensure_ascii=False, sort_keys=True)
