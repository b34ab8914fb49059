"""Tell a worker that there is something to do.

Rows are the truth: a poke that is lost is made up for by a sweep.
"""

import logging
import time

from amqp.exceptions import AMQPError
from celery import Task
from django.db import transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# Out of reach, out of space, or not for us: whatever ails a broker of any kind, the sweep makes up for it.
BROKER_ERRORS = (KombuError, AMQPError, RedisError, OSError)
# A broker that said no at once costs nothing to ask again. One that let us wait is left alone for a while,
# so that whoever has many pokes to send, or many pages to load, waits once.
SLOW, LEFT_ALONE = 0.5, 30.0  # seconds


class _Broker:
    """What this process knows of it. Threads share it; at worst each of them waits once."""

    left_alone_until = float("-inf")  # on the clock that nobody sets

    def send(self, job: Task, args: tuple[int, ...], times: int) -> None:
        began = time.monotonic()
        if began < self.left_alone_until:
            logger.warning("The broker was out of reach just now; the sweep will find %s%r.", job.name, args)
            return
        try:
            for _ in range(times):
                job.delay(*args)
        except BROKER_ERRORS as error:
            logger.warning(
                "The broker did not take a message (%s); the sweep will find %s%r.", error, job.name, args
            )
            if time.monotonic() - began > SLOW:
                self.left_alone_until = time.monotonic() + LEFT_ALONE


_broker = _Broker()


def poke(job: Task, *args: int, times: int = 1) -> None:
    """Send `job` to its queue once the current transaction commits; `times` for that many workers at once."""
    transaction.on_commit(lambda: _broker.send(job, args, times))
