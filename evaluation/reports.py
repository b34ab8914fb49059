"""From a study's responses to its report, as data and as files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from annotations.models import Study
from annotations.services.plans import write_plan
from annotations.services.verifications import verify_study
from evaluation.documents import NamedFigure, ReportContent, Section
from evaluation.errors import NeverOpenedError
from evaluation.exports import write_codebook, write_responses
from evaluation.figures.drawing import render_figure
from evaluation.frames.responses import response_frame
from evaluation.sections.answers import answer_sections
from evaluation.sections.dropped import dropped_sections
from evaluation.sections.opinion import opinion_sections
from evaluation.sections.plan import plan_section
from evaluation.sections.presence import presence_sections
from evaluation.snapshots import snapshot

SECTIONS: dict[str, Callable[[Study, pd.DataFrame], tuple[Section, ...]]] = {
    "attribution": opinion_sections,
    "object_presence": presence_sections,
}
FIGURE_FORMATS = ("svg", "pdf", "png")


def build_report(study: Study, responses: pd.DataFrame) -> ReportContent:
    """Compute the report of an opened study from its responses, as `frames.response_frame` reads them. Raises
    NeverOpenedError."""
    if study.plan is None:
        raise NeverOpenedError(study.name)
    plan = plan_section(study, responses)
    sections = (
        plan,
        *SECTIONS.get(study.kind, answer_sections)(study, responses),
        *dropped_sections(responses),
    )
    return ReportContent(study=study.name, sections=sections)


def write_report(
    study: Study, folder: Path, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Write the report into a folder: responses with their codebook, the plan, a CSV per table and
    tables.csv with their titles and notes, every figure as SVG, PDF and PNG. Raises NeverOpenedError and
    OSError.

    The responses are read once, so the tables are those of responses.csv even while people answer. The hash
    that the report gives is that of the settings and of the tasks' hashes in plan.json. `progress` is told
    how many files are written, and of how many."""
    if study.plan is None:
        raise NeverOpenedError(study.name)
    verify_study(study, files=False)
    with snapshot():
        responses = response_frame(study)
        content = build_report(study, responses)
    files: dict[str, Callable[[Path], object]] = {
        "responses.csv": partial(write_responses, responses),
        "codebook.csv": partial(write_codebook, study),
        "plan.json": partial(_write_plan, study),
        **{f"{table.name}.csv": table.write_csv for table in (content.table_list(), *content.tables())},
        **{
            f"{item.name}.{format}": partial(_write_figure, item, format)
            for item in content.figures()
            for format in FIGURE_FORMATS
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    for done, (name, write) in enumerate(files.items(), start=1):
        write(folder / name)
        if progress:
            progress(done, len(files))
    return [folder / name for name in files]


def _write_plan(study: Study, path: Path) -> None:
    with path.open("wb") as file:
        write_plan(study, file)


def _write_figure(item: NamedFigure, format: str, path: Path) -> None:
    path.write_bytes(render_figure(item.figure, format))
