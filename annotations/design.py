"""What a researcher decides of a study before it is built; what the form, the command and scripts make."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generation.models import GenerationRun

# What can be edited of a draft: frozen when the study opens.
DESIGN_FIELDS = (
    "name", "title", "consent", "instructions", "replicas", "share_cap", "expected_annotators", "check_every",
    "lease_minutes",
)  # fmt: skip


@dataclass(frozen=True)
class StudyDesign:
    """Empty texts are the kind's own. `options` are the kind's, by the names of its form's fields; those that
    are not given have their defaults. `seed` shuffles the tasks."""

    kind: str
    name: str
    run: GenerationRun
    title: str = ""
    consent: str = ""
    instructions: str = ""
    replicas: int = 3
    share_cap: float | None = None
    expected_annotators: int | None = None
    check_every: int = 10
    lease_minutes: int = 30
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    allow_unfinished: bool = False
