"""What a kind makes of a generation before the study stores it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from annotations.models import Task
from generation.models import Generation, Word

# Told how many are done, of how many.
Progress = Callable[[int, int], None]


def unwatched(done: int, total: int) -> None:
    """The progress of work that nobody watches."""


def image_name(generation: Generation) -> str:
    """What an image is called in messages: by what a researcher chose, not by our numbers."""
    return f"Prompt {generation.prompt.external_id!r}, seed {generation.seed}"


@dataclass(frozen=True)
class TaskDraft:
    generation: Generation
    payload: dict[str, Any] = field(default_factory=dict)
    word: Word | None = None
    role: str = Task.Role.ITEM
    variant: str = ""


@dataclass(frozen=True)
class TaskDrafts(Sequence[TaskDraft]):
    """The drafts of a study, and one line for each thing that could not be made a task."""

    drafts: tuple[TaskDraft, ...]
    left_out: tuple[str, ...] = ()

    def __len__(self):
        return len(self.drafts)

    def __getitem__(self, index):
        return self.drafts[index]
