"""What is being traced: a call of the pipeline, for one or more images, and the calls of its network."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from generation.daam.heat_maps import Grid
from generation.daam.networks import NetworkInputs
from generation.daam.recorder import time_of
from generation.daam.rows import Rows
from generation.daam.sides import Side


@dataclass
class PipelineCall:
    """One call of the pipeline, from the encoding of the prompts to the images.

    prompt_embeds, negative_embeds: (images, tokens, features), what `encode_prompt` returned.
    latents: per call of the network that held the prompts, its time step, each row's sum over the latents,
        which is not finite if any of them is not, and the images' rows; on the device until somebody asks.
    """

    prompt: Side
    prompt_embeds: torch.Tensor
    negative: Side | None
    negative_embeds: torch.Tensor | None
    latents: list[tuple[torch.Tensor | float, torch.Tensor, list[int]]] = field(default_factory=list)

    def why_not_finite(self, image: int) -> str:
        """From where on, for an image whose sums are not finite."""
        times = [time_of(time_step) for time_step, _, _ in self.latents]
        finite = [bool(sums[rows[image]].isfinite()) for _, sums, rows in self.latents]
        if all(finite):
            return (
                f"The attention of image {image} is not finite, though its latents are in all "
                f"{_steps(times)} steps: the last step's, or the model's weights, hold NaN."
            )
        first = finite.index(False)
        return (
            f"The attention of image {image} is not finite: its latents hold NaN or infinity from step "
            f"{_steps(times[: first + 1])} of {_steps(times)} on (time step {times[first]:.0f})."
        )


@dataclass
class NetworkCall:
    """One call of the network.

    number: from 0, among the pipeline call's that hold the prompts. called, seen: the layers that were called
        so far, and whose attention to the text was seen.
    """

    inputs: NetworkInputs
    rows: Rows
    pipeline_call: PipelineCall
    number: int
    called: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    @functools.cached_property
    def grids(self) -> dict[int, Grid]:
        """{cells: (h, w)} of the network's resolutions."""
        return self.inputs.grids()

    def sides(self) -> list[tuple[Side, list[int]]]:
        """The sides to be recorded, with their rows."""
        of, rows = self.pipeline_call, self.rows
        sides = ((of.prompt, rows.prompt), (of.negative, rows.negative))
        return [(side, own) for side, own in sides if side is not None and own is not None]


def _steps(times: Sequence[float]) -> int:
    """How many steps these calls are: some schedulers call the UNet twice at one time step."""
    return sum(1 for index, time in enumerate(times) if index == 0 or time != times[index - 1])
