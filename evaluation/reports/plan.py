"""What was frozen when the study opened, what was changed since, and what the report was computed with."""

import textwrap
from collections.abc import Mapping
from typing import Any

import pandas as pd

from evaluation.documents.content import Section
from evaluation.documents.tables import Table
from evaluation.frames.plans import FrozenPlan
from evaluation.reports.versions import computed_with
from generation.models import GenerationRun

# What the settings of an analysis are called; one that is not here is called by its name in the plan.
SETTINGS = {
    "confidence": "confidence level",
    "min_valid": "ratings that an item needs",
    "exclude_failed_checks": "excludes who failed an attention check",
    "present_objects": "objects counted as present",
}
ROLES = {"item": "items", "control": "controls", "check": "attention checks", "practice": "practice"}
ONLY_PAINTED = "only answers whose pictures are known to have been painted"
LONGEST_VALUE = 200  # characters; plan.json has all of it


def plan_section(plan: FrozenPlan, responses: pd.DataFrame) -> Section:
    """The first section of every report, of the answers that it reports."""
    counting = responses[(responses["dropped"] == "") & responses["role"].isin(("item", "control"))]
    return Section(
        "The frozen plan",
        text="Texts, settings, tasks, pictures and the analysis were frozen and hashed when the study "
        "opened. The hash is that of the settings and the tasks’ hashes in plan.json, which the command "
        "“report” writes.",
        tables=(_plan(plan, len(counting)), _deviations(plan)),
    )


def _plan(frozen: FrozenPlan, answered: int) -> Table:
    plan, closed = frozen.settings, frozen.closed_at
    tasks = plan["tasks"]
    revisions = [revision or "unknown" for revision in plan["checkpoint_revisions"]]
    places = (tasks["item"] + tasks["control"]) * plan["replicas"]
    rows = (
        ("SHA-256 of the plan", frozen.sha256),
        ("opened", f"{frozen.opened_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("closed", f"{closed:%Y-%m-%d %H:%M:%S} UTC" if closed else "not yet"),
        ("kind of task", plan["kind"].replace("_", " ")),
        ("tasks", _tasks_in_words(tasks)),
        ("left out when the study was built", str(len(plan["left_out"]))),
        ("annotators per task", str(plan["replicas"])),
        ("answered" if closed else "answered so far", f"{answered} of {places} places"),
        *((("answers erased on request", str(frozen.answers_erased)),) if frozen.answers_erased else ()),
        *((("read in", _languages(plan)),) if plan.get("languages") else ()),
        *((("analysed", ONLY_PAINTED),) if plan.get("painted_only") else ()),
        ("images by", f"{frozen.checkpoint}, revision {', '.join(revisions)}"),
        ("images made with", run_in_words(plan["run"])),
        *(
            (f"analysis: {SETTINGS.get(name, name)}", _in_words(value))
            for name, value in plan["analysis"].items()
        ),
        (
            "rows and files held against the plan",
            f"{frozen.verified_at:%Y-%m-%d %H:%M:%S} UTC" if frozen.verified_at else "when it opened",
        ),
        *computed_with(),
    )
    return Table("plan", "The plan in short", ("what", "value"), rows)


def _languages(plan: Mapping[str, Any]) -> str:
    """What annotators were offered, the study's own language first."""
    others = [
        language if texts["reviewed_by"] else f"{language} (read by no speaker)"
        for language, texts in plan["languages"].items()
    ]
    return ", ".join([plan["language"], *others])


def _tasks_in_words(tasks: dict[str, int]) -> str:
    return ", ".join(f"{ROLES[role]}: {number}" for role, number in tasks.items() if number)


def run_in_words(run: Mapping[str, Any]) -> str:
    """How images were made, by the settings of a run."""
    seeds = ", ".join(str(seed) for seed in run["seeds"])
    return (
        f"{GenerationRun.Scheduler(run['scheduler']).label}, {run['num_inference_steps']} steps, "
        f"guidance {run['guidance_scale']:g}, seed{'' if len(run['seeds']) == 1 else 's'} {seeds}"
        f"{', varied by prompt' if run['vary_seeds'] else ''}"
    )


def _in_words(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _deviations(plan: FrozenPlan) -> Table:
    rows = tuple((what, _shortened(frozen), _shortened(now)) for what, frozen, now in plan.deviations)
    return Table(
        "deviations",
        "Deviations from the plan since",
        ("what", "as frozen", "now"),
        rows,
        empty="None was found: everything is as it was frozen.",
    )


def _shortened(value: str | None) -> str:
    return "—" if value is None else textwrap.shorten(value, LONGEST_VALUE, placeholder=" …")
