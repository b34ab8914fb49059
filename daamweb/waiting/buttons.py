"""What those who wait may do with a kind of work, said by its app when it is ready:

    offer(Parse, cancel=cancel_parse, again=parse_again, refusals=(PromptSetError,))

Each takes the row and `by`; a kind that says nothing has no buttons."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from daamweb.work.models import Work


@dataclass(frozen=True)
class Buttons:
    """cancel: ends work that waits or runs. again: has a worker try again what failed. refusals: what either
    raises, to be shown, where what the work is of has changed meanwhile."""

    cancel: Callable[..., Any] | None = None
    again: Callable[..., Any] | None = None
    refusals: tuple[type[Exception], ...] = ()


_offered: dict[type[Work], Buttons] = {}


def offer(
    kind: type[Work],
    *,
    cancel: Callable[..., Any] | None = None,
    again: Callable[..., Any] | None = None,
    refusals: tuple[type[Exception], ...] = (),
) -> None:
    _offered[kind] = Buttons(cancel, again, refusals)


def may_be_cancelled(row: Work) -> bool:
    return row.is_unfinished and buttons_of(row).cancel is not None


def may_be_tried_again(row: Work) -> bool:
    return row.is_repeatable and buttons_of(row).again is not None


def buttons_of(row: Work) -> Buttons:
    return _offered.get(type(row), Buttons())
