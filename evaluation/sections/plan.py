"""What was frozen when the study opened, what was changed since, and what the report was computed with."""

import textwrap
from importlib.metadata import version
from typing import Any

from annotations.models import Assignment, Study
from annotations.services.plans import plan_deviations
from daamweb import CODE_VERSION
from evaluation.documents import Section, Table
from evaluation.models import Report
from generation.models import GenerationRun

LIBRARIES = ("numpy", "scipy", "statsmodels", "pandas")
# What the settings of an analysis are called; one that is not here is called by its name in the plan.
SETTINGS = {
    "confidence": "confidence level",
    "min_valid": "ratings that an item needs",
    "exclude_failed_checks": "excludes who failed an attention check",
    "present_objects": "objects counted as present",
}
LONGEST_VALUE = 200  # characters; plan.json has all of it


def plan_section(study: Study, answered: int) -> Section:
    """The first section of every report. `answered`: how many places, in the data that it reports."""
    return Section(
        "The frozen plan",
        text="Texts, settings, tasks, pictures and the analysis were frozen and hashed when the study "
        "opened. The hash is that of plan.json, which the command “report” writes.",
        tables=(_plan(study, answered), _deviations(study)),
    )


def _plan(study: Study, answered: int) -> Table:
    plan = study.plan
    places = Assignment.objects.filter(study=study).count()
    checks = sum(task["attention_check"] for task in plan["tasks"])
    revisions = sorted({task["checkpoint_revision"] or "unknown" for task in plan["tasks"]})
    rows = (
        ("SHA-256 of the plan", study.plan_sha256),
        ("opened", f"{study.opened_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("closed", f"{study.closed_at:%Y-%m-%d %H:%M:%S} UTC" if study.closed_at else "not yet"),
        ("kind of task", plan["kind"].replace("_", " ")),
        ("tasks", f"{len(plan['tasks'])}, of which attention checks: {checks}"),
        ("left out when the study was built", str(len(plan["left_out"]))),
        ("annotators per task", str(plan["replicas"])),
        ("answered so far", f"{answered} of {places} places"),
        ("images by", f"{study.run.checkpoint}, revision {', '.join(revisions)}"),
        ("images made with", _run_settings(plan["run"])),
        *(
            (f"analysis: {SETTINGS.get(name, name)}", _in_words(value))
            for name, value in plan["analysis"].items()
        ),
        ("computed by", f"daamweb {CODE_VERSION}"),
        (
            "computed with",
            ", ".join(
                (f"report version {Report.VERSION}", *(f"{name} {version(name)}" for name in LIBRARIES))
            ),
        ),
    )
    return Table("plan", "The plan in short", ("what", "value"), rows)


def _run_settings(run: dict[str, Any]) -> str:
    seeds = ", ".join(str(seed) for seed in run["seeds"])
    return (
        f"{GenerationRun.Scheduler(run['scheduler']).label}, {run['num_inference_steps']} steps, "
        f"guidance {run['guidance_scale']:g}, seed{'' if len(run['seeds']) == 1 else 's'} {seeds}"
        f"{', varied by prompt' if run['vary_seeds'] else ''}"
    )


def _in_words(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _deviations(study: Study) -> Table:
    rows = tuple(
        (deviation.what, _shortened(deviation.frozen), _shortened(deviation.now))
        for deviation in plan_deviations(study)
    )
    return Table(
        "deviations",
        "Deviations from the plan since",
        ("what", "as frozen", "now"),
        rows,
        empty="None: everything is as it was frozen.",
    )


def _shortened(value: str | None) -> str:
    return "—" if value is None else textwrap.shorten(value, LONGEST_VALUE, placeholder=" …")
