"""Ask for files of a study's answers, and write them: a worker's work, since it grows with the study."""

import logging
import time
from io import TextIOWrapper
from tempfile import TemporaryFile

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.models import Study
from daamweb.work.asking import find_or_create
from daamweb.work.attempts import recorded
from daamweb.work.heartbeats import kept
from daamweb.work.models import WorkQuerySet
from evaluation.errors import SubjectGoneError
from evaluation.exports import Written, note_export, write_responses
from evaluation.frames.responses import answered_turns, response_chunks
from evaluation.models import Export
from evaluation.services.results import store_file

logger = logging.getLogger(__name__)

TELL_EVERY = 1  # seconds


class _LeaseLost(Exception):
    """Another worker has the export by now, or what it is of was erased."""


def exports_of(study: Study, user: User) -> WorkQuerySet[Export]:
    """What this person asked for, the newest first."""
    return WorkQuerySet(Export).filter(study=study, asked_by=user).order_by("-pk")


def request_export(*, study: Study, by: User) -> Export:
    """The file that waits or is being written for this person, or a new one. Raises SubjectGoneError where
    the study was deleted meanwhile."""
    try:
        return find_or_create(
            exports_of(study, by).unfinished().first,
            lambda: Export.objects.create(study=study, asked_by=by),
        )
    except IntegrityError as error:
        raise SubjectGoneError(f"{study} was deleted meanwhile.") from error


def write_export(*, export: Export) -> bool:
    """Write a file that waits; False if another worker has it, it failed, or there was nothing to do."""
    if not export.take():
        return False
    with recorded(export.fail, f"Export {export.pk}"):
        try:
            _write(export)
        except _LeaseLost:
            logger.warning("Export %s went to another worker, or its study's answers were erased.", export.pk)
            return False
        return True
    return False


def _write(export: Export) -> None:
    """To a file of this machine first: no store takes it line by line."""
    with kept(export), TemporaryFile() as file:
        turns = answered_turns(export.study)
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        tell = _progress(export, len(turns))
        answers = write_responses(response_chunks(export.study, turns), text, tell)
        text.detach()  # what was written goes into the file, which stays open
        _keep(export, file=store_file(file, folder=Export.FOLDER, ending="csv"), answers=answers)


@transaction.atomic
def _keep(export: Export, *, file: str, answers: int) -> None:
    """Finish it, write down that the answers are handed out, and let go of what the person had before. Files
    go with the next sweep."""
    exports_of(export.study, export.asked_by).exclude(pk=export.pk).delete()
    if not export.mark_kept(file=file, answers=answers):
        raise _LeaseLost
    note_export(export.study, answers=answers, by=export.asked_by)


def _progress(export: Export, total: int) -> Written:
    told = float("-inf")

    def tell(written: int) -> None:
        nonlocal told
        if time.monotonic() - told < TELL_EVERY:
            return
        told = time.monotonic()
        if not export.renew(done=written, total=total):
            raise _LeaseLost

    return tell


def forget_exports(study: Study) -> None:
    """Files of answers that are erased; also those that are being written, which then are not kept."""
    Export.objects.filter(study=study).delete()


def delete_old_exports() -> int:
    """Let go of those that were kept long enough; return how many. Their files go as unnamed ones."""
    deleted, _ = Export.objects.filter(finished_at__lt=timezone.now() - Export.KEPT).delete()
    return deleted
