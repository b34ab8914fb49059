"""Pause and close studies. Closing lets what is being rated be finished, unless it is asked to end at
once."""

import time
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max

from annotations.errors import StudyError
from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Participation, Place, Study
from annotations.selectors import still_to_interrupt
from annotations.services.integrity import unfilled_places
from annotations.services.locks import database_now, lock_study
from annotations.services.turns import expire_due_turns, return_assignment
from daamweb.projects.models import Action
from daamweb.projects.services.events import SITE, Actor, record
from daamweb.work.slices import Pace

State = Study.State
PEOPLE_AT_ONCE, FEWEST_AT_ONCE, MOST_AT_ONCE = 1_000, 100, 5_000
LONGEST_SECONDS = 8.0  # of a request, or of a sweep, behind which others wait


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
    counts as interrupting them; what they are at is still taken. Raises StudyError."""
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
    note_interrupted(study=study)
    study.refresh_from_db()
    return study


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
            still = still_to_interrupt(lock_study(study.pk)).filter(ordinal__gte=begin, ordinal__lt=end)
            still.update(interrupted_at=database_now(), waiting_since=None)
    return True


def close_study(*, study: Study, at_once: bool = False, complete: bool = False, by: Actor = None) -> Study:
    """Take nothing new, for good. What is being rated may be finished until its lease is over; then, or if
    nothing is, the study is closed. `at_once` returns what is being rated instead; `complete` refuses to
    close a study with unanswered places. Raises StudyError."""
    note_interrupted(study=study)  # of one that had stopped everybody
    with transaction.atomic():
        locked = lock_study(study.pk)
        if locked.state not in (*Study.RUNNING, State.CLOSING):
            raise _refusal(locked, "only an open or paused study can be closed")
        if complete and (missing := unfilled_places(locked)):
            raise _refusal(locked, f"{missing} of {locked.places_wanted} places have no answer that counts")
        if locked.state != State.CLOSING:
            locked.mark_closing(closes_at=_last_lease(locked) or database_now())
            Place.objects.filter(study=locked, reserved_for__isnull=False).update(
                reserved_for=None, reserved_until=None
            )
        elif not at_once:
            raise _refusal(locked, "it closes by itself")
        details = {"at_once": True} if at_once else {}
        record(Action.CLOSING, subject=locked, project=locked.project, by=by, details=details)
    if at_once:
        for turn in Assignment.objects.filter(study=study, state=Assignment.State.CLAIMED):
            return_assignment(assignment=turn)
    end_closing(study=study, by=by)
    study.refresh_from_db()
    return study


def _last_lease(study: Study) -> datetime | None:
    claimed = Assignment.objects.filter(study=study, state=Assignment.State.CLAIMED)
    last: datetime | None = claimed.aggregate(last=Max("lease_expires_at"))["last"]
    return last


def end_closing(*, study: Study, by: Actor = SITE) -> bool:
    """Close a study that is closing once nobody is at a task any more, and everybody who was interrupted by
    that is written down; False if it is not that far."""
    expire_due_turns(study=study)
    if not Study.objects.filter(pk=study.pk, state=State.CLOSING).exists():
        return False
    # Nobody is given another one: whoever is at none now is among those who are looked for next.
    is_over = not Assignment.objects.filter(study=study, state=Assignment.State.CLAIMED).exists()
    if not (note_interrupted(study=study) and is_over):
        return False
    with transaction.atomic():
        locked = lock_study(study.pk)
        # Also where the clock was set back since the last answer.
        last = Participation.objects.filter(study=locked).aggregate(last=Max("last_answer_at"))["last"]
        if not locked.mark_closed(now=max(filter(None, (database_now(), last, locked.opened_at)))):
            return False
        record(Action.CLOSED, subject=locked, project=locked.project, by=by)
        return True


def _refusal(study: Study, rule: str) -> StudyError:
    return StudyError(f"{study.name!r} is {study.get_state_display()}; {rule}.")
