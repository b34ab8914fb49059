"""Celery jobs. Each takes a primary key, may run twice, may die at any line, and is found again by a
sweep."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError

from annotations.models import Opening, Study, Verification
from annotations.services import identities, openings, verifications
from annotations.services.admissions import forget_addresses
from annotations.services.closings import (
    close_study,
    end_closing,
    has_more_to_do,
    note_interrupted,
    pause_study,
    take_back,
)
from annotations.services.turns import expire_due_turns
from daamweb.pokes import poke
from daamweb.projects.services.events import SITE, Actor
from daamweb.projects.shown import Shown

logger = logging.getLogger(__name__)

PART_OF_THE_TIME = 0.25  # until the next sweep
VERIFIED_AT_ONCE = 100  # studies; the next sweep finds the others


def start_opening(*, study: Study, by: Actor = None, seen: Shown | None = None) -> Opening | None:
    """Have a worker open a draft; a paused study is open again at once (None). Raises StudyError."""
    opening = openings.request_opening(study=study, by=by, seen=seen)
    if opening is not None and opening.mark_poked():
        poke(run_opening, opening)
    return opening


@dataclass(frozen=True)
class _Stopping:
    """A study that stops or closes, as a row of which a worker is told. That no worker was need not be kept:
    by the study's state, every sweep finds it."""

    pk: int

    def mark_untold(self) -> None:
        pass


def start_stopping(*, study: Study, by: Actor = None) -> Study:
    """Stop everybody of a study, and have a worker write down who they were. Raises StudyError."""
    stopped = pause_study(study=study, stop_everybody=True, by=by)
    if has_more_to_do(stopped):
        poke(go_on_stopping, _Stopping(stopped.pk))
    return stopped


def start_closing(*, study: Study, at_once: bool = False, by: Actor = None) -> Study:
    """Close a study, have a worker do what a request does not, and hold it against its plan once it is
    closed. Raises StudyError."""
    closed = close_study(study=study, at_once=at_once, by=by)
    if closed.state == Study.State.CLOSED:
        start_verification(study=closed)
    elif has_more_to_do(closed):
        poke(go_on_stopping, _Stopping(closed.pk))
    return closed


def stop_here(*, study: Study, by: Actor = None) -> Study:
    """Stop everybody of a study, all of it here and now. Raises StudyError."""
    stopped = pause_study(study=study, stop_everybody=True, by=by)
    while not _go_on(stopped, by):
        pass
    return stopped


def close_here(*, study: Study, at_once: bool = False, complete: bool = False, by: Actor = None) -> Study:
    """Close a study, all of it here and now but what is being rated. Raises StudyError."""
    while not note_interrupted(study=study):  # of one that is still stopping
        pass
    closed = close_study(study=study, at_once=at_once, complete=complete, by=by)
    if closed.state == Study.State.CLOSED:
        start_verification(study=closed)
        return closed
    while not _go_on(closed, by):
        pass
    closed.refresh_from_db()
    return closed


def _go_on(study: Study, by: Actor) -> bool:
    """What is left to do for a study that stops or closes, for a while; False if it is not all. Raises
    Study.DoesNotExist."""
    if not (take_back(study=study) and note_interrupted(study=study)):
        return False
    if end_closing(study=study, by=by):
        start_verification(study=study)
    return True


def start_verification(*, study: Study) -> Verification:
    """Have a worker hold a study's rows and files against its plan."""
    verification = verifications.request_verification(study=study)
    if verification.mark_poked():
        poke(run_verification, verification)
    return verification


@shared_task
def run_opening(opening_id: int) -> None:
    opening = Opening.objects.filter(pk=opening_id).first()
    if opening is None or not openings.run_opening(opening=opening):
        logger.info("Opening %s is gone, failed, or in the hands of another worker.", opening_id)


@shared_task
def run_verification(verification_id: int) -> None:
    verification = Verification.objects.filter(pk=verification_id).first()
    if verification is None or not verifications.run_verification(verification=verification):
        logger.info("Verification %s is gone or in the hands of another worker.", verification_id)


@shared_task
def go_on_stopping(study_id: int) -> None:
    """Go on where whoever stopped or closed a study left off; what takes too long, behind what else waits."""
    study = Study.objects.filter(pk=study_id).first()
    if study is None:
        logger.info("Study %s is gone.", study_id)
    elif not _go_on(study, by=SITE):
        poke(go_on_stopping, _Stopping(study.pk))


@shared_task
def sweep_studies() -> None:
    """Let places come back whose lease ran out, close the studies at which nobody rates any more, write down
    who is left of those whom a study interrupted, hold the others against their plans once a day, and make
    drafts again of those whose opening was given up.

    It ends after a part of the time until the next one, since other sweeps wait behind it. Studies come in
    any order, so that none is left out again and again."""
    until = time.monotonic() + settings.SWEEP_SECONDS * PART_OF_THE_TIME
    for study in openings.stuck_studies():
        with _by_itself(study):
            openings.give_up_opening(study=study)
    for study in verifications.due_for_verification().order_by("?")[:VERIFIED_AT_ONCE]:
        with _by_itself(study):
            start_verification(study=study)
    sweepable = Study.objects.filter(state__in=(*Study.RUNNING, Study.State.CLOSING)).only(
        "pk", "state", "stops_everybody"
    )
    left = list(sweepable.order_by("?"))
    while left:
        study = left.pop()
        with _by_itself(study):
            expire_due_turns(study=study)
            if study.stops_everybody or study.state == Study.State.CLOSING:
                _go_on(study, by=SITE)
        if left and time.monotonic() > until:
            logger.warning("There was no time for %d studies; the next sweep goes on.", len(left))
            return


@contextmanager
def _by_itself(study: Study) -> Iterator[None]:
    """One study, or one that is erased meanwhile, must not keep the others from being swept."""
    try:
        yield
    except (DatabaseError, Study.DoesNotExist):
        logger.exception("Study %s could not be swept.", study.pk)


@shared_task
def sweep_identities() -> None:
    """Forget who took part in studies whose time to know it is over, and where people were who began on
    another day and have answered nothing."""
    forget_addresses()
    for study in identities.due_studies():
        with _by_itself(study):
            forgotten = identities.forget_identities(study=study)
            logger.info("Study %s: %d people are known by pseudonyms alone now.", study.pk, forgotten)
