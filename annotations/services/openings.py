"""Open a study: leased work in slices, so that it can be killed at any line and goes on where it was.

First every task and every file is held against its hash, then the places are made, then the plan is written
and the study is open. While it is being opened nobody edits it; an opening that fails makes it a draft again.
"""

import logging
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from annotations.design import FROZEN_FIELDS
from annotations.errors import StudyError
from annotations.kinds.interface import Tell, image_name, unwatched
from annotations.models import Opening, Place, Study, StudyText, Task
from annotations.services.closings import has_stopped, note_interrupted
from annotations.services.locks import database_now, lock_study
from annotations.services.new_places import make_places
from annotations.services.plans import make_plan, task_records, task_sha256
from annotations.services.verifications import file_sha256, files_of
from annotations.texts import in_words, missing_wordings
from daamweb.languages import english_name_of
from daamweb.projects.models import Action, Event
from daamweb.projects.services.events import SITE, Actor, record
from daamweb.projects.shown import Shown
from daamweb.work.attempts import recorded
from daamweb.work.heartbeats import kept
from daamweb.work.slices import Pace, stored_slice
from generation.models import Generation

logger = logging.getLogger(__name__)

VERIFIED_AT_ONCE = 500  # tasks
PLACES_AT_ONCE, FEWEST_AT_ONCE, MOST_AT_ONCE = 900, 100, 9_000
LONGEST_ERROR = 500  # characters, in what was done; the opening keeps the whole


class _LeaseLost(Exception):
    """Another worker has the opening by now."""


def open_study(*, study: Study, progress: Tell = unwatched, by: Actor = None) -> Study:
    """Open a draft here and now, or a paused study again. Raises StudyError."""
    while not note_interrupted(study=study):  # of one that is still stopping; each time a part
        pass
    opening = request_opening(study=study, by=by)
    if opening is not None:
        run_opening(opening=opening, progress=progress)
        opening.refresh_from_db()
        if opening.state == Opening.State.FAILED:
            study.refresh_from_db()
            raise StudyError(opening.error)
    study.refresh_from_db()
    if study.state == Study.State.OPENING:
        raise StudyError(f"{study.name!r} is being opened by a worker; wait for it.")
    return study


def request_opening(*, study: Study, by: Actor = None, seen: Shown | None = None) -> Opening | None:
    """Write down that a draft is to be opened, for a worker; a paused study is open again at once (None).

    A study that is opening already returns the opening that waits or runs. `seen` is how the design was when
    whoever freezes it saw it last. Raises StudyError, also where it was edited since.
    """
    # Whoever has read that the study stopped is written down as stopped.
    if not has_stopped(study=study):
        raise StudyError(f"{study.name!r} is still stopping; try again in a minute.")
    return _request_opening(study, by, seen)


@transaction.atomic
def _request_opening(study: Study, by: Actor, seen: Shown | None) -> Opening | None:
    locked = lock_study(study.pk)
    if locked.state == Study.State.OPENING:
        study.refresh_from_db()
        return Opening.objects.unfinished().filter(study=locked).first()
    if locked.mark_resumed():
        record(Action.RESUMED, subject=locked, project=locked.project, by=by)
        study.refresh_from_db()
        return None
    if locked.state != Study.State.DRAFT:
        rule = (
            "a closed study is final and does not open again. Build another one of the same run to go on"
            if locked.state in (Study.State.CLOSING, Study.State.CLOSED)
            else "only a draft or a paused study can be opened"
        )
        raise StudyError(f"{locked.name!r} is {locked.get_state_display()}; {rule}.")
    _check_design(locked)
    if seen is not None and (moved := _moved(locked, seen)):
        raise StudyError(
            f"{locked.name!r} was not opened: since you looked at it, somebody edited "
            f"{', '.join(moved).replace('_', ' ')}. Look at it again, then open it."
        )
    locked.mark_opening()
    record(Action.OPENING, subject=locked, project=locked.project, by=by)
    study.refresh_from_db()
    return Opening.objects.create(study=locked, total=2 * locked.tasks.count())


