"""What a researcher decides of a study before it is built; what the form, the command and scripts make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from annotations.models import Study
from generation.models import GenerationRun

# Who takes part, and what these are told and asked for; see the fields of Study. Plans of 0.2 say nothing of
# it.
ACCESS_FIELDS = (
    "access", "contact", "minutes", "pay", "min_width", "min_seconds", "painted_only", "join_at_once",
    "join_per_second", "unanswered_at_most", "unanswered_share", "unanswered_minutes",
)  # fmt: skip
# In which languages it speaks.
LANGUAGE_FIELDS = ("language", "prompt_language", "reviewed_by")
DEFAULTS: dict[str, Any] = {
    field.name: field.get_default()
    for field in Study._meta.concrete_fields
    if field.name in (*ACCESS_FIELDS, *LANGUAGE_FIELDS, "wordings")
}
# What can be edited of a draft: frozen when the study opens.
DESIGN_FIELDS = (
    "name", "title", "consent", "instructions", "replicas", "share_cap", "expected_annotators", "check_every",
    "lease_minutes", *ACCESS_FIELDS, *LANGUAGE_FIELDS,
)  # fmt: skip
# With what the kind says in the study's language, which has a page of its own.
FROZEN_FIELDS = (*DESIGN_FIELDS, "wordings")


@dataclass(frozen=True)
class StudyDesign:
    """Empty texts are the kind's own, in the study's language; `languages` are those that it speaks besides,
    as far as the kind speaks them. `options` are the kind's, by the names of its form's fields; those that
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
    access: str = Study.Access.LINK
    contact: str = ""
    minutes: int | None = None
    pay: str = ""
    min_width: int | None = None
    min_seconds: float | None = None
    painted_only: bool = False
    join_at_once: int = 250
    join_per_second: float = 1.0
    unanswered_at_most: int = 250
    unanswered_share: float = 0.2
    unanswered_minutes: int = 5
    language: str = "en"
    prompt_language: str = "en"
    reviewed_by: str = ""
    languages: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    allow_unfinished: bool = False
