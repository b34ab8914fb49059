"""One person's way to the next task, and to the one after it, whose pictures the page loads beforehand.

A walk runs under the locks of `locks.lock_to_rate`. What changes of the person's is kept in their row's
object, which whoever began the walk saves in one update.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from annotations.models import Assignment, Participation, Place, Study, Task
from annotations.ring import is_check_due, nth_of_own_order, preference
from annotations.selectors import ShownTask, only_row

WINDOW = 32
WINDOWS_AT_ONCE = 4
TRIES = 3
RESERVATION = timedelta(minutes=2)

_PICTURES = ("image", "image_sha256", "heat_maps", "heat_maps_sha256")
_SHOWN = (
    "task__role", "task__word", "task__payload",
    *(f"task__generation__{name}" for name in (*_PICTURES, "width", "height")),
)  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """The turn that this person has now; or none, and whether anything may come: `ended` says that nothing is
    left for this person, otherwise nothing is free right now; `finishes` that it was this claim that ended
    it. `upcoming` is the task that comes next, with what shows it, as far as it is known."""

    turn: Assignment | None
    ended: bool = False
    finishes: bool = False
    upcoming: ShownTask | None = None


@dataclass(frozen=True)
class _Open:
    """An open place, as a window shows it, with its task's pictures."""

    place: int
    task: int
    order: int
    word: int | None
    payload: str
    pictures: tuple[str, ...]

    def shown(self) -> ShownTask:
        return ShownTask(self.word, json.loads(self.payload), *self.pictures)


def lease_of(study: Study, person: Participation) -> timedelta:
    """How long this person has for a task: less for the first, where an address is all that is known of
    them."""
    minutes = study.lease_minutes
    if person.address_key:
        minutes = min(minutes, study.unanswered_minutes)
    return timedelta(minutes=minutes)


def upcoming_task(study: Study, person: Participation) -> ShownTask | None:
    """What this person's next page will show, as far as it is known."""
    unplaced = Schedule(study, person).next_unplaced()
    return _reserved_task(person) if unplaced is None else ShownTask.of(unplaced)


def _reserved_task(person: Participation) -> ShownTask | None:
    reserved = Place.objects.open().filter(reserved_for=person.pk).select_related("task__generation")
    place = only_row(reserved)
    return ShownTask.of(place.task) if place else None


class Schedule:
    """Practice comes first, checks come between; neither has places."""

    def __init__(self, study: Study, person: Participation):
        self.study, self.person = study, person

    def next_unplaced(self) -> Task | None:
        person, study = self.person, self.study
        if person.practices_given < study.practices:
            return self._task(Task.Role.PRACTICE, rank=person.practices_given)
        if not self.has_had_everything() and self.check_is_due():
            rank = nth_of_own_order(person.seed, person.checks_given, study.checks)
            return self._task(Task.Role.CHECK, rank=rank)
        return None

    def _task(self, role: str, *, rank: int) -> Task:
        return Task.objects.select_related("generation").get(study=self.study.pk, role=role, rank=rank)

    def has_had_everything(self) -> bool:
        person, study = self.person, self.study
        cap = person.item_cap
        return (
            person.places_given >= study.items + study.controls
            or (cap is not None and person.items_held >= cap)
        )  # fmt: skip

    def check_is_due(self) -> bool:
        person, study = self.person, self.study
        number = person.turns - person.practices_given + 1
        return person.checks_given < study.checks and is_check_due(person.seed, number, study.check_every)


