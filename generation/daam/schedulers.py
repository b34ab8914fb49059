"""Schedulers by name. No torch until one is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SchedulerChoice:
    """A diffusers scheduler class by name, and the options that make it this scheduler."""

    class_name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def make(self, trained_with: Mapping[str, Any]) -> Any:
        """A new one with the noise schedule that `trained_with`, a scheduler's configuration, tells."""
        import diffusers

        return getattr(diffusers, self.class_name).from_config(trained_with, **self.options)


SCHEDULERS: Mapping[str, SchedulerChoice] = {
    # the paper's, with 30 steps
    "dpm-solver++": SchedulerChoice(
        "DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}
    ),
    "ddim": SchedulerChoice("DDIMScheduler"),
    "euler": SchedulerChoice("EulerDiscreteScheduler"),
    "euler-a": SchedulerChoice("EulerAncestralDiscreteScheduler"),
    # as Stable Diffusion uses it: without the Runge-Kutta steps at the start
    "pndm": SchedulerChoice("PNDMScheduler", {"skip_prk_steps": True}),
}
DEFAULT_SCHEDULER = "dpm-solver++"


def scheduler_choice(name: str) -> SchedulerChoice:
    """The scheduler of this name. Raises ValueError, with the names there are, if there is none."""
    if name not in SCHEDULERS:
        raise ValueError(f"There is no scheduler {name!r}; choose one of {', '.join(SCHEDULERS)}.")
    return SCHEDULERS[name]
