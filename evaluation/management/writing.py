"""What the commands that write reports share."""

from pathlib import Path

from django.core.management.base import CommandError

from annotations.errors import UnknownKindError
from daamweb.progress import progress_bar
from evaluation.analyses.interface import Analysis
from evaluation.errors import ReportError
from evaluation.reports.files import write_report
from evaluation.reports.needs import Subject


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
