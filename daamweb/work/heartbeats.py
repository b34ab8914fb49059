"""Keep a row while something is computed that cannot stop to renew its lease."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Protocol

from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)

BEATS_PER_LEASE = 4


class Leased(Protocol):
    """A row of work, or a batch of them."""

    @property
    def LEASE(self) -> timedelta: ...

    def renew(self) -> bool: ...


@contextmanager
def kept(row: Leased) -> Iterator[None]:
    """Renew the row's lease from a thread, with a connection of its own, as long as the block lasts. It ends
    with the process, so that a worker that is killed is noticed; and once the row is another worker's."""
    done = Event()
    thread = Thread(target=_beat, args=(row, done), name=f"heartbeat of {row}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(row: Leased, done: Event) -> None:
    try:
        while not done.wait(row.LEASE.total_seconds() / BEATS_PER_LEASE):
            try:
                if not row.renew():
                    return
            except DatabaseError:  # the next beat comes before the lease is over
                logger.exception("The lease of %s could not be renewed.", row)
    finally:
        connection.close()
