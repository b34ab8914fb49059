"""What an image owes to the words of its prompt: summed attention, heat maps (Eq. 6), masks (Eq. 7).

Equations are those of "What the DAAM: Interpreting Stable Diffusion Using Cross Attention", section 2.
This module needs no torch.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from generation.daam.archive import FilePath, HeatMapFileError, read_archive, write_archive
from generation.daam.resampling import bicubic_weights
from generation.daam.tokens import WordNotAttended, find_word, tokens_of_span

Grid = tuple[int, int]
Levels = Mapping[Grid, NDArray[np.float32]]

_FORMAT = "daam-heat-maps"
_VERSION = 1
_PRECISIONS = {"float32": np.float32, "float16": np.float16}
# sides of an image in pixels; a file that claims more is not believed, as drawing it would take the memory
_LONGEST_SIDE = 8192


@dataclass(frozen=True, eq=False)
class WordHeatMap:
    """The attention that an image pays to one word.

    text: the word, as in the prompt.
    image_size: (height, width) in pixels.
    levels: {(h, w): float32 (h, w)}, sums over attention heads, layers and time steps at native resolution,
        averaged over the word's tokens.
    """

    text: str
    image_size: tuple[int, int]
    levels: Levels

    def soft(self, size: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """The heat map of Eq. 6: float32 (height, width), of the image's size unless another is asked for.

        Upscaling is linear, so each resolution's sum is upscaled once (bicubic, as torch does it), which is
        the same map as the sum of every upscaled score. Near sharp edges bicubic weights can overshoot a
        little below 0.

        Raises ValueError if the sums are not finite or the size is not positive.
        """
        height, width = size or self.image_size
        total = np.zeros((height, width))
        for (h, w), cells in self.levels.items():
            total += bicubic_weights(h, height) @ cells @ bicubic_weights(w, width).T
        if not np.isfinite(total).all():
            raise ValueError(f"The heat map of {self.text!r} is not finite.")
        return total.astype(np.float32)

    def mask(self, threshold: float = 0.4, size: tuple[int, int] | None = None) -> NDArray[np.bool_]:
        """The mask of Eq. 7, D >= threshold * max(D): bool (height, width).

        A map that is nowhere above 0 gives an empty mask. Raises ValueError for a threshold outside [0, 1]
        and for sums that are not finite.
        """
        if not 0 <= threshold <= 1:
            raise ValueError(f"The threshold has to be from 0 to 1; it is {threshold}.")
        heat = self.soft(size)
        highest = heat.max()
        if highest <= 0:
            return np.zeros(heat.shape, dtype=np.bool_)
        mask: NDArray[np.bool_] = heat >= np.float32(threshold) * highest
        return mask


@dataclass(frozen=True, eq=False)
class StepLevels:
    """The sums of a single time step.

    time_step: as the scheduler counts it, large at the start (noise).
    levels: {(h, w): float32 (tokens, h, w)}, sums over attention heads and layers.
    """

    time_step: float
    levels: Levels


@dataclass(frozen=True, eq=False)
class GlobalHeatMap:
    """The attention that one image pays to each token of its prompt.

    prompt: the text that was tokenized.
    image_size: (height, width) in pixels.
    levels: {(h, w): float32 (tokens, h, w)}, sums over attention heads, layers and time steps at native
        resolution; the prompt's own tokens, in order, as far as the text encoder sees them.
    offsets: int32 (all tokens, 2), the characters [start, end) of the prompt that each token stands for;
        those beyond the encoder's length come last.
    steps: one entry per time step, in the order of generation, if `trace` was told to keep them.

    Raises ValueError if these do not fit together.
    """

    prompt: str
    image_size: tuple[int, int]
    levels: Levels
    offsets: NDArray[np.int32]
    steps: tuple[StepLevels, ...] = ()

    def __post_init__(self) -> None:
        if not all(0 < side <= _LONGEST_SIDE for side in self.image_size):
            raise ValueError(f"An image of {self.image_size} (height, width) pixels cannot be.")
        offsets = self.offsets
        if offsets.ndim != 2 or offsets.shape[1] != 2:
            raise ValueError(f"Offsets have the shape (tokens, 2), not {offsets.shape}.")
        if offsets.size and not (offsets.min() >= 0 and offsets.max() <= len(self.prompt)):
            raise ValueError("Offsets reach outside the prompt.")
        if not self.levels:
            raise ValueError("A heat map needs the sums of one resolution at least.")
        tokens = self.attended
        for levels in (self.levels, *(step.levels for step in self.steps)):
            if levels.keys() != self.levels.keys():
                raise ValueError(f"A time step has the grids {list(levels)}, not {list(self.levels)}.")
            for (h, w), sums in levels.items():
                if sums.shape != (tokens, h, w) or min(h, w) < 1:
                    raise ValueError(
                        f"Sums of the grid {(h, w)} have the shape {sums.shape}, for {tokens} tokens."
                    )
        if tokens > len(offsets):
            raise ValueError(f"There are sums of {tokens} tokens, but offsets of {len(offsets)} only.")

    @property
    def attended(self) -> int:
        """How many tokens of the prompt, from the first, the text encoder sees."""
        return len(next(iter(self.levels.values())))

    def word(self, text: str, occurrence: int = 0) -> WordHeatMap:
        """The heat map of a word, or of several words in a row; occurrence 0 is the first.

        Only whole words match; capitals are ignored if the text does not occur as written.

        Raises WordNotFound (a KeyError) that names the prompt and its words if the word is absent;
        WordNotAttended (a KeyError) if it lies beyond the encoder's length; ValueError for an empty text or a
        negative occurrence.
        """
        return self.span(*find_word(self.prompt, text, occurrence))

    def span(self, start: int, end: int) -> WordHeatMap:
        """The heat map of the prompt's characters [start, end): the mean over the tokens that they touch.

        Raises ValueError for a span that is empty, outside the prompt or only white space; WordNotAttended (a
        KeyError) if any of its tokens lies beyond the encoder's length.
        """
        tokens = tokens_of_span(self.offsets, len(self.prompt), start, end)
        text = self.prompt[start:end]
        if tokens[-1] >= self.attended:
            raise WordNotAttended(
                f"The text encoder sees only the first {self.attended} tokens of the prompt; {text!r} "
                f"(characters {start} to {end}) needs token {tokens[-1] + 1}."
            )
        means = {grid: sums[tokens].mean(axis=0, dtype=np.float64) for grid, sums in self.levels.items()}
        return WordHeatMap(
            text, self.image_size, {grid: mean.astype(np.float32) for grid, mean in means.items()}
        )

    def during(self, start: int | None = None, stop: int | None = None) -> "GlobalHeatMap":
        """The heat map of the time steps [start, stop) only, in the order of generation.

        The steps are counted as in slices: `during(None, n)` are the first n, `during(-n)` the last n.

        Raises ValueError if the steps were not kept (`trace(pipeline, keep_steps=True)`) or none is in the
        range.
        """
        if not self.steps:
            raise ValueError("The time steps were not kept; trace with keep_steps=True.")
        steps = self.steps[start:stop]
        if not steps:
            raise ValueError(f"None of the {len(self.steps)} time steps is in [{start}, {stop}).")
        return GlobalHeatMap(self.prompt, self.image_size, sum_steps(steps), self.offsets, steps)

    def save(self, file: FilePath | BinaryIO, precision: Literal["float32", "float16"] = "float32") -> None:
        """Write an `.npz` archive to a path (taken as it is) or a binary file.

        Format, version 1, uncompressed; `numpy.load(file, allow_pickle=False)` reads it too:

        - `header`: uint8, a JSON object in UTF-8 with `format` ("daam-heat-maps"), `version` (1),
          `precision`, `prompt`, `image_size` [height, width], `levels` [[h, w], …] and `time_steps` [number,
          …];
        - `offsets`: int32 (all tokens, 2);
        - `level_0`, `level_1`, …: (tokens, h, w), one per entry of `levels`;
        - `steps_0`, `steps_1`, …: (time steps, tokens, h, w), likewise, only if time steps were kept.

        float32 is exact to the bit. float16 halves the size and keeps 3 digits; cells below 6e-8 become 0.

        Raises ValueError if the sums do not fit float16 or the precision is unknown.
        """
        if precision not in _PRECISIONS:
            raise ValueError(f"The precision is one of {', '.join(_PRECISIONS)}, not {precision!r}.")
        grids = list(self.levels)
        arrays: dict[str, NDArray[Any]] = {"offsets": self.offsets.astype(np.int32)}
        for index, grid in enumerate(grids):
            arrays[f"level_{index}"] = _stored(self.levels[grid], precision)
            if self.steps:
                arrays[f"steps_{index}"] = _stored(
                    np.stack([step.levels[grid] for step in self.steps]), precision
                )
        header = {
            "format": _FORMAT,
            "version": _VERSION,
            "precision": precision,
            "prompt": self.prompt,
            "image_size": list(self.image_size),
            "levels": [list(grid) for grid in grids],
            "time_steps": [step.time_step for step in self.steps],
        }
        write_archive(file, header, arrays)

    @classmethod
    def load(cls, file: FilePath | BinaryIO) -> "GlobalHeatMap":
        """Read what `save` wrote, from a path or a binary file. Nothing in the file is ever unpickled.

        Raises HeatMapFileError (a ValueError) for a file that is truncated, of another version, hostile, or
        no heat map; OSError if the path cannot be opened.
        """
        header, arrays = read_archive(file)
        if header.get("format") != _FORMAT:
            raise HeatMapFileError(f"Not a file of heat maps: its format is {header.get('format')!r}.")
        if header.get("version") != _VERSION:
            raise HeatMapFileError(
                f"The file is of version {header.get('version')!r}; this daamweb reads version {_VERSION}."
            )
        try:
            grids = [(_whole(h), _whole(w)) for h, w in header["levels"]]
            time_steps = [_finite(time_step) for time_step in header["time_steps"]]
            height, width = header["image_size"]
            levels = {grid: _restored(arrays[f"level_{index}"], 3) for index, grid in enumerate(grids)}
            by_step = (
                [_restored(arrays[f"steps_{index}"], 4) for index in range(len(grids))] if time_steps else []
            )
            steps = tuple(
                StepLevels(time_step, {grid: sums[number] for grid, sums in zip(grids, by_step, strict=True)})
                for number, time_step in enumerate(time_steps)
            )
            offsets = arrays["offsets"].astype(np.int32)
            prompt = header["prompt"]
            if not isinstance(prompt, str):
                raise TypeError(f"{prompt!r} is not a text.")
            return cls(prompt, (_whole(height), _whole(width)), levels, offsets, steps)
        except KeyError as error:
            raise HeatMapFileError(f"The file lacks {error}.") from error
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise HeatMapFileError(f"The file's parts do not fit together: {error}") from error


def sum_steps(steps: Sequence[StepLevels]) -> dict[Grid, NDArray[np.float32]]:
    """Sums over time steps, {(h, w): float32 (tokens, h, w)}; added in float64."""
    totals = {grid: sums.astype(np.float64) for grid, sums in steps[0].levels.items()}
    for step in steps[1:]:
        for grid, sums in step.levels.items():
            totals[grid] += sums
    return {grid: total.astype(np.float32) for grid, total in totals.items()}


def _stored(sums: NDArray[np.float32], precision: str) -> NDArray[Any]:
    highest = float(np.abs(sums).max(initial=0))
    if precision == "float16" and not highest <= float(np.finfo(np.float16).max):
        raise ValueError(f"Sums up to {highest} do not fit float16; save them as float32.")
    return sums.astype(_PRECISIONS[precision])


def _whole(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{number!r} is not a whole number.")
    return number


def _finite(number: object) -> float:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
        raise TypeError(f"{number!r} is not a finite number.")
    return float(number)


def _restored(stored: NDArray[Any], dimensions: int) -> NDArray[np.float32]:
    if stored.ndim != dimensions or stored.dtype.kind != "f":
        raise HeatMapFileError(f"Sums have the shape {stored.shape} and type {stored.dtype}.")
    sums = stored.astype(np.float32)
    if not math.isfinite(float(sums.sum(dtype=np.float64))):
        raise HeatMapFileError("The sums are not finite.")
    return sums
