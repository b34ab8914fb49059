"""What a task's page asks for with one request: store the answer, and give the next task."""

import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from annotations.errors import StudyNotOpenError, WentOnElsewhereError
from annotations.measured import Measured
from annotations.models import Assignment, EntryCode, Participation, Response, Study
from annotations.selectors import gives_tasks
from annotations.services.claims import claim_again, claim_locked, note_last_answer
from annotations.services.locks import lock_to_rate, save_progress
from annotations.services.responses import check_is_theirs, store_locked
from annotations.services.walks import Claim


@dataclass(frozen=True)
class Rated:
    """What is stored. claim: what comes next; None if the page has to hear something first, because another
    answer is stored or this one came too late, and where the study gives out no tasks at the moment.
    is_elsewhere: the person went on at another device than the one that sent this, which is given nothing."""

    response: Response
    claim: Claim | None
    study: Study
    participation: Participation
    is_elsewhere: bool = False


def rate(
    *,
    assignment: Assignment,
    participation: Participation,
    answer: dict[str, Any],
    token: uuid.UUID,
    base: int | None,
    measured: Measured,
    device: str = "",
) -> Rated:
    """`submit_response` and then `claim_assignment`, in one transaction. Raises what the first one raises,
    and WentOnElsewhereError."""
    check_is_theirs(assignment, participation)
    rated = _rate(assignment, participation, answer, token, base, measured, device)
    if rated.claim is None:
        return rated
    try:
        claim: Claim | None = claim_again(rated.claim, participation=participation)
    except StudyNotOpenError:  # the answer is stored
        claim = None
    return replace(rated, claim=claim)


@transaction.atomic
def _rate(
    assignment: Assignment,
    participation: Participation,
    answer: dict[str, Any],
    token: uuid.UUID,
    base: int | None,
    measured: Measured,
    device: str,
) -> Rated:
    study, person, now = lock_to_rate(participation)
    is_elsewhere = person.device != device
    if is_elsewhere and not _is_taken_from_elsewhere(person, base):
        raise WentOnElsewhereError("You went on at another device; this answer was not stored.")
    stored = store_locked(study, person, now, assignment, answer, token, base, measured)
    response, claim = stored.response, None
    may_go_on = gives_tasks(study, person)
    if may_go_on and not is_elsewhere and response.answer == answer and not response.late:
        claim = claim_locked(study, person, now, has_answered=assignment if stored.was_held else None)
    elif stored.was_held and not may_go_on and not assignment.in_block:
        note_last_answer(study, person, now)
    save_progress(person)
    return Rated(response, claim, study, person, is_elsewhere)


def _is_taken_from_elsewhere(person: Participation, base: int | None) -> bool:
    """Of a device that its person left, the answer that was on its way is; no correction is, and nothing once
    the code was revoked that led there: whoever it was may be somebody else."""
    return (
        base is None and not EntryCode.objects.filter(participation=person, revoked_at__isnull=False).exists()
    )
