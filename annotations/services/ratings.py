"""What a task's page asks for with one request: store the answer, and give the next task."""

import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from annotations.errors import StudyNotOpenError
from annotations.measured import Measured
from annotations.models import Assignment, Participation, Response, Study
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
    """`submit_response` and then `claim_assignment`, in one transaction; raises what the first one raises."""
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
    stored = store_locked(study, person, now, assignment, answer, token, base, measured)
    response, claim = stored.response, None
    is_elsewhere = person.device != device
    may_go_on = gives_tasks(study, person)
    if may_go_on and not is_elsewhere and response.answer == answer and not response.late:
        claim = claim_locked(study, person, now, has_answered=assignment if stored.was_held else None)
    elif stored.was_held and not may_go_on and not assignment.in_block:
        note_last_answer(study, person, now)
    save_progress(person)
    return Rated(response, claim, study, person, is_elsewhere)
