"""Sums of attention scores at the grids' own sizes, on the device where they arise."""

from collections.abc import Collection

import torch
from torch.nn import functional

from generation.daam.heat_maps import Grid


class TraceError(RuntimeError):
    """Tracing cannot give complete maps; the message says why."""


class Recorder:
    """Sums of cross-attention scores of one call of the pipeline, with one or more images.

    clamp: keep each layer and attention head apart, to clamp their upscaled maps at 0 as the authors' code
        does.
    resolutions: only layers whose grid's shorter side is one of these; None for all.
    keep_steps: keep each time step apart.
    """

    def __init__(self, *, clamp: bool, resolutions: Collection[int] | None, keep_steps: bool) -> None:
        self.keeps_attention_heads = clamp
        self._resolutions = resolutions
        self._keep_steps = keep_steps
        self._latent_size: Grid = (0, 0)
        self._time_step: float | None = None
        self._sides: set[int] = set()
        # float32 (images, tokens, cells), or (images, attention heads, tokens, cells) to be clamped
        self._sums: dict[tuple[float | None, str | None, Grid], torch.Tensor] = {}

    @property
    def is_empty(self) -> bool:
        return not self._sums

    def begin_call(self, latent_size: Grid, time_step: torch.Tensor | float) -> None:
        """Prepare for one call of the denoising network.

        latent_size: (height, width) of the finest grid. time_step: needed only if time steps are kept.
        """
        self._latent_size = latent_size
        self._time_step = time_of(time_step) if self._keep_steps else None

    def wants(self, grid: Grid) -> bool:
        """Whether the scores of a layer with this grid are to be added."""
        self._sides.add(min(grid))
        return self._resolutions is None or min(grid) in self._resolutions

    def add(self, layer: str, grid: Grid, scores: torch.Tensor) -> None:
        """Add a layer's scores: float32 (images, tokens, cells), or with attention heads as the second axis
        if this recorder keeps them. The tensor may be kept."""
        key = (self._time_step, layer if self.keeps_attention_heads else None, grid)
        if key in self._sums:
            self._sums[key] += scores
        else:
            self._sums[key] = scores

    def end_call(self) -> None:
        """Raises TraceError if no layer has one of the wanted resolutions."""
        absent = set(self._resolutions or ()) - self._sides
        if absent:
            raise TraceError(
                f"No layer has the resolution {', '.join(map(str, sorted(absent)))}. With latents of "
                f"{self._latent_size} cells there are {', '.join(map(str, sorted(self._sides)))}."
            )

    def levels(self) -> dict[float | None, dict[Grid, torch.Tensor]]:
        """{time step: {(h, w): float32 (images, tokens, h, w)}} in the order of generation.

        The only time step is None unless steps are kept. With clamping there is one level, of the latents'
        size: each layer's and attention head's sum over time upscaled to it, clamped at 0 and summed (the
        authors take the mean, which is the same map up to a factor).
        """
        levels: dict[float | None, dict[Grid, torch.Tensor]] = {}
        for (time_step, _, grid), sums in self._sums.items():
            level = sums.view(*sums.shape[:-1], *grid)
            if self.keeps_attention_heads:
                level = _upscaled(level, self._latent_size).clamp_(min=0).sum(dim=1)
                grid = self._latent_size
            of_step = levels.setdefault(time_step, {})
            of_step[grid] = of_step[grid] + level if grid in of_step else level
        return levels


def time_of(time_step: torch.Tensor | float) -> float:
    """The time step as a number; the network is given one, or the same one for each row."""
    return float(time_step.flatten()[0] if isinstance(time_step, torch.Tensor) else time_step)


def _upscaled(sums: torch.Tensor, size: Grid) -> torch.Tensor:
    """(images, attention heads, tokens, h, w), bicubically upscaled to the size."""
    upscaled = functional.interpolate(sums.flatten(0, 1), size=size, mode="bicubic", align_corners=False)
    return upscaled.view(*sums.shape[:2], *upscaled.shape[1:])
