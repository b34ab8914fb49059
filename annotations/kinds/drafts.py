"""What a kind makes of a generation before the study stores it."""

from dataclasses import dataclass, field
from typing import Any

from generation.models import Generation, Word


@dataclass(frozen=True)
class TaskDraft:
    generation: Generation
    payload: dict[str, Any] = field(default_factory=dict)
    word: Word | None = None
    is_attention_check: bool = False
