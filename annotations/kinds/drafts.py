"""What a kind makes of a generation before the study stores it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from generation.models import Generation, Word


@dataclass(frozen=True)
class TaskDraft:
    generation: Generation
    payload: dict[str, Any] = field(default_factory=dict)
    word: Word | None = None
    is_attention_check: bool = False


@dataclass(frozen=True)
class TaskDrafts(Sequence[TaskDraft]):
    """The drafts of a study, and one line for each thing that could not be made a task."""

    drafts: tuple[TaskDraft, ...]
    left_out: tuple[str, ...] = ()

    def __len__(self):
        return len(self.drafts)

    def __getitem__(self, index):
        return self.drafts[index]
