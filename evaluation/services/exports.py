"""Ask for files of a study's answers, and write them: a worker's work, since it grows with the study."""

import logging
import shutil
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from annotations.kinds.interface import Tell, unwatched
from annotations.models import Study
from daamweb.projects.services.events import Actor
from daamweb.work.asking import find_or_create
from daamweb.work.attempts import recorded
from daamweb.work.heartbeats import BEATS_PER_LEASE, kept
from daamweb.work.models import WorkQuerySet
from evaluation.errors import SubjectGoneError
from evaluation.exports import UTF_8, note_export, write_study
from evaluation.frames.responses import LAST
from evaluation.frames.snapshots import snapshot
from evaluation.models import Export
from evaluation.services.results import store_file

logger = logging.getLogger(__name__)

TELL_EVERY = 2  # seconds


class _LeaseLost(Exception):
    """Another worker has the export by now, or what it is of was erased."""


def exports_of(study: Study, user: User) -> WorkQuerySet[Export]:
    """What this person asked for, the newest first."""
    return WorkQuerySet(Export).filter(study=study, asked_by=user).order_by("-pk")


def request_export(*, study: Study, by: User, revisions: str = LAST) -> Export:
    """The file that waits or is being written for this person, or a new one, of each answer's last revision
    or of all. Raises SubjectGoneError where the study was deleted meanwhile."""
    try:
        return find_or_create(
            exports_of(study, by).unfinished().first,
            lambda: Export.objects.create(study=study, asked_by=by, revisions=revisions),
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


def save_responses(
    *,
    study: Study,
    path: Path,
    by: Actor,
    tell: Tell = unwatched,
    revisions: str = LAST,
    participations: Path | None = None,
    encoding: str = UTF_8,
) -> int:
    """Write them, and on request the participations of the same moment, into files of this machine; return
    how many. That so many answers are handed out is written down before the first of them is in it, and after
    both could be opened. Raises OSError."""
    with ExitStack() as open_files:
        files = [open_files.enter_context(each.open("wb")) for each in (path, participations) if each]
        written = [open_files.enter_context(TemporaryFile()) for _ in range(2)]
        with snapshot():
            answers = write_study(study, *written, revisions=revisions, encoding=encoding, tell=tell)
        note_export(study, answers=answers, by=by)
        for source, file in zip(written, files, strict=False):  # people only where they are asked for
            source.seek(0)
            shutil.copyfileobj(source, file)
    return answers


class _Watched:
    """An export, kept by a heartbeat that tells how far it is. It has a connection of its own: nobody writes
    by one that reads as of one moment."""

    LEASE = timedelta(seconds=BEATS_PER_LEASE * TELL_EVERY)

    def __init__(self, export: Export) -> None:
        self._export = export
        self._told: tuple[int | None, int | None] = (None, None)
        self._is_lost = False

    def __str__(self) -> str:
        return str(self._export)

    def renew(self) -> bool:
        done, total = self._told
        kept = self._export.renew(done=done, total=total)
        self._is_lost = not kept
        return kept

    def tell(self, done: int, total: int) -> None:
        self._told = (done, total)
        if self._is_lost:
            raise _LeaseLost


def _write(export: Export) -> None:
    """To a file of this machine first: no store takes it line by line."""
    watched = _Watched(export)
    with kept(watched), TemporaryFile() as file, TemporaryFile() as people:
        with snapshot():
            answers = write_study(export.study, file, people, revisions=export.revisions, tell=watched.tell)
        stored = [store_file(each, folder=Export.FOLDER, ending="csv") for each in (file, people)]
        _keep(export, *stored, answers=answers)


@transaction.atomic
def _keep(export: Export, file: str, participations: str, *, answers: int) -> None:
    """Finish it, write down that the answers are handed out, and let go of what the person had before. Files
    go with the next sweep."""
    exports_of(export.study, export.asked_by).exclude(pk=export.pk).delete()
    if not export.mark_kept(file=file, participations=participations, answers=answers):
        raise _LeaseLost
    note_export(export.study, answers=answers, by=export.asked_by)


def forget_exports(study: Study) -> None:
    """Files of answers that are erased; also those that are being written, which then are not kept."""
    Export.objects.filter(study=study).delete()


def delete_old_exports() -> int:
    """Let go of those that were kept long enough; return how many. Their files go as unnamed ones."""
    deleted, _ = Export.objects.filter(finished_at__lt=Now() - Export.KEPT).delete()
    return deleted
