"""Claim a place, give it back, answer it. Every change of state is one conditional update, counted."""

import uuid
from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from annotations.errors import AssignmentNotYoursError, StudyNotOpenError
from annotations.models import Annotator, Assignment, Response, Study
from annotations.selectors import share_of_one


def claim_assignment(*, study: Study, annotator: Annotator) -> Assignment | None:
    """The place this annotator holds, or the next one, claimed; None when nothing is left for this person.

    Raises StudyNotOpenError. A claim is a lease: a place that is not answered within `study.lease_minutes`
    can be claimed by anybody else.
    """
    if Study.objects.filter(pk=study.pk, state=Study.State.OPEN).count() == 0:
        raise StudyNotOpenError(f"“{study.title}” does not take answers at the moment.")
    while True:
        try:
            with transaction.atomic():
                found, taken = _try_claim(study=study, annotator=annotator)
        except IntegrityError:
            # The same annotator claimed another place on this task in a second tab: look again.
            continue
        if taken or found is None:
            return found


def _try_claim(*, study: Study, annotator: Annotator) -> tuple[Assignment | None, bool]:
    """One attempt: the place that was found, and whether it is ours now."""
    # The annotator's row is the lock that makes one person's claims take turns (and with them the share cap);
    # SQLite has a single writer anyway.
    Annotator.objects.select_for_update().get(pk=annotator.pk)
    lease_expires_at = timezone.now() + timedelta(minutes=study.lease_minutes)
    mine = Assignment.objects.filter(study=study, annotator=annotator)

    current = (
        mine.filter(state=Assignment.State.CLAIMED).select_related("task").order_by("claimed_at").first()
    )
    if current is not None:
        renewed = mine.filter(pk=current.pk, state=Assignment.State.CLAIMED).update(
            lease_expires_at=lease_expires_at
        )
        return current, bool(renewed)

    share = share_of_one(study)
    if share is not None and mine.count() >= share:
        return None, False

    candidates = Assignment.objects.claimable_by(annotator, study).select_related("task")
    if connection.features.has_select_for_update_skip_locked:
        candidates = candidates.select_for_update(skip_locked=True, of=("self",))
    place = candidates.first()
    if place is None:
        return None, False
    taken = place.take(annotator, lease_expires_at)
    if taken:
        place.refresh_from_db()
    return place, taken


def release_assignment(*, assignment: Assignment, annotator: Annotator) -> bool:
    """Give an unanswered place back; False if it is not this annotator's."""
    return bool(
        Assignment.objects.filter(
            pk=assignment.pk, annotator=annotator, state=Assignment.State.CLAIMED
        ).update(state=Assignment.State.OPEN, annotator=None, claimed_at=None, lease_expires_at=None)
    )


@transaction.atomic
def submit_response(
    *, assignment: Assignment, annotator: Annotator, answer: dict, token: uuid.UUID, seconds: float
) -> Response:
    """Store an answer that the kind's form has validated.

    Sending the same page again (the same `token`) stores nothing and returns the stored response; a new
    answer to a submitted place is appended as its next revision. Raises StudyNotOpenError and
    AssignmentNotYoursError.
    """
    # Locked first, so that two copies of one request wait for each other instead of both storing.
    locked = Assignment.objects.select_for_update(of=("self",)).select_related("study").get(pk=assignment.pk)
    if locked.annotator_id != annotator.pk:
        raise AssignmentNotYoursError(
            "This place is not yours any more: its time ran out and someone else took it. "
            "Your earlier answers are safe."
        )
    stored = Response.objects.filter(token=token, assignment=locked).first()
    if stored is not None:
        return stored
    # A paused study gives out no new places, but what somebody is working on is still taken.
    if locked.study.state not in (Study.State.OPEN, Study.State.PAUSED):
        raise StudyNotOpenError(f"“{locked.study.title}” does not take answers at the moment.")
    if locked.state != Assignment.State.SUBMITTED and not locked.mark_submitted(annotator):
        raise AssignmentNotYoursError("This place is not yours any more. Your earlier answers are safe.")
    last = Response.objects.filter(assignment=locked).aggregate(last=Max("revision"))["last"]
    return Response.objects.create(
        assignment=locked,
        revision=0 if last is None else last + 1,
        token=token,
        answer=answer,
        seconds=seconds,
    )
