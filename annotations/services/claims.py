"""Give somebody the next task. What a claim costs depends neither on how many tasks there are nor on how many
are done: it reads a window of open places along one index, from the person's own cursor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from annotations.errors import StudyNotOpenError
from annotations.models import Assignment, Participation, Place, Study, Task
from annotations.ring import is_check_due, nth_of_own_order, preference
from annotations.selectors import held_assignment, only_row
from annotations.services.locks import lock_participation, share_study
from annotations.services.turns import expire_due_turns

WINDOW = 32
WINDOWS_AT_ONCE = 4
TRIES = 3
RESERVATION = timedelta(minutes=2)
MOST_EXTENSIONS = 10


@dataclass(frozen=True)
class Claim:
    """The turn that this person has now; or none, and whether anything may come: `ended` says that nothing is
    left for this person, otherwise nothing is free right now."""

    turn: Assignment | None
    ended: bool = False


@dataclass(frozen=True)
class _Open:
    """An open place, as a window shows it."""

    place: int
    task: int
    order: int


def claim_assignment(*, participation: Participation) -> Claim:
    """The turn that this person holds, or the next one; and the place after it is reserved, whose picture the
    page may load beforehand.

    Raises StudyNotOpenError. A claim is a lease: what is not answered within `study.lease_minutes` can go to
    somebody else.
    """
    claim = _claim(participation.pk, participation.study_id)
    if claim.turn is None and expire_due_turns(study=participation.study_id):
        claim = _claim(participation.pk, participation.study_id)
    return claim


@transaction.atomic
def _claim(participation_pk: int, study_pk: int) -> Claim:
    study = share_study(study_pk)
    person, now = lock_participation(participation_pk)
    if study.state != Study.State.OPEN:
        raise StudyNotOpenError(f"“{study.title}” gives out no tasks at the moment.")
    if person.began_at is None:
        Participation.objects.filter(pk=person.pk).update(began_at=now)
    held = held_assignment(person)
    if held is not None:
        _extend(held, study, now)
        return Claim(held)
    if person.visit_id is None or not person.may_be_given_tasks:
        return Claim(None, ended=True)
    claim = _Walk(study, person, person.visit_id, now).next_turn()
    if claim.ended:
        Participation.objects.filter(pk=person.pk, finished_at=None).update(finished_at=now)
    return claim


def _extend(turn: Assignment, study: Study, now: datetime) -> None:
    """A new lease for whoever comes back to a turn, once half of the old one is over."""
    lease = timedelta(minutes=study.lease_minutes)
    if turn.lease_expires_at - now > lease / 2 or turn.extensions >= MOST_EXTENSIONS:
        return
    turn.lease_expires_at = now + lease
    turn.extensions += 1
    turn.save(update_fields=["lease_expires_at", "extensions"])


def renew_reservation(*, participation: Participation) -> bool:
    """Keep the next picture of somebody's page for another two minutes; False if it went to somebody else."""
    with transaction.atomic():
        person, now = lock_participation(participation.pk)
        return bool(
            Place.objects.open().filter(reserved_for=person.pk).update(reserved_until=now + RESERVATION)
        )


