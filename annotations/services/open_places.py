"""The open places that a walk finds, takes and reserves: what every rating asks, one statement each."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import FilteredRelation, Q, QuerySet, TextField
from django.db.models.functions import Cast

from annotations.models import Participation, Place, Study
from annotations.selectors import ShownTask
from daamweb.compiled import Parameter, Rows, Update

WINDOW = 32

_PICTURES = ("image", "image_sha256", "heat_maps", "heat_maps_sha256")
# Of a task, what its page shows.
SHOWN = (
    "role", "word", "payload", *(f"generation__{name}" for name in (*_PICTURES, "width", "height")),
)  # fmt: skip


@dataclass(frozen=True)
class OpenPlace:
    """An open place, as a window shows it, with its task's pictures."""

    place: int
    task: int
    order: int
    word: int | None
    payload: str
    pictures: tuple[str, ...]

    def shown(self) -> ShownTask:
        return ShownTask(self.word, json.loads(self.payload), *self.pictures)


class OpenPlaces:
    """Of a study, for one person, at a moment: free are those that nobody holds and that are nobody else's
    next."""

    def __init__(self, study: Study, person: Participation, now: datetime):
        self.study, self.person, self.now = study.pk, person.pk, now

    def reserved(self) -> Place | None:
        """The person's next, with what its task's page shows; locked for this transaction. None also if
        somebody is just taking it."""
        return _reserved.only(person=self.person)

    def free(self, place: int) -> Place | None:
        """The same of any one, if it is free."""
        return _free_one.only(place=place, study=self.study, person=self.person, now=self.now)

    def open(self, place: int) -> Place | None:
        """The same of any one that nobody holds, whosever next it is."""
        return _open_one.only(place=place)

    def window(self, position: int) -> tuple[list[int], list[OpenPlace]]:
        """From a position on the ring: where free places stand; and of every task that this person was never
        given, the first of them."""
        rows = _window(study=self.study, person=self.person, now=self.now, position=position)
        orders: list[int] = []
        tasks: dict[int, OpenPlace] = {}
        for order, given_as, place, task, word, payload, *pictures in rows:
            orders.append(order)
            if given_as is None:
                tasks.setdefault(task, OpenPlace(place, task, order, word, payload, tuple(pictures)))
        return orders, list(tasks.values())

    def reserve(self, place: int, until: datetime) -> bool:
        """False if somebody took it or is just taking it."""
        asked = {"study": self.study, "person": self.person, "now": self.now}
        return bool(_reserve(place=place, until=until, **asked))


def take(place: int, *, turn: int) -> bool:
    """Whether it was open, and is this turn's now."""
    return bool(_take(place=place, turn=turn))


def _unlocked(places: QuerySet[Place]) -> QuerySet[Place]:
    """With what their tasks' pages show; locked for this transaction, but for those that somebody is just
    taking."""
    shown = [f"task__{name}" for name in SHOWN]
    return _skip_locked(places.select_related("task__generation").only(*shown).order_by())


def _skip_locked(places: QuerySet[Place]) -> QuerySet[Place]:
    if not connection.features.has_select_for_update_skip_locked:
        return places
    return places.order_by().select_for_update(skip_locked=True, no_key=True, of=("self",))


def _free() -> QuerySet[Place]:
    person = Parameter("person")
    mine = Q(reserved_for=None) | Q(reserved_until__lt=Parameter("now")) | Q(reserved_for=person)
    return Place.objects.open().filter(mine, study=Parameter("study"))


def _free_from_position() -> QuerySet[Place, tuple[Any, ...]]:
    given = Q(task__assignments__participation=Parameter("person"))
    return (
        _free()
        .filter(order__gte=Parameter("position"))
        .annotate(given=FilteredRelation("task__assignments", condition=given))
        .order_by("order")
        .values_list(
            "order", "given__pk", "pk", "task", "task__word", Cast("task__payload", TextField()),
            *(f"task__generation__{name}" for name in _PICTURES),
        )[:WINDOW]
    )  # fmt: skip


def _to_reserve() -> QuerySet[Place]:
    free = _free().filter(pk=Parameter("place"))
    if connection.features.has_select_for_update_skip_locked:
        return Place.objects.filter(pk__in=_skip_locked(free).values("pk"))
    return free


_reserved = Rows(lambda: _unlocked(Place.objects.open().filter(reserved_for=Parameter("person"))))
_free_one = Rows(lambda: _unlocked(_free().filter(pk=Parameter("place"))))
_open_one = Rows(lambda: _unlocked(Place.objects.open().filter(pk=Parameter("place"))))
_window = Rows(_free_from_position)
_take = Update(
    lambda: Place.objects.open().filter(pk=Parameter("place")),
    turn=Parameter("turn"), reserved_for=None, reserved_until=None,
)  # fmt: skip
_reserve = Update(_to_reserve, reserved_for=Parameter("person"), reserved_until=Parameter("until"))
