"""Tell a worker that there is something to do. Rows are the truth: a poke that is lost is made up for by a sweep."""

import logging

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def poke(job: Task, *args: int) -> None:
    """Send `job` to its queue once the current transaction commits."""

    def send() -> None:
        try:
            job.delay(*args)
        except OperationalError as error:
            logger.warning("The broker is not reachable (%s); the sweep will find %s%r.", error, job.name, args)

    transaction.on_commit(send)
