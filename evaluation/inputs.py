"""What an analysis is given, read from the database before it begins: plain values, frames and heat maps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from generation.daam import GlobalHeatMap, WordHeatMap, WordNotAttended


@dataclass(frozen=True)
class ImageWord:
    """A word of an image's prompt: its characters [start, end), and what the parser said of it. `head` is the
    position of the word it depends on; None: it is the root, or nothing was said."""

    position: int
    start: int
    end: int
    text: str
    lemma: str
    part_of_speech: str
    relation: str
    enhanced_relation: str
    head: int | None


@dataclass(frozen=True)
class Image:
    """A finished image, its prompt's words in their order, and the heat map of each of its tokens."""

    generation: int
    seed: int
    prompt_id: str
    prompt: str
    words: tuple[ImageWord, ...]
    heat_maps: GlobalHeatMap

    def heat_map(self, word: ImageWord) -> WordHeatMap | None:
        """Of a word of the prompt; None where it has none: it was cut off by the text encoder, or is made of
        characters that the encoder does not read."""
        try:
            return self.heat_maps.span(word.start, word.end)
        except (WordNotAttended, ValueError):
            return None


class Images(Protocol):
    """As many as `len` says, one after another. Each is read when its turn comes: go through them once, and
    keep what was computed, not the maps."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Image]: ...


@dataclass(frozen=True)
class Inputs:
    """Only what the analysis said it needs is there; the rest is empty.

    settings: of a study its frozen plan's, of a run how its images were made.
    responses: final responses, one row each; see evaluation/frames/columns.py for its columns.
    answer_columns: those of `responses` that the kind of task added.
    images: of a run or of the study's tasks, by prompt and seed.
    """

    settings: Mapping[str, Any]
    responses: pd.DataFrame = field(default_factory=pd.DataFrame)
    answer_columns: tuple[str, ...] = ()
    images: Images = ()
