"""Tell a worker that there is something to do.

Rows are the truth: a poke that is lost is made up for by a sweep.
"""

import logging

from amqp.exceptions import AMQPError
from celery import Task
from django.db import transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# Out of reach, out of space, or not for us: whatever ails a broker of any kind, the sweep makes up for it.
BROKER_ERRORS = (KombuError, AMQPError, RedisError, OSError)


def poke(job: Task, *args: int, times: int = 1) -> None:
    """Send `job` to its queue once the current transaction commits; `times` for that many workers at once."""

    def send() -> None:
        try:
            for _ in range(times):
                job.delay(*args)
        except BROKER_ERRORS as error:
            logger.warning(
                "The broker did not take a message (%s); the sweep will find %s%r.", error, job.name, args
            )

    transaction.on_commit(send)
