"""What the commands that write reports share."""

from pathlib import Path
from typing import TypeVar

from django.core.management.base import CommandError
from django.db.models import QuerySet

from annotations.errors import UnknownKindError
from annotations.models import Study
from daamweb.progress import progress_bar
from evaluation.analyses.interface import Analysis
from evaluation.errors import ReportError
from evaluation.reports.files import write_report
from evaluation.reports.needs import Subject
from generation.models import GenerationRun

Row = TypeVar("Row", Study, GenerationRun)
MOST_NAMES = 10


def write_with_bars(subject: Subject, analysis: Analysis, folder: Path) -> int:
    """Write a report with progress bars; return the number of files. Raises CommandError."""
    with progress_bar(total=0, unit="images") as images, progress_bar(total=0, unit="files") as files:

        def show_images(done: int, total: int) -> None:
            images.total = total
            images.update(done - images.n)

        def show_files(done: int, total: int) -> None:
            files.total = total
            files.update(done - files.n)

        try:
            return len(write_report(subject, analysis, folder, progress=show_files, tell=show_images))
        except OSError as error:
            raise CommandError(f"The report cannot be written: {error}.") from error
        except (ReportError, UnknownKindError) as error:
            raise CommandError(str(error)) from error


def find_named(rows: QuerySet[Row], name: str) -> Row:
    """Raises CommandError, with the names that there are."""
    found = rows.filter(name=name).first()
    if found is None:
        what = rows.model._meta.verbose_name
        names = list(rows.order_by("name").values_list("name", flat=True)[: MOST_NAMES + 1])
        known = ", ".join(map(repr, names[:MOST_NAMES])) or "none"
        more = ", …" if len(names) > MOST_NAMES else ""
        raise CommandError(f"There is no {what} named {name!r}. There are: {known}{more}.")
    return found
