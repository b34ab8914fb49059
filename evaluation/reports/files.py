"""A report as files in a folder."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from annotations.kinds.interface import Tell, unwatched
from annotations.models import Study
from annotations.services.plans import write_plan
from annotations.services.verifications import verify_study
from daamweb.projects.services.events import Actor
from evaluation.analyses.interface import Analysis
from evaluation.documents.content import NamedFigure
from evaluation.documents.drawing import render_figure
from evaluation.exports import save_frame, save_participations, write_codebook
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

    The responses are read once, so the tables are those of responses.csv even while people answer. The hash
    that the report gives is that of the settings and of the tasks' hashes in plan.json. `tell` hears how many
    images were read, and of how many; `progress` how many files are written."""
    check_needs(analysis, subject)
    if isinstance(subject, Study):
        verify_study(subject, files=False)
    gathered = gather(subject, analysis, tell)
    content = build_report(gathered, analysis)
    files: dict[str, Callable[[Path], object]] = {}
    if isinstance(subject, Study):
        files = {
            "responses.csv": partial(_save, subject, gathered.inputs.responses, by),
            "codebook.csv": partial(write_codebook, columns_of(subject)),
            "participations.csv": partial(save_participations, gathered.participations),
            "participations_codebook.csv": partial(write_codebook, people.COLUMNS),
            "plan.json": partial(_write_plan, subject),
        }
    files |= {f"{table.name}.csv": table.write_csv for table in (content.table_list(), *content.tables())}
    files |= {
        f"{item.name}.{format}": partial(_write_figure, item, format)
        for item in content.figures()
        for format in FIGURE_FORMATS
    }
    folder.mkdir(parents=True, exist_ok=True)
    for done, (name, write) in enumerate(files.items(), start=1):
        write(folder / name)
        progress(done, len(files))
    return [folder / name for name in files]


def _save(study: Study, responses: pd.DataFrame, by: Actor, path: Path) -> None:
    save_frame(study, responses, path, by=by)


def _write_plan(study: Study, path: Path) -> None:
    with path.open("wb") as file:
        write_plan(study, file)


def _write_figure(item: NamedFigure, format: str, path: Path) -> None:
    path.write_bytes(render_figure(item.figure, format))