class _Walk:
    """One person's way to the next task. Both rows are locked; what changes of the person's is saved at the
    end, in one update."""

    SAVED = (
        "cursor", "lap_ends_at", "lap_reopenings", "turns", "checks_given", "practices_given", "places_given",
        "items_held",
    )  # fmt: skip

    def __init__(self, study: Study, person: Participation, visit: int, now: datetime):
        self.study, self.person, self.visit, self.now = study, person, visit, now
        self.ring = study.places_wanted
        self.windows = WINDOWS_AT_ONCE
        # What the last window showed and this person has not had, the most preferred first.
        self.left: list[_Open] = []

    def next_turn(self) -> Claim:
        claim = self._next_turn()
        if claim.turn is not None and claim.turn.place_id is not None:
            self._reserve_next()
        Participation.objects.filter(pk=self.person.pk).update(
            **{name: getattr(self.person, name) for name in self.SAVED}
        )
        return claim

    def _next_turn(self) -> Claim:
        person, study = self.person, self.study
        if person.practices_given < study.practices:
            return Claim(self._give_unplaced(Task.Role.PRACTICE, rank=person.practices_given))
        if self._has_had_everything():
            return Claim(None, ended=True)
        if self._check_is_due():
            rank = nth_of_own_order(person.seed, person.checks_given, study.checks)
            return Claim(self._give_unplaced(Task.Role.CHECK, rank=rank))
        turn = self._claim_reserved() or self._claim_found() or self._claim_others_reserved()
        return Claim(turn, ended=turn is None and self._is_lap_full())

    def _has_had_everything(self) -> bool:
        person, study = self.person, self.study
        cap = person.item_cap
        return (
            person.places_given >= study.items + study.controls
            or (cap is not None and person.items_held >= cap)
        )  # fmt: skip

    def _check_is_due(self) -> bool:
        person, study = self.person, self.study
        number = person.turns - person.practices_given + 1
        return person.checks_given < study.checks and is_check_due(person.seed, number, study.check_every)

    def _give_unplaced(self, role: str, *, rank: int) -> Assignment:
        task = Task.objects.get(study=self.study.pk, role=role, rank=rank)
        if role == Task.Role.CHECK:
            self.person.checks_given += 1
        else:
            self.person.practices_given += 1
        return self._give(task, place=None)

    def _give(self, task: Task, place: int | None) -> Assignment:
        self.person.turns += 1
        return Assignment.objects.create(
            study=self.study,
            place_id=place,
            task=task,
            participation=self.person,
            visit_id=self.visit,
            number=self.person.turns,
            language=self.person.language,
            claimed_at=self.now,
            lease_expires_at=self.now + timedelta(minutes=self.study.lease_minutes),
        )

    # --- places

    def _claim_reserved(self) -> Assignment | None:
        mine = Place.objects.open().filter(reserved_for=self.person.pk).order_by()
        return self._claim_one_of([_Open(*row) for row in mine.values_list("pk", "task", "order")])

    def _claim_found(self) -> Assignment | None:
        self._search()
        return self._claim_one_of(self.left)

    def _claim_others_reserved(self) -> Assignment | None:
        """When nothing else is open."""
        if not self._is_lap_full():
            return None
        had = Assignment.objects.filter(participation=self.person.pk, task=OuterRef("task"))
        reserved = Place.objects.open().filter(~Exists(had), study=self.study.pk, reserved_for__isnull=False)
        rows = reserved.order_by("reserved_until").values_list("pk", "task", "order")[:WINDOW]
        return self._claim_one_of(self._not_had([_Open(*row) for row in rows]))

    def _claim_one_of(self, candidates: Sequence[_Open]) -> Assignment | None:
        for candidate in candidates[:TRIES]:
            if not _lock_open_place(candidate.place):
                continue
            task = Task.objects.get(pk=candidate.task)
            turn = self._give(task, candidate.place)
            taken = Place.objects.open().filter(pk=candidate.place).update(
                turn=turn, reserved_for=None, reserved_until=None
            )  # fmt: skip
            if not taken:
                raise RuntimeError(f"Place {candidate.place} was locked as open and is not.")
            self.person.places_given += 1
            self.person.items_held += task.role == Task.Role.ITEM
            self.left = [other for other in self.left if other.task != candidate.task]
            return turn
        return None

    def _search(self) -> None:
        """Read windows until one shows something that this person has not had, or a lap is full."""
        person = self.person
        while self.windows and not self.left:
            if self._is_lap_full():
                return
            if person.cursor >= person.lap_ends_at:
                self._begin_lap()
            self.windows -= 1
            position = person.cursor % self.ring
            window = self._window(position)
            self.left = self._not_had(window)
            # The cursor passes what this person has had; an empty window moves it on.
            first = min((place.order for place in self.left), default=None)
            if first is not None:
                passed = [place.order for place in window if place.order < first]
                person.cursor += passed[-1] + 1 - position if passed else 0
                self._begin_lap()
            else:
                end = window[-1].order + 1 if len(window) == WINDOW else self.ring
                person.cursor += end - position

    def _is_lap_full(self) -> bool:
        """Everything was looked at, and no place was reopened since."""
        person = self.person
        return person.cursor >= person.lap_ends_at and person.lap_reopenings == self.study.reopenings

    def _begin_lap(self) -> None:
        self.person.lap_ends_at = self.person.cursor + self.ring
        self.person.lap_reopenings = self.study.reopenings

    def _window(self, position: int) -> list[_Open]:
        free = Q(reserved_for=None) | Q(reserved_until__lt=self.now) | Q(reserved_for=self.person.pk)
        rows = (
            Place.objects.open()
            .filter(free, study=self.study.pk, order__gte=position)
            .order_by("order")
            .values_list("pk", "task", "order")[:WINDOW]
        )
        return [_Open(*row) for row in rows]

    def _not_had(self, window: Sequence[_Open]) -> list[_Open]:
        """Tasks that this person was never given, one place each, the most preferred first."""
        tasks = {place.task: place for place in reversed(window)}
        had = Assignment.objects.filter(participation=self.person.pk, task__in=tasks)
        for task in had.order_by().values_list("task", flat=True):
            del tasks[task]
        return sorted(tasks.values(), key=lambda place: preference(self.person.seed, place.task))

    def _reserve_next(self) -> None:
        """The place after this one, if a place comes next and the cap leaves one."""
        if self._has_had_everything() or self._check_is_due():
            return
        self.windows = min(self.windows, 1)
        if not self.left:
            self._search()
        until = self.now + RESERVATION
        for candidate in self.left[:TRIES]:
            if _lock_open_place(candidate.place):
                Place.objects.filter(reserved_for=self.person.pk).update(
                    reserved_for=None, reserved_until=None
                )
                Place.objects.open().filter(pk=candidate.place).update(
                    reserved_for=self.person, reserved_until=until
                )
                return


def _lock_open_place(pk: int) -> bool:
    """False if somebody took it or is just taking it."""
    if not connection.features.has_select_for_update_skip_locked:
        return Place.objects.open().filter(pk=pk).exists()
    found = Place.objects.open().select_for_update(skip_locked=True, no_key=True).filter(pk=pk)
    return only_row(found.only("pk")) is not None
