"""One person's way to the next task, and to the one after it, whose pictures the page loads beforehand.

A walk runs under the locks of `locks.lock_to_rate`. What changes of the person's is kept in their row's
object, which whoever began the walk saves in one update.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from annotations.models import Assignment, Participation, Place, Study, Task
from annotations.ring import is_check_due, nth_of_own_order, preference
from annotations.selectors import ShownTask
from annotations.services.open_places import SHOWN, WINDOW, OpenPlace, OpenPlaces, take
from daamweb.compiled import Parameter, Rows, insert

WINDOWS_AT_ONCE = 4
TRIES = 3
RESERVATION = timedelta(minutes=2)


@dataclass(frozen=True)
class Claim:
    """The turn that this person has now; or none, and whether anything may come: `ended` says that nothing is
    left for this person, otherwise nothing is free right now; `finishes` that it was this claim that ended
    it. `upcoming` is the task that comes next, with what shows it, as far as it is known."""

    turn: Assignment | None
    ended: bool = False
    finishes: bool = False
    upcoming: ShownTask | None = None


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
    task = _reserved.only(person=person.pk)
    return ShownTask.of(task) if task else None


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
        task = _by_rank.only(study=self.study.pk, role=role, rank=rank)
        if task is None:
            raise Task.DoesNotExist(f"Study {self.study.pk} has no {role} of rank {rank}.")
        return task

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
        self.places = OpenPlaces(study, person, now)
        self.ring = study.places_wanted
        self.windows = WINDOWS_AT_ONCE
        self.used_reservation = False
        # Places are left that others hold for a moment: something may come.
        self.is_busy = False
        # What the last window showed and this person has not had, the most preferred first.
        self.left: list[OpenPlace] = []

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
        turn = Assignment(
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
        insert(turn)
        return turn

    # --- places

    def _claim_reserved(self) -> Assignment | None:
        turn = self._claim(self.places.reserved())
        self.used_reservation = turn is not None
        return turn

    def _claim_found(self) -> Assignment | None:
        self._search()
        for candidate in self.left[:TRIES]:
            if turn := self._claim(self.places.free(candidate.place)):
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
            if turn := self._claim(self.places.open(places[task])):
                return turn
        return None

    def _claim(self, place: Place | None) -> Assignment | None:
        """Give an open place, which is locked, with its task."""
        if place is None:
            return None
        turn = self._give(place.task, place.pk)
        if not take(place.pk, turn=turn.pk):
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
            orders, found = self.places.window(position)
            # The most preferred first.
            self.left = sorted(found, key=lambda place: preference(person.seed, place.task))
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
            if self.places.reserve(candidate.place, until=self.now + RESERVATION):
                return candidate.shown()
        return None


_reserved = Rows(lambda: _shown().filter(places__reserved_for=Parameter("person"), places__turn=None))
_by_rank = Rows(
    lambda: _shown().filter(study=Parameter("study"), role=Parameter("role"), rank=Parameter("rank"))
)


def _shown() -> QuerySet[Task]:
    return Task.objects.select_related("generation").only(*SHOWN).order_by()
