"""Turns end: they expire, are returned, or stop counting; and their places are free again."""

import math
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext, ngettext

from annotations.errors import AssignmentNotYoursError, DeclineError
from annotations.models import Assignment, Participation, Place, Review, Study, Task
from annotations.services.locks import database_now, lock_participation, lock_study
from annotations.services.plans import note_deviation

# Turns that one request or sweep ends.
AT_ONCE = 32
# Of the turns that somebody was given; one can always be declined.
DECLINED_SHARE = 0.1
State = Assignment.State


def expire_due_turns(*, study: Study | int, limit: int = AT_ONCE) -> int:
    """End the claims of a study whose lease ran out, each in a transaction of its own; return how many places
    became free.

    A lease further ahead than any can be was written by a clock that was wrong; it has run out too.
    """
    pk = study if isinstance(study, int) else study.pk
    lease_minutes = Study.objects.values_list("lease_minutes", flat=True).get(pk=pk)
    now = database_now()
    claimed = Assignment.objects.filter(study=pk, state=State.CLAIMED).order_by()  # all have to end
    beyond = now + timedelta(minutes=lease_minutes + 1)
    due = [*claimed.filter(lease_expires_at__lt=now)[:limit]]
    due += claimed.filter(lease_expires_at__gt=beyond)[: limit - len(due)]
    return sum(
        _end(turn, State.EXPIRED, still=Q(lease_expires_at=turn.lease_expires_at)) or 0 for turn in due
    )


def return_assignment(*, assignment: Assignment) -> bool:
    """Give an unanswered turn back for good; False if it had ended already."""
    return _end(assignment, State.RETURNED) is not None


def decline_assignment(*, assignment: Assignment, participation: Participation) -> None:
    """Give a turn back for good, since its person does not want to answer it: it is given to this person
    never again, and an answer that comes later is not used. Raises AssignmentNotYoursError and DeclineError.
    """
    if assignment.participation_id != participation.pk:
        raise AssignmentNotYoursError("This task is somebody else's.")
    # Before anybody has to wait: what is refused can be asked for any number of times.
    if _may_be_declined(assignment, Participation.objects.get(pk=participation.pk)):
        _decline(assignment)


@transaction.atomic
def _decline(assignment: Assignment) -> None:
    study = lock_study(assignment.study_id)
    person, now = lock_participation(assignment.participation_id)
    if not _may_be_declined(assignment, person):
        return
    turn = Assignment.objects.select_related("task").get(pk=assignment.pk)
    if _end_locked(study, person, now, turn, State.RETURNED, declined=True) is None:
        raise DeclineError(
            gettext("The time for this task was over already, so there is nothing to decline.")
        )
    Participation.objects.filter(pk=person.pk).update(declined=F("declined") + 1)


def _may_be_declined(assignment: Assignment, person: Participation) -> bool:
    """False if it was declined already. Raises DeclineError."""
    turn = Assignment.objects.get(pk=assignment.pk)
    if turn.declined:
        return False
    if turn.submitted_at is not None:
        raise DeclineError(gettext("You answered this task already, so it cannot be declined any more."))
    if person.declined >= max(1, math.floor(DECLINED_SHARE * person.turns)):
        text = ngettext(
            "You were given %(turns)s task and declined %(declined)s of them; one in ten can be declined, "
            "and at least one. Please answer this one, or stop here.",
            "You were given %(turns)s tasks and declined %(declined)s of them; one in ten can be declined, "
            "and at least one. Please answer this one, or stop here.",
            person.turns,
        )
        raise DeclineError(text % {"turns": person.turns, "declined": person.declined})
    return True


def leave_turns(*, participation: Participation) -> int:
    """Give back what others wait for, of somebody who stops for now; return how many turns. Checks and
    practice wait for their person."""
    reserved = Place.objects.filter(reserved_for=participation.pk)
    if not (reserved.exists() or _given_back(participation).exists() or participation.waiting_since):
        return 0  # without anybody having to wait
    with transaction.atomic():
        study = lock_study(participation.study_id)
        person, now = lock_participation(participation.pk)
        left = list(_given_back(person).select_related("task").order_by("pk"))
        for turn in left:
            _end_locked(study, person, now, turn, State.RETURNED, set_aside=True)
        drop_reservation(study, person)
        Participation.objects.filter(pk=person.pk).update(waiting_since=None)
        return len(left)


def _given_back(person: Participation) -> QuerySet[Assignment]:
    return Assignment.objects.filter(participation=person.pk, state=State.CLAIMED, place__isnull=False)


@transaction.atomic
def _end(turn: Assignment, state: str, still: Q | None = None) -> int | None:
    """End a claimed turn; return how many places became free by that, None if it was not claimed any more."""
    study = lock_study(turn.study_id)
    person, now = lock_participation(turn.participation_id)
    return _end_locked(study, person, now, turn, state, still)


