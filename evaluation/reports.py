"""From a study's responses to its report, as data and as files."""

from collections.abc import Callable
from pathlib import Path

from annotations.models import Study
from annotations.services.plans import canonical_json
from evaluation.documents import ReportContent, Section
from evaluation.errors import NeverOpenedError
from evaluation.exports import write_codebook, write_responses
from evaluation.figures import render_figure
from evaluation.sections.opinion import opinion_sections
from evaluation.sections.plan import plan_section
from evaluation.sections.presence import presence_sections

SECTIONS: dict[str, Callable[[Study], tuple[Section, ...]]] = {
    "attribution": opinion_sections,
    "object_presence": presence_sections,
}
FIGURE_FORMATS = ("svg", "pdf", "png")


def build_report(study: Study) -> ReportContent:
    """Compute the report of an opened study. Raises NeverOpenedError."""
    if study.plan is None:
        raise NeverOpenedError(study.name)
    return ReportContent(study=study.name, sections=(plan_section(study), *SECTIONS[study.kind](study)))


def write_report(study: Study, folder: Path) -> list[Path]:
    """Write the report into a folder: responses with their codebook, the plan, a CSV per table, every figure
    as SVG, PDF and PNG. Raises NeverOpenedError and OSError.

    The SHA-256 of plan.json is the one that the report gives: the file is the canonical JSON.
    """
    content = build_report(study)
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "responses.csv", folder / "codebook.csv", folder / "plan.json"]
    write_responses(study, written[0])
    write_codebook(study, written[1])
    written[2].write_bytes(canonical_json(study.plan).encode())
    for table in content.tables():
        path = folder / f"{table.name}.csv"
        table.write_csv(path)
        written.append(path)
    for item in content.figures():
        for format in FIGURE_FORMATS:
            path = folder / f"{item.name}.{format}"
            path.write_bytes(render_figure(item.figure, format))
            written.append(path)
    return written
