"""A report as files in a folder."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from annotations.kinds.interface import Tell, unwatched
from annotations.models import Study
from annotations.services.plans import write_plan
from annotations.services.verifications import verify_study
from daamweb.projects.services.events import Actor
from evaluation.analyses.interface import Analysis
from evaluation.documents.content import NamedFigure, ReportContent
from evaluation.documents.drawing import render_figure
from evaluation.exports import note_export, write_codebook, write_study
from evaluation.frames import participations as people
from evaluation.frames.columns import columns_of
from evaluation.reports.build import build_report
from evaluation.reports.gather import gather
from evaluation.reports.needs import Subject, check_needs

FIGURE_FORMATS = ("svg", "pdf", "png")


def write_report(
    subject: Subject,
    analysis: Analysis,
    folder: Path,
    *,
    progress: Tell = unwatched,
    tell: Tell = unwatched,
    by: Actor = None,
) -> list[Path]:
    """Write the report into a folder: a CSV per table and tables.csv with their titles and notes, every
    figure as SVG, PDF and PNG; of a study also the responses and participations with their codebooks, and the
    plan. Raises NeverOpenedError, MissingNeedsError and OSError.

    All is of one moment, so the tables are those of responses.csv even while people answer. The hash
    that the report gives is that of the settings and of the tasks' hashes in plan.json. `tell` hears how many
    images were read, and of how many; `progress` how many files are written."""
    check_needs(analysis, subject)
    if isinstance(subject, Study):
        verify_study(subject, files=False)
    with TemporaryFile() as answers, TemporaryFile() as participations:
        gathered = gather(subject, analysis, tell, lambda study: write_study(study, answers, participations))
        files: dict[str, Callable[[Path], object]] = {}
        if isinstance(subject, Study):
            files = {
                "responses.csv": partial(_hand_out, subject, len(gathered.inputs.responses), answers, by),
                "codebook.csv": partial(write_codebook, columns_of(subject)),
                "participations.csv": partial(_copy, participations),
                "participations_codebook.csv": partial(write_codebook, people.COLUMNS),
                "plan.json": partial(_write_plan, subject),
            }
        return _write_all(files | _files_of(build_report(gathered, analysis)), folder, progress)


def _files_of(content: ReportContent) -> dict[str, Callable[[Path], object]]:
    """By name, what writes each table and figure."""
    files: dict[str, Callable[[Path], object]] = {}
    files |= {f"{table.name}.csv": table.write_csv for table in (content.table_list(), *content.tables())}
    files |= {
        f"{item.name}.{format}": partial(_write_figure, item, format)
        for item in content.figures()
        for format in FIGURE_FORMATS
    }
    return files


def _write_all(files: dict[str, Callable[[Path], object]], folder: Path, progress: Tell) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for done, (name, write) in enumerate(files.items(), start=1):
        write(folder / name)
        progress(done, len(files))
    return [folder / name for name in files]


def _hand_out(study: Study, count: int, answers: IO[bytes], by: Actor, path: Path) -> None:
    """That so many answers are handed out is written down before the first row, and after the file could be
    opened."""
    with path.open("wb") as file:
        note_export(study, answers=count, by=by)
        answers.seek(0)
        shutil.copyfileobj(answers, file)


def _copy(source: IO[bytes], path: Path) -> None:
    with path.open("wb") as file:
        source.seek(0)
        shutil.copyfileobj(source, file)


def _write_plan(study: Study, path: Path) -> None:
    with path.open("wb") as file:
        write_plan(study, file)


def _write_figure(item: NamedFigure, format: str, path: Path) -> None:
    path.write_bytes(render_figure(item.figure, format))
