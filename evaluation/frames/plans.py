"""A study's frozen plan and what became of it, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotations.models import Study
from evaluation.errors import NeverOpenedError


@dataclass(frozen=True)
class FrozenPlan:
    """settings: everything that was frozen but the tasks; see annotations.services.plans.plan_settings.
    checkpoint: what it was called when the run was made. verified_at: when rows and files were last held
    against the plan. answers_erased: on request of who gave them. deviations: (what, as frozen, now); None:
    there was nothing.
    """

    settings: Mapping[str, Any]
    sha256: str
    opened_at: datetime
    closed_at: datetime | None
    verified_at: datetime | None
    checkpoint: str
    answers_erased: int
    deviations: tuple[tuple[str, str | None, str | None], ...]


def read_plan(study: Study) -> FrozenPlan:
    """Raises NeverOpenedError."""
    if study.plan is None or study.opened_at is None:
        raise NeverOpenedError(study.name)
    erased = study.assignments.filter(responses__erased_at__isnull=False).distinct().count()
    return FrozenPlan(
        settings=study.plan.settings,
        sha256=study.plan.sha256,
        opened_at=study.opened_at,
        closed_at=study.closed_at,
        verified_at=study.plan.verified_at,
        checkpoint=study.run.checkpoint_name,
        answers_erased=erased,
        deviations=tuple(study.plan.deviations.values_list("what", "frozen", "now")),
    )
