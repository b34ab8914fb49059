"""The frozen plan of a study: how it is hashed, how it is written to a file, and what has been changed since.

A task's hash is that of its canonical JSON, pictures' hashes included; `tasks_sha256` is the hash of all
tasks' hashes, one a line, in their order; the plan's hash is that of the canonical JSON of {"settings",
"tasks_sha256"}. So a plan of a million tasks is a small row, and every task can be held against it alone."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from annotations.design import DEFAULTS, FROZEN_FIELDS
from annotations.kinds.registry import get_kind
from annotations.models import Deviation, Plan, Study
from annotations.texts import TEXT_FIELDS, said_wordings, whole_texts
from generation.models import GenerationRun

# A task's record: name in the plan → column.
TASK_COLUMNS = {
    "position": "position",
    "rank": "rank",
    "role": "role",
    "variant": "variant",
    "payload": "payload",
    "prompt": "generation__prompt__text",
    "word_start": "word__start",
    "word_end": "word__end",
    "seed": "generation__seed",
    "image_sha256": "generation__image_sha256",
    "heat_maps_sha256": "generation__heat_maps_sha256",
    "checkpoint_revision": "generation__checkpoint_revision",
}
LOADED_AT_ONCE = 500


def canonical_json(value: Any) -> str:
    """The one text of a value: sorted keys, no spaces. Databases may store the keys in another order."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(value: Any) -> str:
    """SHA-256 of the canonical JSON in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def plan_settings(study: Study) -> dict[str, Any]:
    """Everything that is frozen but the tasks: texts, settings, the kind's plan of analysis, how the images
    were made. `study` must be as the database has it, so that its numbers are the same when they are read
    again."""
    kind = get_kind(study.kind)
    return {
        **_design(study),
        **_languages(study),
        "kind": study.kind,
        "options": study.options,
        "scale": {str(code): label for code, label in kind.scale.items()},
        "recipe": study.recipe,
        "left_out": study.left_out,
        "tasks": {
            "item": study.items,
            "control": study.controls,
            "check": study.checks,
            "practice": study.practices,
        },
        "analysis": kind.analysis_settings(study.options, study.replicas),
        "checkpoint_revisions": sorted(
            study.tasks.order_by().values_list("generation__checkpoint_revision", flat=True).distinct()
        ),
        "run": run_settings(study.run),
    }


def _design(study: Study) -> dict[str, Any]:
    """A plan that was frozen before there was a setting says nothing of it, as long as it has its default."""
    frozen = FROZEN_FIELDS if study.plan is None else study.plan.settings
    design = {name: getattr(study, name) for name in FROZEN_FIELDS}
    said = {
        name: value
        for name, value in design.items()
        if name in frozen or name not in DEFAULTS or value != DEFAULTS[name]
    }
    return said | ({"wordings": said_wordings(study)} if "wordings" in said else {})


def _languages(study: Study) -> dict[str, Any]:
    """What it says in the languages that annotators are offered beside its own. Plans of 0.2 say nothing of
    it."""
    if study.plan is None:
        rows = whole_texts(study)
    else:
        rows = list(study.translations.filter(offered=True))
        if not rows and "languages" not in study.plan.settings:
            return {}
    return {"languages": {row.language: {name: getattr(row, name) for name in TEXT_FIELDS} for row in rows}}


def run_settings(run: GenerationRun) -> dict[str, Any]:
    return {
        "checkpoint": run.checkpoint_source,
        "seeds": run.seeds,
        "vary_seeds": run.vary_seeds,
        "num_inference_steps": run.num_inference_steps,
        "guidance_scale": run.guidance_scale,
        "scheduler": run.scheduler,
    }


def task_records(study: Study, *, first: int = 0, count: int | None = None) -> Iterator[dict[str, Any]]:
    """The tasks as they are now, by position, each with "sha256", the hash that it was built with.

    Read slice by slice: SQLite lets nobody write who is in the middle of reading what others have changed."""
    tasks = study.tasks.order_by("position")
    if count is not None:
        tasks = tasks.filter(position__lt=first + count)
    columns = (*TASK_COLUMNS, "sha256")
    rows = tasks.values_list(*TASK_COLUMNS.values(), "sha256")
    slice_: list[tuple[Any, ...]] | None = None
    while slice_ is None or len(slice_) == LOADED_AT_ONCE:
        slice_ = list(rows.filter(position__gte=first)[:LOADED_AT_ONCE])
        for row in slice_:
            record = dict(zip(columns, row, strict=True))
            first = record["position"] + 1
            yield record


def task_sha256(record: dict[str, Any]) -> str:
    """The hash of a task's record, whatever it says of its own hash."""
    return sha256_of({name: record[name] for name in TASK_COLUMNS})


def hash_of_hashes(hashes: Iterable[str]) -> str:
    found = hashlib.sha256()
    for each in hashes:
        found.update(f"{each}\n".encode())
    return found.hexdigest()


def tasks_sha256(study: Study) -> str:
    """The hash over the stored hashes of the study's tasks."""
    stored = study.tasks.order_by("position").values_list("sha256", flat=True)
    return hash_of_hashes(stored.iterator(chunk_size=10_000))


def plan_sha256(settings: dict[str, Any], of_tasks: str) -> str:
    return sha256_of({"settings": settings, "tasks_sha256": of_tasks})


def make_plan(study: Study) -> Plan:
    """The plan that would be frozen now, not saved."""
    settings, of_tasks = plan_settings(study), tasks_sha256(study)
    return Plan(
        settings=settings,
        tasks=study.tasks.count(),
        tasks_sha256=of_tasks,
        sha256=plan_sha256(settings, of_tasks),
    )


def write_plan(study: Study, file: IO[bytes]) -> None:
    """Stream plan.json: settings and hashes as they were frozen, and every task with its hash. A task that
    was changed since stands there as it is now, beside the hash that it had; it is a deviation. Raises
    StudyError for a study that was never opened."""
    plan = study.frozen_plan
    head = {"settings": plan.settings, "sha256": plan.sha256, "tasks_sha256": plan.tasks_sha256}
    file.write(canonical_json(head)[:-1].encode())
    file.write(b',"tasks":[')
    for number, record in enumerate(task_records(study)):
        file.write((",\n" if number else "\n").encode() + canonical_json(record).encode())
    file.write(b"\n]}\n")


def note_deviation(plan: Plan, *, what: str, frozen: str | None, now: str | None) -> None:
    """List it, unless it is listed. `frozen` and `now`: JSON or hashes; None: nothing was, or is, there."""
    Deviation.objects.get_or_create(
        plan=plan,
        sha256=sha256_of([what, frozen, now]),
        defaults={"what": what, "frozen": frozen, "now": now},
    )
