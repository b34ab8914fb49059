"""Pause and close studies. Closing lets what is being rated be finished, unless it is asked to end at
once.

Whoever asks changes the state, and does as much of the rest as one slice is: all of it in a small study. In
others `take_back`, `note_interrupted` and `end_closing` go on, in a worker or a command."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, QuerySet

from annotations.errors import StudyError
from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Participation, Place, Study
from annotations.selectors import still_to_interrupt
from annotations.services.integrity import unfilled_places
from annotations.services.locks import database_now, lock_study
from annotations.services.turns import expire_due_turns, return_assignment
from daamweb.projects.models import Action
from daamweb.projects.services.events import SITE, Actor, record
from daamweb.work.slices import Pace, stored_slice

State = Study.State
PEOPLE_AT_ONCE, FEWEST_AT_ONCE, MOST_AT_ONCE = 1_000, 100, 5_000
TURNS_AT_ONCE = 32
LONGEST_SECONDS = 8.0  # of a worker, for whom others wait


@dataclass(frozen=True)
class Outlook:
    """What closing now would leave: how many of the `places` that items and controls ask for have no answer
    that counts; how many of the `tasks` have enough of them (`needed`) for the report to say something; how
    many people are at a task."""

    places: int
    unanswered: int
    tasks: int
    reportable: int
    needed: int
    at_work: int


def closing_outlook(study: Study) -> Outlook:
    """What a researcher should know before closing. It counts the study's places: for the page and the
    command that ask, once, and for no page that lists."""
    needed = get_kind(study.kind).answers_needed(study.frozen_plan.settings)
    answered = Place.objects.filter(study=study, turn__state=Assignment.State.SUBMITTED, turn__counts=True)
    reportable = answered.order_by().values("task").annotate(answers=Count("pk")).filter(answers__gte=needed)
    return Outlook(
        places=study.places_wanted,
        unanswered=unfilled_places(study),
        tasks=study.items + study.controls,
        reportable=reportable.count(),
        needed=needed,
        at_work=Assignment.objects.filter(study=study, state=Assignment.State.CLAIMED).count(),
    )


def pause_study(*, study: Study, stop_everybody: bool = False, by: Actor = None) -> Study:
    """Let nobody new in; those who began may finish. `stop_everybody` gives them nothing more either, which
    counts as interrupting them; what they are at is still taken. Raises StudyError.

    In a large study, whom that interrupts is written down by `note_interrupted`, but for the first."""
    with transaction.atomic():
        locked = lock_study(study.pk)
        if stop_everybody:
            if locked.stops_everybody or not locked.mark_stopped():
                raise _refusal(
                    locked, "only an open or paused study that goes on for somebody can be stopped"
                )
        elif not locked.mark_paused():
            raise _refusal(locked, "only an open study can be paused")
        details = {"everybody": True} if stop_everybody else {}
        record(Action.PAUSED, subject=locked, project=locked.project, by=by, details=details)
        _interrupt(locked, begin=0, end=PEOPLE_AT_ONCE)
    study.refresh_from_db()
    return study


def has_more_to_do(study: Study) -> bool:
    """Whether a study that has just been stopped or closed needs a worker, and not only time."""
    if study.state == State.CLOSING and study.closes_at is not None and study.closes_at <= database_now():
        return True
    return _is_large(study)


def _is_large(study: Study) -> bool:
    """Whether its people are more than one slice."""
    return Participation.objects.filter(study=study.pk, ordinal__gte=PEOPLE_AT_ONCE).exists()


def has_stopped(*, study: Study) -> bool:
    """Whether everybody whom the study stopped is written down, before it goes on. Who is left of a small one
    is written down here."""
    found = Study.objects.only("state", "stops_everybody").get(pk=study.pk)
    if not found.stops_everybody:
        return True
    return not still_to_interrupt(found).exists() if _is_large(found) else note_interrupted(study=found)


def note_interrupted(*, study: Study) -> bool:
    """Write down whom the study interrupts as it stands, so that they can say so, and how far they came; in
    slices, since they may be many, and for a while: False if some are left. Their pages say so already
    (`outcome_in`), the study's state says that it is to be done, and the sweep goes on, also where this was
    killed. Whoever was waiting when the study stopped waits no longer. Raises Study.DoesNotExist."""
    until = time.monotonic() + LONGEST_SECONDS
    found = Study.objects.only("state", "stops_everybody").get(pk=study.pk)
    left = still_to_interrupt(found).order_by("ordinal").values_list("ordinal", flat=True)
    pace, end = Pace(first=PEOPLE_AT_ONCE, fewest=FEWEST_AT_ONCE, most=MOST_AT_ONCE), 0
    # The next one is looked for without the lock, for which everybody waits who answers.
    while some := list(left.filter(ordinal__gte=end)[:1]):
        if time.monotonic() > until:
            return False
        # By where they stand: of a list of people, SQLite would look through the whole study.
        begin, end = some[0], some[0] + pace.at_once
        with pace.slice():
            _interrupt(lock_study(study.pk), begin, end)
    return True


def _interrupt(locked: Study, begin: int, end: int) -> None:
    """Those who stand from `begin` to before `end`."""
    still = still_to_interrupt(locked).filter(ordinal__gte=begin, ordinal__lt=end)
    still.update(interrupted_at=database_now(), waiting_since=None)


def close_study(*, study: Study, at_once: bool = False, complete: bool = False, by: Actor = None) -> Study:
    """Take nothing new, for good. What is being rated may be finished until its lease is over; then, or if
    nothing is, the study is closed. `at_once` returns what is being rated instead; `complete`, for commands,
    counts the answers, and refuses to close a study with unanswered places. Raises StudyError.

    A large study is still closing when this returns, also where nobody is at a task."""
    if not has_stopped(study=study):
        raise StudyError(f"{study.name!r} is still stopping; try again in a minute.")
    with transaction.atomic():
        locked = lock_study(study.pk)
        if locked.state not in (*Study.RUNNING, State.CLOSING):
            raise _refusal(locked, "only an open or paused study can be closed")
        if complete and (missing := unfilled_places(locked)):
            raise _refusal(locked, f"{missing} of {locked.places_wanted} places have no answer that counts")
        if locked.state == State.CLOSING and not at_once:
            raise _refusal(locked, "it closes by itself")
        # What is reserved for somebody's next page stays so for two minutes: nobody is given it any more.
        last = None if at_once else _last_lease(locked)
        locked.mark_closing(closes_at=last or database_now())
        details = {"at_once": True} if at_once else {}
        record(Action.CLOSING, subject=locked, project=locked.project, by=by, details=details)
        if at_once:
            _return(_claimed(locked)[:TURNS_AT_ONCE])
        _interrupt(locked, begin=0, end=PEOPLE_AT_ONCE)
    if not _is_large(study):
        end_closing(study=study, by=by)
    study.refresh_from_db()
    return study


def _claimed(study: Study) -> QuerySet[Assignment]:
    return Assignment.objects.filter(study=study.pk, state=Assignment.State.CLAIMED).order_by()


def _last_lease(study: Study) -> datetime | None:
    """The end of an index."""
    last: datetime | None = _claimed(study).aggregate(last=Max("lease_expires_at"))["last"]
    return last


def take_back(*, study: Study) -> bool:
    """Return what is being rated in a study that is closed at once, which is one that closes before a lease
    is over; for a while: False if some is left. Raises Study.DoesNotExist."""
    until = time.monotonic() + LONGEST_SECONDS
    if not Study.objects.filter(pk=study.pk, state=State.CLOSING, closes_at__lte=database_now()).exists():
        return True
    while some := list(_claimed(study)[:TURNS_AT_ONCE]):
        if time.monotonic() > until:
            return False
        if expire_due_turns(study=study):
            continue
        with stored_slice():
            _return(some)
    return True


def _return(turns: Iterable[Assignment]) -> None:
    for turn in turns:
        return_assignment(assignment=turn)


def end_closing(*, study: Study, by: Actor = SITE) -> bool:
    """Close a study that is closing once nobody is at a task any more, and everybody who was interrupted by
    that is written down; False if it is not that far."""
    expire_due_turns(study=study)
    if not Study.objects.filter(pk=study.pk, state=State.CLOSING).exists():
        return False
    # Nobody is given another one: whoever is at none now is among those who are looked for next.
    is_over = not _claimed(study).exists()
    if not (note_interrupted(study=study) and is_over):
        return False
    # Also where the clock was set back since the last answer: nobody is at a task, so that was the last one.
    # It is looked for in all rows, and so before the lock.
    last = Participation.objects.filter(study=study.pk).aggregate(last=Max("last_answer_at"))["last"]
    with transaction.atomic():
        locked = lock_study(study.pk)
        if not locked.mark_closed(now=max(filter(None, (database_now(), last, locked.opened_at)))):
            return False
        record(Action.CLOSED, subject=locked, project=locked.project, by=by)
        return True


def _refusal(study: Study, rule: str) -> StudyError:
    return StudyError(f"{study.name!r} is {study.get_state_display()}; {rule}.")
