"""Give somebody the next task. What a claim costs depends neither on how many tasks there are nor on how many
are done: it reads a window of open places along one index, from the person's own cursor.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from annotations.errors import ManyAtOnceError, StudyNotOpenError
from annotations.models import Assignment, Participation, Place, Study
from annotations.selectors import held_assignment
from annotations.services.admissions import admit_to_first_task
from annotations.services.locks import lock_participation, lock_to_rate, save_progress, share_study
from annotations.services.turns import expire_due_turns
from annotations.services.walks import RESERVATION, Claim, Walk, lease_of, upcoming_task

MOST_EXTENSIONS = 10


def claim_assignment(*, participation: Participation, address: str = "") -> Claim:
    """The turn that this person holds, or the next one; and the place after it is reserved, whose picture the
    page may load beforehand.

    `address` is where the person is: of those who have answered nothing, only so many are let in from one.
    Raises StudyNotOpenError and ManyAtOnceError. A claim is a lease: what is not answered in time can go to
    somebody else.
    """
    try:
        claim = _claim(participation, address)
    except ManyAtOnceError:
        if not expire_due_turns(study=participation.study_id):
            raise
        return _claim(participation, address)
    if claim.turn is None and expire_due_turns(study=participation.study_id):
        claim = _claim(participation, address)
    return claim


@transaction.atomic
def _claim(participation: Participation, address: str) -> Claim:
    study, person, now = lock_to_rate(participation)
    if study.state != Study.State.OPEN:
        raise StudyNotOpenError(f"“{study.title}” gives out no tasks at the moment.")
    if address:
        admit_to_first_task(study, person, address)
    claim = claim_locked(study, person, now)
    save_progress(person)
    return claim


def claim_locked(
    study: Study, person: Participation, now: datetime, *, has_answered: Assignment | None = None
) -> Claim:
    """The same in the transaction of whoever locked both rows, of a study that is open, and saves the
    person's. `has_answered` is the turn that was just answered: nobody holds two in one visit."""
    person.began_at = person.began_at or now
    held = None if has_answered and _was_alone(has_answered, person) else held_assignment(person)
    if held is not None:
        _extend(held, lease_of(study, person), now)
        return Claim(held, upcoming=upcoming_task(study, person))
    if person.visit_id is None or not person.may_be_given_tasks:
        return Claim(None, ended=True)
    claim = Walk(study, person, person.visit_id, now).next_turn()
    if claim.ended:
        person.finished_at = person.finished_at or now
    return claim


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
