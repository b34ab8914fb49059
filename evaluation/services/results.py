"""Results in files: stored by the hash of their inputs, and removed when no row names them."""

from datetime import timedelta
from tempfile import TemporaryFile
from typing import Any
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import default_storage
from django.utils import timezone

from annotations.models import Study
from evaluation.documents.archive import ArchiveError, read_document, read_figure, write_archive
from evaluation.documents.content import ReportContent
from evaluation.models import Report

FOLDER = "results"
# A file that no row names may be about to get one.
UNNAMED_FOR = timedelta(hours=1)


class ResultGoneError(LookupError):
    """The file of a report is not there, or damaged: somebody removed it, or a newer one took its place."""


def store_result(content: ReportContent, *, fingerprint: str) -> str:
    """The name under which it is stored."""
    with TemporaryFile() as file:
        write_archive(content, file)
        file.seek(0)
        # Never under the name of a file that is there: that one may be on its way out.
        return default_storage.save(f"{FOLDER}/{fingerprint}-{uuid4().hex[:8]}.zip", File(file))


def is_readable(report: Report) -> bool:
    """Whether its page can be shown."""
    try:
        load_document(report)
    except ResultGoneError:
        return False
    return True


def load_document(report: Report) -> dict[str, Any]:
    """What the page shows. Raises ResultGoneError."""
    try:
        with report.file.open("rb") as file:
            return read_document(file)
    except (FileNotFoundError, ArchiveError) as error:
        raise ResultGoneError(str(error)) from error


def load_figure(report: Report, name: str) -> bytes:
    """As SVG. Raises KeyError where the report has no such figure, and ResultGoneError."""
    try:
        with report.file.open("rb") as file:
            return read_figure(file, name)
    except (FileNotFoundError, ArchiveError) as error:
        raise ResultGoneError(str(error)) from error


def forget_reports(study: Study) -> None:
    """What was computed of answers that are erased; also what is being computed, which then is not kept. The
    files go with the next sweep."""
    Report.objects.filter(study=study).delete()


def delete_unnamed_results() -> int:
    """Remove the files that no report names any more; return how many."""
    named = set(Report.objects.exclude(file="").values_list("file", flat=True))
    try:
        _, files = default_storage.listdir(FOLDER)
    except FileNotFoundError:  # nothing was ever stored
        return 0
    unnamed = [name for name in (f"{FOLDER}/{file}" for file in files) if name not in named]
    old = [name for name in unnamed if default_storage.get_modified_time(name) < timezone.now() - UNNAMED_FOR]
    for name in old:
        default_storage.delete(name)
    return len(old)
