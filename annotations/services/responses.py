"""Store answers. Append-only: an answer that was acknowledged is never lost, and never changes its author."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from annotations.errors import (
    AssignmentNotYoursError,
    StaleRevisionError,
    StudyNotOpenError,
    WithdrewError,
)
from annotations.measured import Measured
from annotations.models import Assignment, Participation, Place, Response, Study, Task
from annotations.selectors import last_response, only_row
from annotations.services.locks import lock_to_rate, save_progress
from daamweb.compiled import Parameter, Update, insert

State = Assignment.State
NOTHING_MEASURED = Measured()
# A study that is closing takes the turns that were claimed; a paused one corrections and late answers too.
TAKES_ANSWERS = (Study.State.OPEN, Study.State.PAUSED, Study.State.CLOSING)


@transaction.atomic
def submit_response(
    *,
    assignment: Assignment,
    participation: Participation,
    answer: dict[str, Any],
    token: uuid.UUID,
    base: int | None = None,
    measured: Measured = NOTHING_MEASURED,
) -> Response:
    """Store an answer that the kind's form has validated; `base` is the revision that it corrects.

    Sending one page again (the same `token`) stores nothing and returns what is stored. A turn that expired
    or was returned is revived while its place is free; otherwise the answer is kept as `late`, and never
    analysed. Raises AssignmentNotYoursError, StudyNotOpenError, WithdrewError, and StaleRevisionError with
    what is stored where `base` is not the last revision."""
    check_is_theirs(assignment, participation)
    study, person, now = lock_to_rate(participation)
    stored = store_locked(study, person, now, assignment, answer, token, base, measured)
    save_progress(person)
    return stored.response


def check_is_theirs(assignment: Assignment, participation: Participation) -> None:
    if assignment.participation_id != participation.pk:
        raise AssignmentNotYoursError("This task is somebody else's.")


@dataclass(frozen=True)
class Stored:
    """was_held: the turn was its person's until now, and is answered for the first time."""

    response: Response
    was_held: bool


def store_locked(
    study: Study,
    person: Participation,
    now: datetime,
    turn: Assignment,
    answer: dict[str, Any],
    token: uuid.UUID,
    base: int | None,
    measured: Measured,
) -> Stored:
    """The same in the transaction of whoever locked both rows and saves the person's. `turn` is as it was
    before the locks."""
    if person.withdrew_at is not None and person.erased_at is None:
        raise WithdrewError("You withdrew from this study; nothing more of yours is stored.")
    late, may_answer = False, study.state in TAKES_ANSWERS and person.erased_at is None
    was_held = may_answer and base is None and _end_claimed(person, turn, now, measured)
    if not was_held:
        turn = Assignment.objects.select_related("task").get(pk=turn.pk)
        stored = only_row(Response.objects.filter(assignment=turn, token=token))
        if stored is not None:
            return Stored(stored, was_held=False)
        late = _store_otherwise(study, person, turn, now, base, measured)
    response = Response(
        assignment=turn,
        revision=0 if base is None else base + 1,
        base=base,
        token=token,
        answer=answer,
        late=late,
        created_at=now,
        **_as_stored(measured.bounded(now - turn.claimed_at)),
    )
    insert(response)
    return Stored(response, was_held)


def _as_stored(measured: Measured) -> dict[str, Any]:
    return {
        "milliseconds": measured.milliseconds,
        "painted": measured.painted,
        "painted_milliseconds": measured.painted_milliseconds,
        "first_input_milliseconds": measured.first_input_milliseconds,
        "visible_spans": [list(span) for span in measured.visible_spans],
        "layout": dict(measured.layout),
        "flags": list(measured.flags),
    }


def _end_claimed(person: Participation, turn: Assignment, now: datetime, measured: Measured) -> bool:
    """What nearly every answer is: the first one to a turn that its person holds. False, and nothing done, if
    it is another one; nothing had to be read to know that."""
    ended = _end_if_claimed(
        turn=turn.pk, now=now, interrupted=measured.interrupted, language=person.language
    )  # fmt: skip
    if ended:
        _count_answer(person, turn, now, fills=True)
    return bool(ended)


