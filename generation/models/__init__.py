"""Prompts and what was made of them: prompt set → prompt → word; checkpoint, generation run → generation."""

from generation.models.checkpoints import Checkpoint
from generation.models.generations import Generation
from generation.models.imports import Import
from generation.models.parses import Parse
from generation.models.prompts import Prompt, PromptSet, Word
from generation.models.runs import GenerationRun

__all__ = ["Checkpoint", "Generation", "GenerationRun", "Import", "Parse", "Prompt", "PromptSet", "Word"]
