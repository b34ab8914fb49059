"""From a study's responses to its report, as data and as files."""

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from annotations.models import Study
from evaluation.documents import ReportContent, Section, Table
from evaluation.exports import write_responses
from evaluation.figures import render_figure
from evaluation.sections.opinion import opinion_sections
from evaluation.sections.presence import presence_sections

SECTIONS: dict[str, Callable[[Study], tuple[Section, ...]]] = {
    "attribution": opinion_sections,
    "object_presence": presence_sections,
}
FIGURE_FORMATS = ("svg", "pdf", "png")


def build_report(study: Study) -> ReportContent:
    """Compute the report of an opened study. Raises ValueError if it was never opened."""
    if not study.plan:
        raise ValueError(f"{study.name!r} was never opened, so it has no frozen plan and nothing to report.")
    return ReportContent(study=study.name, sections=(_plan(study), *SECTIONS[study.kind](study)))


def _plan(study: Study) -> Section:
    checkpoints = sorted({task["checkpoint_revision"] for task in study.plan["tasks"]})
    rows = (
        ("SHA-256 of the plan", study.plan_sha256),
        ("opened", f"{study.opened_at:%Y-%m-%d %H:%M} UTC"),
        ("closed", f"{study.closed_at:%Y-%m-%d %H:%M} UTC" if study.closed_at else "not yet"),
        ("tasks × annotators", f"{len(study.plan['tasks'])} × {study.plan['replicas']}"),
        ("images by", f"{study.run.checkpoint} ({', '.join(checkpoints)})"),
        ("analysis", json.dumps(study.plan["analysis"])),
        ("computed with", ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "statsmodels"))),
    )
    return Section("The frozen plan", tables=(Table("plan", "Plan", ("", "value"), rows),))


def write_report(study: Study, folder: Path) -> list[Path]:
    """Write the report into a folder: responses, plan, a CSV per table, every figure as SVG, PDF and PNG."""
    content = build_report(study)
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "responses.csv", folder / "plan.json"]
    write_responses(study, written[0])
    written[1].write_text(json.dumps(study.plan, indent=1, ensure_ascii=False), encoding="utf-8")
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
