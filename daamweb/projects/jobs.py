"""Celery jobs. Each takes a primary key, may run twice, may die at any line, and is found by a sweep."""

import logging

from celery import shared_task
from django.contrib.auth.models import User
from django.db.models import Model

from daamweb.pokes import poke
from daamweb.projects.models import Erasure
from daamweb.projects.services import erasures
from daamweb.work.shifts import one_shift

logger = logging.getLogger(__name__)


def start_erasure(*, subject: Model, typed_name: str, by: User | None) -> Erasure:
    """Have a worker erase it. Raises ProjectError."""
    erasure = erasures.request_erasure(subject=subject, typed_name=typed_name, by=by)
    if erasure.mark_poked():
        poke(run_erasure, erasure)
    return erasure


@shared_task
def run_erasure(erasure_id: int) -> None:
    erasure = Erasure.objects.select_related("asked_by").filter(pk=erasure_id).first()
    if erasure is None:
        logger.info("Erasure %s is gone.", erasure_id)
        return
    with one_shift(run_erasure, erasure) as shift:
        if not erasures.run_erasure(erasure=erasure, look=shift.look):
            logger.info("Erasure %s failed, or is in the hands of another worker.", erasure_id)
