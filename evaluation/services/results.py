"""Results in files: reports by the hash of their inputs, and files of answers; removed when no row names
them."""

from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.db.models import QuerySet
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from annotations.models import Study
from evaluation.documents.archive import ArchiveError, read_document, read_figure, write_archive
from evaluation.documents.content import ReportContent
from evaluation.models import Export, Report

FOLDER = "results"
# A file that no row names may be about to get one.
UNNAMED_FOR = timedelta(hours=1)
DOWNLOAD_SECONDS = 60


class ResultGoneError(LookupError):
    """The file of a report is not there, or damaged: somebody removed it, or a newer one took its place."""


def store_result(content: ReportContent, *, fingerprint: str) -> str:
    """The name under which it is stored."""
    with TemporaryFile() as file:
        write_archive(content, file)
        # Never under the name of a file that is there: that one may be on its way out.
        return _save(f"{FOLDER}/{fingerprint}-{uuid4().hex[:8]}.zip", file)


def store_file(file: IO[bytes], *, folder: str, ending: str) -> str:
    """The name, which nobody can guess, under which a file that was written is stored."""
    return _save(f"{folder}/{uuid4().hex}.{ending}", file)


def _save(name: str, file: IO[bytes]) -> str:
    file.seek(0)
    return default_storage.save(name, File(file))


def download_address(stored: FieldFile, file_name: str) -> str | None:
    """Where a store hands a file out by itself, for a minute, under a name for whoever downloads it; None: it
    is a folder, and the site has to send what is in it."""
    storage: Any = stored.storage
    if isinstance(storage, FileSystemStorage):
        return None
    shown = {"ResponseContentDisposition": f'attachment; filename="{file_name}"'}
    address: str = storage.url(stored.name, parameters=shown, expire=DOWNLOAD_SECONDS)
    return address


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
    """Remove the files that no report, and no export, names any more; return how many."""
    return _delete_unnamed(FOLDER, Report.objects.values_list("file")) + _delete_unnamed(
        Export.FOLDER, Export.objects.values_list("file", "participations")
    )


def _delete_unnamed(folder: str, rows: QuerySet[Any, tuple[str, ...]]) -> int:
    named = {name for names in rows for name in names}
    try:
        _, files = default_storage.listdir(folder)
    except FileNotFoundError:  # nothing was ever stored
        return 0
    unnamed = [name for name in (f"{folder}/{file}" for file in files) if name not in named]
    old = [name for name in unnamed if default_storage.get_modified_time(name) < timezone.now() - UNNAMED_FOR]
    for name in old:
        default_storage.delete(name)
    return len(old)
