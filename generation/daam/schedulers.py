"""Schedulers by name. No torch until one is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SchedulerChoice:
    """A diffusers scheduler class by name, and the options that make it this scheduler."""

    class_name: str
    options: Mapping[str, Any] = field(default_factory=dict)


SCHEDULERS: Mapping[str, SchedulerChoice] = {
    # the paper's, with 30 steps
    "dpm-solver++": SchedulerChoice(
        "DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}
    ),
    "ddim": SchedulerChoice("DDIMScheduler"),
    "euler": SchedulerChoice("EulerDiscreteScheduler"),
    "euler-a": SchedulerChoice("EulerAncestralDiscreteScheduler"),
    "pndm": SchedulerChoice("PNDMScheduler"),
}
DEFAULT_SCHEDULER = "dpm-solver++"


def make_scheduler(name: str, trained_with: Mapping[str, Any]) -> Any:
    """A new scheduler of this name; the noise schedule is that of the checkpoint's own scheduler
    configuration.

    Raises ValueError for an unknown name.
    """
    if name not in SCHEDULERS:
        raise ValueError(f"There is no scheduler {name!r}; choose one of {', '.join(SCHEDULERS)}.")
    import diffusers

    choice = SCHEDULERS[name]
    return getattr(diffusers, choice.class_name).from_config(trained_with, **choice.options)
