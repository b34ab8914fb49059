"""The frozen plan of a study: what is hashed when it opens, and what has been changed since."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from annotations.kinds.registry import get_kind
from annotations.models import Study
from generation.models import GenerationRun

_ABSENT = object()


def study_plan(study: Study) -> dict[str, Any]:
    """What is frozen: texts, settings, the kind's plan of analysis, how the images were made, and every task
    with the hashes of its picture and heat maps.

    `study` must be as the database has it, so that its numbers are the same when they are read again.
    """
    tasks = study.tasks.order_by("position").values_list(
        "position",
        "payload",
        "is_attention_check",
        "generation__prompt__text",
        "generation__seed",
        "generation__image_sha256",
        "generation__heat_maps_sha256",
        "generation__checkpoint_revision",
    )
    return {
        "name": study.name,
        "kind": study.kind,
        "title": study.title,
        "consent": study.consent,
        "instructions": study.instructions,
        "replicas": study.replicas,
        "share_cap": study.share_cap,
        "lease_minutes": study.lease_minutes,
        "options": study.options,
        "recipe": study.recipe,
        "left_out": study.left_out,
        "analysis": get_kind(study.kind).analysis_plan(study),
        "run": _run_settings(study.run),
        "tasks": [
            {
                "position": position,
                "payload": payload,
                "attention_check": attention_check,
                "prompt": prompt,
                "seed": seed,
                "image_sha256": image_sha256,
                "heat_maps_sha256": heat_maps_sha256,
                "checkpoint_revision": checkpoint_revision,
            }
            for (
                position,
                payload,
                attention_check,
                prompt,
                seed,
                image_sha256,
                heat_maps_sha256,
                checkpoint_revision,
            ) in tasks
        ],
    }


def _run_settings(run: GenerationRun) -> dict[str, Any]:
    return {
        "checkpoint": run.checkpoint.source,
        "seeds": run.seeds,
        "vary_seeds": run.vary_seeds,
        "num_inference_steps": run.num_inference_steps,
        "guidance_scale": run.guidance_scale,
        "scheduler": run.scheduler,
    }


def canonical_json(plan: dict[str, Any]) -> str:
    """The one text of a plan: sorted keys, no spaces. Databases may store the keys in another order."""
    return json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def plan_hash(plan: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(canonical_json(plan).encode()).hexdigest()


@dataclass(frozen=True)
class Deviation:
    """One place of the plan that is not as it was frozen.

    `what` names the place, such as "title" or "tasks.12.payload.word" (a task by its position). `frozen` and
    `now` are JSON; None: there was, or is, nothing in this place.
    """

    what: str
    frozen: str | None
    now: str | None


def plan_deviations(study: Study) -> tuple[Deviation, ...]:
    """What differs between the frozen plan and the plan that would be frozen now. A draft has none."""
    if study.plan is None:
        return ()
    return tuple(_differences("", _by_position(study.plan), _by_position(study_plan(study))))


def _by_position(plan: dict[str, Any]) -> dict[str, Any]:
    """A task that is gone is one difference then, not one for every task after it."""
    return {**plan, "tasks": {str(task["position"]): task for task in plan["tasks"]}}


def _differences(what: str, frozen: Any, now: Any) -> Iterator[Deviation]:
    if isinstance(frozen, dict) and isinstance(now, dict):
        for key in [*frozen, *(key for key in now if key not in frozen)]:
            inner = f"{what}.{key}" if what else key
            yield from _differences(inner, frozen.get(key, _ABSENT), now.get(key, _ABSENT))
    elif frozen != now:
        yield Deviation(what, _text(frozen), _text(now))


def _text(value: Any) -> str | None:
    return None if value is _ABSENT else json.dumps(value, ensure_ascii=False, sort_keys=True)
