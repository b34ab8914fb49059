"""The prompts, or the negative ones, of one call of the pipeline: their tokens, sums and heat maps."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from generation.daam.heat_maps import GlobalHeatMap, StepLevels, sum_steps
from generation.daam.networks import Network
from generation.daam.recorder import Recorder, TraceError
from generation.daam.tokens import PromptTokens, special_tokens, tokenize

Texts = Sequence[str | PromptTokens]


@dataclass(frozen=True, eq=False)
class Side:
    """An entry per image.

    tokens: of each image's text. special: of each image's start and end token, or nothing.
    columns: of the text states, ascending, all that are wanted of any image: a slice, or int64 (columns,).
    recorder: sums the scores of these columns.
    """

    tokens: Sequence[PromptTokens]
    special: Sequence[PromptTokens]
    columns: slice | torch.Tensor
    recorder: Recorder

    def heat_maps(
        self, tokens: Sequence[PromptTokens], image_size: tuple[int, int]
    ) -> list[GlobalHeatMap | None]:
        """One per entry of `tokens`, which is `self.tokens` or `self.special`; None where sums are not
        finite."""
        if not tokens:
            return []
        by_step = {
            time_step: {grid: sums.cpu().numpy() for grid, sums in levels.items()}
            for time_step, levels in self.recorder.levels().items()
        }
        heat_maps: list[GlobalHeatMap | None] = []
        for image, own in enumerate(tokens):
            indices = self._indices(own.columns)
            steps = tuple(
                # indexed by an array: a copy, so that one image's map does not hold the whole batch's
                StepLevels(time_step or 0, {grid: sums[image, indices] for grid, sums in levels.items()})
                for time_step, levels in by_step.items()
            )
            levels = sum_steps(steps)
            finite = all(np.isfinite(sums).all() for sums in levels.values())
            kept = () if None in by_step else steps
            heat_maps.append(
                GlobalHeatMap(own.prompt, image_size, levels, own.offsets, kept) if finite else None
            )
        return heat_maps

    def _indices(self, columns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where these columns stand among the recorded ones."""
        if isinstance(self.columns, slice):
            return columns - np.int64(self.columns.start)
        return np.searchsorted(self.columns.cpu().numpy(), columns).astype(np.int64)


def new_side(
    network: Network,
    embeds: torch.Tensor,
    texts: Texts,
    *,
    with_special_tokens: bool,
    new_recorder: Callable[[], Recorder],
) -> Side:
    """For texts whose embeddings, (images, tokens, features), hold one or more images of each text in a row.

    Raises TraceError if texts and embeddings do not fit together.
    """
    images, length = embeds.shape[:2]
    if not texts or images % len(texts):
        raise TraceError(f"There are {len(texts)} texts for the embeddings of {images} images.")
    first = network.first_column
    own = [
        each if isinstance(each, PromptTokens) else tokenize(network.tokenizer, each, length - first, first)
        for each in texts
    ]
    for tokens in own:
        if tokens.columns.max(initial=0) >= length:
            raise TraceError(
                f"The tokens of {tokens.prompt!r} reach column {tokens.columns.max()}, but the embeddings "
                f"have only {length}."
            )
    special = [special_tokens(network.tokenizer, each, first) for each in own] if with_special_tokens else []
    copies = images // len(texts)
    return Side(
        tokens=_repeated(own, copies),
        special=_repeated(special, copies),
        columns=_union([each.columns for each in (*own, *special)], embeds.device),
        recorder=new_recorder(),
    )


def given_texts(
    pipeline: Any, network: Network, arguments: dict[str, Any], name: str = "prompt"
) -> list[str] | None:
    """The texts for the encoder that is looked at, among the arguments that `encode_prompt` was given.

    name: "prompt" or "negative_prompt".
    """
    texts = arguments.get(name)
    if network.prompt_argument is not None:
        texts = arguments.get(network.prompt_argument.replace("prompt", name)) or texts
    elif name == "prompt" and arguments.get("prompt_2") not in (None, texts):
        warnings.warn(
            "prompt_2 differs from the prompt. The image attends to both encoders' texts in the same "
            "columns; the heat maps are named after the prompt's words alone.",
            stacklevel=2,
        )
    if texts is None:
        return None
    texts = [texts] if isinstance(texts, str) else list(texts)
    if hasattr(pipeline, "maybe_convert_prompt"):
        texts = pipeline.maybe_convert_prompt(texts, network.tokenizer)
    return list(texts)


def _union(columns: Sequence[NDArray[np.int64]], device: torch.device) -> slice | torch.Tensor:
    """All of these columns, ascending: a slice where they have no gaps, since that makes views."""
    union = np.unique(np.concatenate(columns))
    if union.size == 0:
        return slice(0, 0)
    first, last = int(union[0]), int(union[-1])
    if last - first + 1 == union.size:
        return slice(first, last + 1)
    return torch.from_numpy(union).to(device)


def _repeated(items: Sequence[PromptTokens], copies: int) -> list[PromptTokens]:
    return [each for each in items for _ in range(copies)]
