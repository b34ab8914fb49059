"""Store in slices, so that whoever else writes comes in between."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

# On SQLite one writes at a time, and who waits looks again after a tenth of a second at the latest: if the
# lock were taken again at once, nobody else would get it for as long as there are slices.
PAUSE = 0.1


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
