"""Give somebody the next task. What a claim costs depends neither on how many tasks there are nor on how many
are done: it reads a window of open places along one index, from the person's own cursor.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from annotations.errors import ManyAtOnceError, StudyNotOpenError
from annotations.models import Assignment, Participation, Place, Study, Task
from annotations.selectors import gives_tasks, held_assignment
from annotations.services.admissions import admit_to_first_task
from annotations.services.locks import lock_participation, lock_to_rate, save_progress, share_study
from annotations.services.responses import revive
from annotations.services.turns import expire_due_turns
from annotations.services.walks import RESERVATION, Claim, Schedule, Walk, lease_of, upcoming_task

MOST_EXTENSIONS = 10
LONGEST_WAIT = timedelta(minutes=5)
# Whoever asks again later than this after a wait was over had left meanwhile.
ABSENCE = timedelta(minutes=10)


def claim_assignment(*, participation: Participation, address: str = "") -> Claim:
    """The turn that this person holds, or the next one; and the place after it is reserved, whose picture the
    page may load beforehand.

    `address` is where the person is: of those who have answered nothing, only so many are let in from one.
    Raises StudyNotOpenError and ManyAtOnceError; a paused study goes on for those who began. A claim is a
    lease: what is not answered in time can go to somebody else.
    """
    try:
        claim = _claim(participation, address)
    except ManyAtOnceError:
        if not expire_due_turns(study=participation.study_id):
            raise
        return _claim(participation, address)
    return claim_again(claim, participation=participation, address=address)


def claim_again(claim: Claim, *, participation: Participation, address: str = "") -> Claim:
    """What comes of a claim that found nothing once the leases that ran out are ended. Raises
    StudyNotOpenError and ManyAtOnceError."""
    if claim.turn is not None or not expire_due_turns(study=participation.study_id):
        return claim
    return _claim(participation, address, goes_on=claim.finishes)


@transaction.atomic
def _claim(participation: Participation, address: str, *, goes_on: bool = False) -> Claim:
    """goes_on: it was too early to say that this person has finished."""
    study, person, now = lock_to_rate(participation)
    if not gives_tasks(study, person):
        raise StudyNotOpenError(f"“{study.title}” gives out no tasks at the moment.")
    if address:
        admit_to_first_task(study, person, address)
    if goes_on:
        person.finished_at = None
    claim = claim_locked(study, person, now, comes_back=True)
    save_progress(person)
    return claim


def claim_locked(
    study: Study,
    person: Participation,
    now: datetime,
    *,
    has_answered: Assignment | None = None,
    comes_back: bool = False,
) -> Claim:
    """The same in the transaction of whoever locked both rows, of a study that gives tasks, and saves the
    person's. `has_answered` is the turn that was just answered: nobody holds two in one visit. `comes_back`:
    from somewhere else than a task."""
    person.began_at = person.began_at or now
    held = None if has_answered and _was_alone(has_answered, person) else held_assignment(person)
    if held is not None:
        person.waiting_since = person.interrupted_at = None
        _extend(held, lease_of(study, person), now)
        return Claim(held, upcoming=upcoming_task(study, person))
    if person.visit_id is None or not person.may_be_given_tasks:
        return Claim(None, ended=True)
    left = _take_back(study, person, now) if comes_back else None
    if left is not None:
        return _note_outcome(person, now, Claim(left, upcoming=upcoming_task(study, person)))
    return _note_outcome(person, now, Walk(study, person, person.visit_id, now).next_turn())


def _take_back(study: Study, person: Participation, now: datetime) -> Assignment | None:
    """What this person gave back when they stopped, if nobody has it or is about to: to stop and come back is
    no way around a task."""
    set_aside = person.assignments.filter(set_aside=True, submitted_at=None, counts=True)
    # Without an order, for which the database would read all turns of a person; of these there are few.
    left = list(set_aside.select_related("task", "place").order_by())
    turn = max(left, key=lambda each: each.number, default=None)
    if turn is None or _is_somebody_elses_next(turn.place, person, now) or not revive(study, person, turn):
        return None
    turn.state, turn.ended_at = Assignment.State.CLAIMED, None
    turn.lease_expires_at = now + lease_of(study, person)
    Assignment.objects.filter(pk=turn.pk).update(
        state=turn.state,
        ended_at=None,
        set_aside=False,
        visit=person.visit_id,
        lease_expires_at=turn.lease_expires_at,
    )
    if turn.task.role == Task.Role.ITEM:
        person.items_held += 1
    return turn


def _is_somebody_elses_next(place: Place | None, person: Participation, now: datetime) -> bool:
    if place is None or place.reserved_until is None or place.reserved_for_id == person.pk:
        return False
    return place.reserved_until >= now


def _note_outcome(person: Participation, now: datetime, claim: Claim) -> Claim:
    """What the claim means for the person. Whoever finished does not wait; whoever waits too long is
    interrupted, until something is there."""
    if claim.turn is not None:
        person.waiting_since = person.interrupted_at = None
        if not person.answered:  # nothing was left at arrival, and now there is something
            person.finished_at = None
        return claim
    finishes = claim.ended and person.finished_at is None
    if finishes:
        person.finished_at = now
    if person.finished_at is not None:
        person.waiting_since = None
        return Claim(None, ended=True, finishes=finishes)
    waited = now - (person.waiting_since or now)
    if person.waiting_since is None or waited >= LONGEST_WAIT + ABSENCE:
        person.waiting_since, waited = now, timedelta(0)
        person.interrupted_at = None
    if waited < LONGEST_WAIT:
        return claim
    person.interrupted_at = person.interrupted_at or now
    return Claim(None, ended=True)


def note_last_answer(study: Study, person: Participation, now: datetime) -> None:
    """Of somebody who is given nothing more, since the study stopped: to answer all that there was is to
    finish. Both rows are locked."""
    if Schedule(study, person).has_had_everything():
        person.finished_at = person.finished_at or now
    else:
        person.interrupted_at = person.interrupted_at or now


def _was_alone(turn: Assignment, person: Participation) -> bool:
    """The database lets nobody hold another one of the same visit."""
    return turn.visit_id == person.visit_id and not turn.in_block


def _extend(turn: Assignment, lease: timedelta, now: datetime) -> None:
    """A new lease for whoever comes back to a turn, once half of the old one is over."""
    if turn.lease_expires_at - now > lease / 2 or turn.extensions >= MOST_EXTENSIONS:
        return
    turn.lease_expires_at = now + lease
    turn.extensions += 1
    turn.save(update_fields=["lease_expires_at", "extensions"])


def extend_lease(*, turn: Assignment) -> timedelta | None:
    """More time for a task that its person is at, from now on; how much there is. None if there is no more:
    the turn ended, it was extended often enough, or the study is closing."""
    with transaction.atomic():
        study = share_study(turn.study_id)
        person, now = lock_participation(turn.participation_id)
        lease = lease_of(study, person)
        held = Assignment.objects.filter(
            pk=turn.pk, state=Assignment.State.CLAIMED, extensions__lt=MOST_EXTENSIONS
        )
        if study.state not in Study.RUNNING or not held.update(
            lease_expires_at=now + lease, extensions=F("extensions") + 1
        ):
            return None
        return lease


def renew_reservation(*, participation: Participation) -> bool:
    """Keep the next picture of somebody's page for another two minutes; False if it went to somebody else."""
    with transaction.atomic():
        person, now = lock_participation(participation.pk)
        return bool(
            Place.objects.open().filter(reserved_for=person.pk).update(reserved_until=now + RESERVATION)
        )