def _moved(study: Study, seen: Shown) -> list[str]:
    """What is frozen and not as it was seen."""
    moved = seen.moved(study, FROZEN_FIELDS)
    texts = Event.objects.within(study).filter(subject_type=StudyText._meta.label_lower)
    return [*moved, "languages"] if texts.filter(pk__gt=seen.event).exists() else moved


def people_needed(study: Study) -> int:
    """The fewest people who can answer everything: everybody gets a task once, and only a capped share."""
    cap = study.items if study.item_cap is None else min(study.item_cap, study.items)
    return max(study.replicas, -(-study.item_places // cap) if cap else 0)


def _check_design(study: Study) -> None:
    if not study.items:
        raise StudyError(f"{study.name!r} has no tasks, so there is nothing to rate.")
    if study.item_cap == 0:
        raise StudyError(
            f"{study.name!r} has {study.item_places} places, and a share cap of {study.share_cap} of them is "
            "less than one place: nobody could answer anything. Raise the cap or remove it."
        )
    if missing := missing_wordings(study):
        raise StudyError(
            f"{study.name!r} is in {english_name_of(study.language)}, in which it lacks "
            f"{in_words(study, missing)}. Give that on its page of languages, or choose another language."
        )
    needed = people_needed(study)
    if study.expected_annotators is not None and study.expected_annotators < needed:
        raise StudyError(
            f"{study.name!r} needs at least {needed} people: {study.items} tasks with {study.replicas} "
            f"annotators each"
            + (f", of which one person may answer {study.item_cap}" if study.item_cap is not None else "")
            + f". You expect {study.expected_annotators}; raise that number, or the cap, or ask for fewer "
            "annotators per task."
        )


def run_opening(*, opening: Opening, progress: Tell = unwatched) -> bool:
    """Carry an opening out, from where it was left; False if another worker has it, or it failed, which makes
    the study a draft again."""
    study = Study.objects.select_related("run").get(pk=opening.study_id)
    if not opening.take():
        if opening.state == Opening.State.FAILED:
            _make_draft_again(study, opening.error)
        return False
    with recorded(partial(_give_up, opening, study), f"The opening of study {study.pk}"):
        try:
            with kept(opening):  # a slice takes as long as the store of files lets it
                _Slices(study, opening, progress).run()
        except _LeaseLost:
            logger.warning("The opening of study %s went to another worker.", study.pk)
            return False
        except StudyError as error:
            _give_up(opening, study, str(error))
            return False
        return True
    return False


def _give_up(opening: Opening, study: Study, error: str) -> None:
    if opening.fail(error):
        _make_draft_again(study, error)


@transaction.atomic
def _make_draft_again(study: Study, error: str) -> bool:
    locked = lock_study(study.pk)
    if not locked.mark_draft_again():
        return False
    details = {"error": error[:LONGEST_ERROR]}
    record(Action.NOT_OPENED, subject=locked, project=locked.project, by=SITE, details=details)
    return True


@transaction.atomic
def cancel_opening(opening: Opening, *, by: Actor) -> bool:
    """End an opening that waits or runs; the study is a draft again. False if it ended by itself."""
    study = lock_study(opening.study_id)
    if not opening.cancel():
        return False
    if study.mark_draft_again():
        details = {"error": "cancelled"}
        record(Action.NOT_OPENED, subject=study, project=study.project, by=by, details=details)
    return True


def stuck_studies() -> QuerySet[Study]:
    """Those whose opening ended while its worker died."""
    unfinished = Opening.objects.unfinished().filter(study=OuterRef("pk"))
    return Study.objects.filter(~Exists(unfinished), state=Study.State.OPENING)


def give_up_opening(*, study: Study) -> bool:
    """Make a draft of it again; False if it is not being opened any more."""
    return _make_draft_again(study, "its worker died")


class _Slices:
    """`done` counts tasks: once verified, once given places."""

    def __init__(self, study: Study, opening: Opening, progress: Tell):
        self.study, self.opening, self.progress = study, opening, progress
        self.tasks = study.tasks.count()
        self.verified: set[int] = set()  # generations

    def run(self) -> None:
        while self.opening.done < self.tasks:
            self._verify(first=self.opening.done)
        if self.opening.done == self.tasks:
            self._delete_places()
        self._make_places()
        self._freeze()

    def _keep(self, done: int) -> None:
        if not self.opening.renew(done=done, total=2 * self.tasks):
            raise _LeaseLost
        self.progress(done, 2 * self.tasks)

    def _verify(self, first: int) -> None:
        for task in task_records(self.study, first=first, count=VERIFIED_AT_ONCE):
            if task_sha256(task) != task["sha256"]:
                raise StudyError(
                    f"Task {task['position'] + 1} (“{task['prompt']}”, seed {task['seed']}) is not as "
                    f"{self.study.name!r} was built with it: its image or its text was changed since. Build "
                    "the study again."
                )
        tasks = self.study.tasks.filter(position__gte=first, position__lt=first + VERIFIED_AT_ONCE)
        generations = Generation.objects.filter(pk__in=tasks.values("generation")).select_related("prompt")
        for generation in generations.order_by("pk"):
            if generation.pk not in self.verified:
                _check_files(generation)
                self.verified.add(generation.pk)
        self._keep(min(first + VERIFIED_AT_ONCE, self.tasks))

    def _delete_places(self) -> None:
        """Those of an opening that was given up, whose design may have been another one."""
        places = Place.objects.filter(study=self.study)
        while some := list(places.values_list("pk", flat=True)[:PLACES_AT_ONCE]):
            with stored_slice():
                # Another worker may have made them, and opened the study.
                self._keep(self.tasks)
                Place.objects.filter(pk__in=some).delete()

    def _make_places(self) -> None:
        """Slice by slice, each in one short transaction; those that are there already are left alone."""
        with_places = self.study.tasks.filter(role__in=Task.WITH_PLACES)
        pace = Pace(first=PLACES_AT_ONCE, fewest=FEWEST_AT_ONCE, most=MOST_AT_ONCE)
        first = self.opening.done - self.tasks
        before = with_places.filter(position__lt=first).count()
        while first < self.tasks:
            count = max(1, pace.at_once // self.study.replicas)
            with pace.slice():
                make_places(self.study, first=first, count=count, before=before)
                self._keep(self.tasks + min(first + count, self.tasks))
            before += with_places.filter(position__gte=first, position__lt=first + count).count()
            first += count

    def _freeze(self) -> None:
        plan = make_plan(Study.objects.select_related("run").get(pk=self.study.pk))
        with transaction.atomic():
            study = lock_study(self.study.pk)
            if not self.opening.finish():
                raise _LeaseLost
            plan.save()
            Opening.objects.filter(pk=self.opening.pk).update(plan_sha256=plan.sha256)
            for language, texts in plan.settings["languages"].items():
                rows = study.translations.filter(language=language)
                rows.update(offered=True, pay=texts["pay"])
            if not study.mark_open(plan=plan, now=database_now()):
                raise StudyError(f"{study.name!r} is {study.get_state_display()} and cannot be opened.")
            details = {"plan": plan.sha256}
            record(Action.OPENED, subject=study, project=study.project, by=SITE, details=details)
        logger.info("Study %s is open; the hash of its plan is %s.", study.pk, plan.sha256)


def _check_files(generation: Generation) -> None:
    for what, stored, sha256 in files_of(generation):
        found = file_sha256(stored)
        if found == sha256:
            continue
        wrong = (
            "cannot be read" if found is None else "is not the one that was stored when the image was made"
        )
        raise StudyError(
            f"{image_name(generation)}: the file of the {what} {stored.name} {wrong}. Restore the file, or "
            "make the image again and build the study of the new one."
        )