_end_if_claimed = Update(
    lambda: Assignment.objects.filter(
        pk=Parameter("turn"), state=State.CLAIMED, counts=True, submitted_at=None
    ),
    state=State.SUBMITTED,
    ended_at=Parameter("now"),
    submitted_at=Parameter("now"),
    revision=0,
    interrupted=Parameter("interrupted"),
    language=Parameter("language"),
)


def _store_otherwise(
    study: Study,
    person: Participation,
    turn: Assignment,
    now: datetime,
    base: int | None,
    measured: Measured,
) -> bool:
    """Note an answer to a turn that ended, or a correction; return whether it came too late to count."""
    if person.erased_at is not None:
        raise AssignmentNotYoursError("Your answers were erased; nothing more of yours is stored.")
    if study.state not in TAKES_ANSWERS:
        raise StudyNotOpenError(f"“{study.title}” takes no answers any more.")
    if base != turn.revision:
        last = last_response(turn)
        raise StaleRevisionError(turn.revision, last and last.answer)
    if turn.revision is None:
        return _end_with_answer(study, person, turn, now, interrupted=measured.interrupted)
    if study.state == Study.State.CLOSING:
        raise StudyNotOpenError(f"“{study.title}” is closing: your earlier answer stays as it was.")
    _note_correction(person, turn, now)
    return turn.state != State.SUBMITTED


def _end_with_answer(
    study: Study, person: Participation, turn: Assignment, now: datetime, *, interrupted: bool
) -> bool:
    """Write the first answer down on its turn and its person; whether it came too late to count."""
    revived = turn.state != State.CLAIMED and revive(study, person, turn)
    late = turn.state != State.CLAIMED and not revived
    fields: dict[str, Any] = {"submitted_at": now, "revision": 0, "interrupted": interrupted}
    fields["language"] = person.language  # it may have been another one when the turn was given
    if not late:
        fields |= {"state": State.SUBMITTED, "ended_at": now, "set_aside": False}
    Assignment.objects.filter(pk=turn.pk, submitted_at=None).update(**fields)
    _count_answer(person, turn, now, fills=not late and turn.counts)
    if revived and turn.place_id is not None and turn.task.role == Task.Role.ITEM:
        person.items_held += 1
    return late


def _count_answer(person: Participation, turn: Assignment, now: datetime, *, fills: bool) -> None:
    person.answered += 1
    person.changes += 1
    person.last_answer_at = now
    person.address_key = ""
    if fills and turn.place_id is not None:
        person.places_filled += 1
        person.items_filled += turn.task.role == Task.Role.ITEM


def revive(study: Study, person: Participation, turn: Assignment) -> bool:
    """Whether a turn that expired or was returned goes on: nobody has its place, and the study still runs.
    One that was declined never does."""
    if turn.declined or study.state not in Study.RUNNING or not turn.counts or not person.may_be_given_tasks:
        return False
    if turn.place_id is None:
        return True
    is_item = turn.task.role == Task.Role.ITEM
    if is_item and person.item_cap is not None and person.items_held >= person.item_cap:
        return False
    freely = Place.objects.open().filter(pk=turn.place_id)
    if not freely.update(turn=turn.pk, reserved_for=None, reserved_until=None):
        return False
    # One's own reservation, too, was counted for the cap. Whoever has its row just now ends it; to wait for
    # them would be a deadlock where they wait for this place.
    reserved = Place.objects.filter(reserved_for=person).order_by()
    rows = reserved.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)
    reserved.filter(pk__in=list(rows)).update(reserved_for=None, reserved_until=None)
    return True


def _note_correction(person: Participation, turn: Assignment, now: datetime) -> None:
    Assignment.objects.filter(pk=turn.pk).update(revision=F("revision") + 1)
    person.changes += 1
    person.last_answer_at = now
