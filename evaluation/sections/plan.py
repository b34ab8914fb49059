"""What was frozen when the study opened, what was changed since, and what the report was computed with."""

import textwrap
from importlib.metadata import version
from typing import Any

import pandas as pd

from annotations.models import Study
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
ROLES = {"item": "items", "control": "controls", "check": "attention checks", "practice": "practice"}
LONGEST_VALUE = 200  # characters; plan.json has all of it


def plan_section(study: Study, responses: pd.DataFrame) -> Section:
    """The first section of every report, of the answers that it reports."""
    counting = responses[(responses["dropped"] == "") & responses["role"].isin(("item", "control"))]
    return Section(
        "The frozen plan",
        text="Texts, settings, tasks, pictures and the analysis were frozen and hashed when the study "
        "opened. The hash is that of the settings and the tasks’ hashes in plan.json, which the command "
        "“report” writes.",
        tables=(_plan(study, len(counting)), _deviations(study)),
    )


def _plan(study: Study, answered: int) -> Table:
    plan = study.plan.settings
    tasks = plan["tasks"]
    revisions = [revision or "unknown" for revision in plan["checkpoint_revisions"]]
    places = (tasks["item"] + tasks["control"]) * plan["replicas"]
    erased = study.assignments.filter(responses__erased_at__isnull=False).distinct().count()
    rows = (
        ("SHA-256 of the plan", study.plan.sha256),
        ("opened", f"{study.opened_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("closed", f"{study.closed_at:%Y-%m-%d %H:%M:%S} UTC" if study.closed_at else "not yet"),
        ("kind of task", plan["kind"].replace("_", " ")),
        ("tasks", _tasks_in_words(tasks)),
        ("left out when the study was built", str(len(plan["left_out"]))),
        ("annotators per task", str(plan["replicas"])),
        ("answered" if study.closed_at else "answered so far", f"{answered} of {places} places"),
        *((("answers erased on request", str(erased)),) if erased else ()),
        ("images by", f"{study.run.checkpoint}, revision {', '.join(revisions)}"),
        ("images made with", _run_settings(plan["run"])),
        *(
            (f"analysis: {SETTINGS.get(name, name)}", _in_words(value))
            for name, value in plan["analysis"].items()
        ),
        (
            "rows and files held against the plan",
            f"{study.plan.verified_at:%Y-%m-%d %H:%M:%S} UTC" if study.plan.verified_at else "when it opened",
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


def _tasks_in_words(tasks: dict[str, int]) -> str:
    return ", ".join(f"{ROLES[role]}: {number}" for role, number in tasks.items() if number)


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
        for deviation in study.plan.deviations.all()
    )
    return Table(
        "deviations",
        "Deviations from the plan since",
        ("what", "as frozen", "now"),
        rows,
        empty="None was found: everything is as it was frozen.",
    )


def _shortened(value: str | None) -> str:
    return "—" if value is None else textwrap.shorten(value, LONGEST_VALUE, placeholder=" …")