class Walk:
    def __init__(self, study: Study, person: Participation, visit: int, now: datetime):
        self.study, self.person, self.visit, self.now = study, person, visit, now
        self.schedule = Schedule(study, person)
        self.ring = study.places_wanted
        self.windows = WINDOWS_AT_ONCE
        self.used_reservation = False
        # Places are left that others hold for a moment: something may come.
        self.is_busy = False
        # What the last window showed and this person has not had, the most preferred first.
        self.left: list[_Open] = []

    def next_turn(self) -> Claim:
        unplaced = self.schedule.next_unplaced()
        if unplaced is not None:
            turn: Assignment | None = self._give_unplaced(unplaced)
        elif self.schedule.has_had_everything():
            return Claim(None, ended=True)
        else:
            turn = self._claim_reserved() or self._claim_found() or self._claim_others_reserved()
        if turn is None:
            return Claim(None, ended=self._is_lap_full() and not self.is_busy)
        return Claim(turn, upcoming=self._upcoming())

    def _give_unplaced(self, task: Task) -> Assignment:
        if task.role == Task.Role.CHECK:
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
            lease_expires_at=self.now + lease_of(self.study, self.person),
        )

    # --- places

    def _claim_reserved(self) -> Assignment | None:
        mine = Place.objects.open().filter(reserved_for=self.person.pk)
        turn = self._claim(only_row(_unlocked(mine)))
        self.used_reservation = turn is not None
        return turn

    def _claim_found(self) -> Assignment | None:
        self._search()
        for candidate in self.left[:TRIES]:
            if turn := self._claim(only_row(_unlocked(self._free().filter(pk=candidate.place)))):
                # Of the same task, if somebody was at it just now: this person will not be given it again.
                mine = Place.objects.filter(reserved_for=self.person.pk, task=candidate.task)
                mine.update(reserved_for=None, reserved_until=None)
                return turn
        return None

    def _claim_others_reserved(self) -> Assignment | None:
        """When nothing else is open."""
        if not self._is_lap_full():
            return None
        had = Assignment.objects.filter(participation=self.person.pk, task=OuterRef("task"))
        reserved = Place.objects.open().filter(~Exists(had), study=self.study.pk, reserved_for__isnull=False)
        rows = list(reserved.order_by("reserved_until").values_list("task", "pk")[:WINDOW])
        places = dict(reversed(rows))
        self.is_busy = bool(places)
        for task in sorted(places, key=lambda task: preference(self.person.seed, task))[:TRIES]:
            if turn := self._claim(only_row(_unlocked(Place.objects.open().filter(pk=places[task])))):
                return turn
        return None

    def _claim(self, place: Place | None) -> Assignment | None:
        """Give an open place, which is locked, with its task."""
        if place is None:
            return None
        turn = self._give(place.task, place.pk)
        taken = Place.objects.open().filter(pk=place.pk).update(
            turn=turn, reserved_for=None, reserved_until=None
        )  # fmt: skip
        if not taken:
            raise RuntimeError(f"Place {place.pk} was locked as open and is not.")
        self.person.places_given += 1
        self.person.items_held += place.task.role == Task.Role.ITEM
        self.left = [other for other in self.left if other.task != place.task_id]
        return turn

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
            orders, self.left = self._window(position)
            # The cursor passes what this person has had; an empty window moves it on.
            first = min((place.order for place in self.left), default=None)
            if first is not None:
                passed = [order for order in orders if order < first]
                person.cursor += passed[-1] + 1 - position if passed else 0
                self._begin_lap()
            else:
                end = orders[-1] + 1 if len(orders) == WINDOW else self.ring
                person.cursor += end - position

    def _is_lap_full(self) -> bool:
        """Everything was looked at, and no place was reopened since."""
        person = self.person
        return person.cursor >= person.lap_ends_at and person.lap_reopenings == self.study.reopenings

    def _begin_lap(self) -> None:
        self.person.lap_ends_at = self.person.cursor + self.ring
        self.person.lap_reopenings = self.study.reopenings

    def _free(self) -> QuerySet[Place]:
        """Open, and nobody else's next."""
        mine = Q(reserved_for=None) | Q(reserved_until__lt=self.now) | Q(reserved_for=self.person.pk)
        return Place.objects.open().filter(mine, study=self.study.pk)

    def _window(self, position: int) -> tuple[list[int], list[_Open]]:
        """Where its places stand; and of every task that this person was never given one place, the most
        preferred first."""
        given = Q(task__assignments__participation=self.person.pk)
        rows = (
            self._free()
            .filter(order__gte=position)
            .annotate(given=FilteredRelation("task__assignments", condition=given))
            .order_by("order")
            .values_list(
                "order", "given__pk", "pk", "task", "task__word", Cast("task__payload", TextField()),
                *(f"task__generation__{name}" for name in _PICTURES),
            )[:WINDOW]
        )  # fmt: skip
        orders: list[int] = []
        tasks: dict[int, _Open] = {}
        for order, given_as, place, task, word, payload, *pictures in rows:
            orders.append(order)
            if given_as is None:
                tasks.setdefault(task, _Open(place, task, order, word, payload, tuple(pictures)))
        seed = self.person.seed
        return orders, sorted(tasks.values(), key=lambda place: preference(seed, place.task))

    # --- what comes next

    def _upcoming(self) -> ShownTask | None:
        """The task after this turn; if it has places, one is reserved."""
        unplaced = self.schedule.next_unplaced()
        if unplaced is not None:
            return ShownTask.of(unplaced)
        if self.schedule.has_had_everything():
            return None
        reserved = None if self.used_reservation else _reserved_task(self.person)
        return reserved or self._reserve_next()

    def _reserve_next(self) -> ShownTask | None:
        self.windows = min(self.windows, 1)
        if not self.left:
            self._search()
        for candidate in self.left[:TRIES]:
            if self._reserve(candidate.place):
                return candidate.shown()
        return None

    def _reserve(self, place: int) -> bool:
        """False if somebody took it or is just taking it."""
        free = self._free().filter(pk=place)
        if connection.features.has_select_for_update_skip_locked:
            free = Place.objects.filter(pk__in=_skip_locked(free).values("pk"))
        return bool(free.update(reserved_for=self.person, reserved_until=self.now + RESERVATION))


def _skip_locked(places: QuerySet[Place]) -> QuerySet[Place]:
    return places.order_by().select_for_update(skip_locked=True, no_key=True, of=("self",))


def _unlocked(places: QuerySet[Place]) -> QuerySet[Place]:
    """With what their tasks' pages show; locked for this transaction, but for those that somebody is just
    taking."""
    whole = places.select_related("task__generation").only(*_SHOWN)
    return _skip_locked(whole) if connection.features.has_select_for_update_skip_locked else whole