def _end_locked(
    study: Study,
    person: Participation,
    now: datetime,
    turn: Assignment,
    state: str,
    still: Q | None = None,
    **marked: bool,
) -> int | None:
    ended = Assignment.objects.filter(still or Q(), pk=turn.pk, state=State.CLAIMED).update(
        state=state, ended_at=now, **marked
    )
    if not ended:
        return None
    freed = Place.objects.filter(turn=turn.pk).update(turn=None)
    if freed and turn.task.role == Task.Role.ITEM:
        Participation.objects.filter(pk=person.pk).update(items_held=F("items_held") - 1)
    study.count_reopening(freed)
    return freed


def drop_turns(
    study: Study,
    person: Participation,
    turns: QuerySet[Assignment],
    *,
    dropped: str,
    by: Review | None = None,
) -> None:
    """Let turns of one person stop counting, and free their places while the study runs. Both rows have to
    be locked.

    After closing nothing is reopened: places that were filled stay theirs, and how many are left short is a
    deviation.
    """
    counting = turns.filter(participation=person, counts=True)
    freeable, short = counting, 0
    if study.state not in Study.RUNNING:
        freeable = counting.filter(state=State.CLAIMED)
        held = counting.filter(place__isnull=False, state__in=(State.CLAIMED, State.SUBMITTED))
        short = held.count()
    freed = Place.objects.filter(turn__in=freeable.values("pk")).update(turn=None)
    counting.update(counts=False, dropped=dropped, dropped_by=by)
    recount(person)
    study.count_reopening(freed)
    if short:
        note_deviation(
            study.frozen_plan,
            what=f"answers of {person.pseudonym} dropped after closing ({dropped}"
            + (f", review {by.pk})" if by else ")"),
            frozen=None,
            now=f"places left short: {short}",
        )


def restore_turns(study: Study, person: Participation, by: Review) -> None:
    """Undo what a review dropped: a turn whose place is still free gets it back and counts; one whose place
    was filled meanwhile, or that is beyond the person's cap by now, stays as replaced. Both rows are locked.

    What another rule drops all the same is dropped by that one.
    """
    turns = person.assignments.filter(dropped_by=by)
    for dropped, others, reason in _other_reasons(person):
        turns.filter(others).update(dropped=dropped, dropped_by=reason)
    turns = person.assignments.filter(dropped_by=by)
    person.refresh_from_db()
    _take_free_places(person, turns.filter(state__in=(State.CLAIMED, State.SUBMITTED)))
    holds = Exists(Place.objects.filter(turn=OuterRef("pk")))
    ended = Q(state__in=(State.EXPIRED, State.RETURNED))
    turns.exclude(Q(place=None) | ended | holds).update(dropped=Assignment.Dropped.REPLACED)
    turns.exclude(dropped=Assignment.Dropped.REPLACED).update(counts=True, dropped="", dropped_by=None)
    recount(person)


def _other_reasons(person: Participation) -> list[tuple[str, Q, Review | None]]:
    """Why turns of this person would not count all the same: (dropped, which turns, the review)."""
    standing = person.reviews.filter(undone_by=None)
    reasons: list[tuple[str, Q, Review | None]] = []
    if person.excluded_at is not None:
        exclusion = standing.filter(action=Review.Action.EXCLUDE).last()
        return [(Assignment.Dropped.EXCLUDED, Q(), exclusion)]
    if person.withdrew_at is not None:
        return [(Assignment.Dropped.WITHDRAWN, Q(), None)]
    for review in standing.filter(action=Review.Action.REJECT):
        reasons.append((Assignment.Dropped.REJECTED, Q(visit=review.visit_id), review))
    return reasons


def _take_free_places(person: Participation, turns: QuerySet[Assignment]) -> None:
    """Give the person's turns their places again where these are free, in one update; within the cap. Nobody
    claims meanwhile: the study is locked."""
    free = turns.filter(place__isnull=False, place__turn=None)
    if person.item_cap is not None:
        left = max(person.item_cap - person.items_held, 0)
        items = free.filter(task__role=Task.Role.ITEM).order_by("number").values("pk")
        free = free.filter(~Q(task__role=Task.Role.ITEM) | Q(pk__in=items[:left]))
    of_place = free.filter(place=OuterRef("pk")).order_by().values("pk")[:1]
    Place.objects.filter(turn=None, pk__in=free.order_by().values("place")).update(
        turn=Subquery(of_place), reserved_for=None, reserved_until=None
    )


def recount(person: Participation) -> None:
    """Write a person's counters of held and filled places anew, of that person's turns."""
    item = Q(task__role=Task.Role.ITEM)
    counts = person.assignments.filter(counts=True, place__isnull=False).aggregate(
        items_held=Count("pk", filter=item & Q(state__in=(State.CLAIMED, State.SUBMITTED))),
        places_filled=Count("pk", filter=Q(state=State.SUBMITTED)),
        items_filled=Count("pk", filter=item & Q(state=State.SUBMITTED)),
    )
    Participation.objects.filter(pk=person.pk).update(changes=F("changes") + 1, **counts)
    person.refresh_from_db()


def drop_reservation(study: Study, person: Participation) -> None:
    """What was this person's next is anybody's. Both rows have to be locked."""
    freed = Place.objects.filter(reserved_for=person).update(reserved_for=None, reserved_until=None)
    study.count_reopening(freed)
