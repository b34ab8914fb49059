"""Store in slices, so that whoever else writes comes in between."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

# On SQLite one writes at a time, and who waits looks again after a tenth of a second at the latest: if the
# lock were taken again at once, nobody else would get it for as long as there are slices.
PAUSE = 0.1

# Is called behind every slice, outside of its transaction, with how far it is; what it raises ends the work
# there, and what is stored stays.
Look = Callable[..., object]


def unwatched(*_: object) -> None:
    """For work that nobody looks at."""


class Pace:
    """How many rows come at once: to begin with `first`, then as many as hold the lock for HELD. Behind each
    slice is the same pause, so that the more come between two, the sooner all is done."""

    HELD = 0.1  # seconds

    def __init__(self, *, first: int, fewest: int, most: int) -> None:
        self.at_once, self._fewest, self._most = first, fewest, most

    @contextmanager
    def slice(self) -> Iterator[None]:
        """One slice, of `at_once` rows."""
        with stored_slice():
            began = time.monotonic()
            yield
            held = time.monotonic() - began
        self.heed(held)

    def heed(self, held: float) -> None:
        """So many seconds for `at_once` rows; at most twice as many come next."""
        fit = self.at_once * min(2.0, self.HELD / held) if held > 0 else 2 * self.at_once
        self.at_once = max(self._fewest, min(self._most, int(fit)))


@contextmanager
def stored_slice() -> Iterator[None]:
    """A transaction; behind it on SQLite a pause, in which everybody who waits can write."""
    with _without_collector(), transaction.atomic():
        yield
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(PAUSE)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's collector looks at all that a process has. With a parser loaded, it takes a quarter of a
    second, mostly while many rows are made."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
