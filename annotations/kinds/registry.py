"""The kinds of task.

A new kind is a new file beside this one, its templates, one line in KINDS, and one line in
`evaluation.reports.SECTIONS` for its report. Options of its own need a field in `annotations.forms` and an
argument of the command build_study; new export columns need a line in `evaluation.exports.CODEBOOK`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from django import forms

from annotations.kinds.attribution import AttributionKind
from annotations.kinds.drafts import Progress, TaskDrafts, unwatched
from annotations.kinds.object_presence import ObjectPresenceKind
from annotations.models import Study, Task
from generation.models import Generation


class Kind(Protocol):
    key: str
    label: str
    template: str  # the task's part of the annotator's page
    examples_template: str  # the examples under the instructions
    title: str  # defaults for a new study
    consent: str
    instructions: str
    export_columns: tuple[str, ...]

    def clean_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Validate the study's options and fill in defaults; raises StudyError."""

    def draft_tasks(
        self, generations: list[Generation], options: Mapping[str, Any], progress: Progress = unwatched
    ) -> TaskDrafts:
        """The tasks of finished generations, and what was left out; raises StudyError when there is nothing
        to judge. `progress` is told after every generation."""

    def analysis_plan(self, study: Study) -> dict[str, Any]:
        """How the answers will be analysed. Part of the frozen plan: it stands before the first answer."""

    def answers_needed(self, settings: Mapping[str, Any]) -> int:
        """Answers that a task needs for the report to say something of it, by the frozen plan's settings."""

    def form(
        self, task: Task, data: Mapping[str, Any] | None = None, initial: dict | None = None
    ) -> forms.Form:
        """The form of one task; `initial` is a stored answer that is being corrected. The `cleaned_data` of
        the valid form is the answer that is stored."""

    def in_words(self, answer: Mapping[str, Any]) -> str:
        """A stored answer, for the person who gave it."""

    def export(self, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
        """One value for each of `export_columns`, of a task's payload and an answer to it."""


KINDS: dict[str, Kind] = {kind.key: kind for kind in (AttributionKind(), ObjectPresenceKind())}


def get_kind(key: str) -> Kind:
    """Raises KeyError with the known kinds."""
    if key not in KINDS:
        raise KeyError(f"There is no kind of task {key!r}; known kinds: {', '.join(KINDS)}.")
    return KINDS[key]
