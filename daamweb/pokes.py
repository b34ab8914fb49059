"""Tell a worker that there is something to do.

Rows are the truth: a poke that is lost is made up for by a sweep.
"""

import logging
import time
from typing import Any, Protocol

from amqp.exceptions import AMQPError
from celery import Task
from django.db import DatabaseError, transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# Out of reach, out of space, or not for us: whatever ails a broker of any kind, the sweep makes up for it.
BROKER_ERRORS = (KombuError, AMQPError, RedisError, OSError)
# A broker that said no at once costs nothing to ask again. One that let us wait is left alone for a while,
# so that whoever has many pokes to send, or many pages to load, waits once.
SLOW, LEFT_ALONE = 0.5, 30.0  # seconds


class Row(Protocol):
    """What a job takes the primary key of, and what keeps when a worker was told."""

    @property
    def pk(self) -> Any: ...

    def mark_untold(self) -> object: ...


class _Broker:
    """What this process knows of it. Threads share it; at worst each of them waits once."""

    left_alone_until = float("-inf")  # on the clock that nobody sets

    def send(self, job: Task, key: Any, times: int, expires: float | None) -> bool:
        """False if it was not taken."""
        began = time.monotonic()
        if began < self.left_alone_until:
            logger.warning("The broker was out of reach just now; the sweep will find %s(%s).", job.name, key)
            return False
        try:
            for _ in range(times):
                job.apply_async((key,), expires=expires)
        except BROKER_ERRORS as error:
            logger.warning(
                "The broker did not take a message (%s); the sweep will find %s(%s).", error, job.name, key
            )
            if time.monotonic() - began > SLOW:
                self.left_alone_until = time.monotonic() + LEFT_ALONE
            return False
        return True


_broker = _Broker()


def poke(job: Task, row: Row, *, times: int = 1) -> None:
    """Send `job`, with the key of a row that was marked as told, to its queue once the current transaction
    commits; `times` for that many workers at once."""
    transaction.on_commit(lambda: send(job, row, times=times))


def send(job: Task, row: Row, *, times: int = 1, expires: float | None = None) -> bool:
    """Now, outside of any transaction. False if the broker does not take it: then nobody was told of the row,
    which the next sweep finds. expires: after so many seconds, nobody wants the message any more."""
    if _broker.send(job, row.pk, times, expires):
        return True
    try:
        row.mark_untold()
    except DatabaseError:  # the sweep finds it a lease later
        logger.exception("That nobody was told of %s could not be written down.", row)
    return False
