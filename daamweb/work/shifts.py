"""Work that takes long gives way: a worker stays with one row for a shift, then puts it behind what waits.

Nobody waits for half an hour because somebody else's prompts are parsed; and a worker that is told to end has
nothing in its hands for long, so that all of it goes on without waiting for a lease.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Task
from django.utils import timezone

from daamweb.pokes import poke
from daamweb.work.attempts import ShiftOver
from daamweb.work.models import Work

SECONDS = 8.0
# The next shift has to begin anew, such as by reading a long file: it is for so many times as long.
TIMES_ITS_BEGINNING = 4


class Shift:
    """Counted from the first slice on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._ends: float | None = None

    def look(self, *_: object) -> None:
        """To be called behind every slice, outside of its transaction. Raises ShiftOver."""
        now = time.monotonic()
        if self._ends is None:
            self._ends = now + max(SECONDS, TIMES_ITS_BEGINNING * (now - self._began))
        if now >= self._ends:
            raise ShiftOver


@contextmanager
def one_shift(job: Task, row: Work) -> Iterator[Shift]:
    """For as long as the block lasts, at the edge of `job`; if the shift ends it, the row is put back and the
    job told of it again, behind the others."""
    try:
        yield Shift()
    except ShiftOver:
        row.put_off()
        if type(row).to_tell(timezone.now()).filter(pk=row.pk).exists() and row.mark_poked():
            poke(job, row)
