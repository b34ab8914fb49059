"""Attention of one call of the pipeline for others: their images keep its layout (attention control)."""

import torch

from generation.daam.recorder import TraceError

_MEBIBYTE = 2**20


class RecordedAttention:
    """Every cross-attention map of one call of the pipeline, to be used in others (prompt-to-prompt, Hertz et
    al. 2022). The paper's section 5.2 fixes all of a seed prompt's maps and varies the adjective.

        seed = RecordedAttention()
        with trace(pipeline, record=seed):
            pipeline("a rusty shovel", generator=torch.Generator().manual_seed(0))
        with trace(pipeline, inject=seed):
            pipeline("a wooden shovel", generator=torch.Generator().manual_seed(0))

    Both need the same scheduler and number of steps, as each map belongs to its time step. The maps are those
    of the prompt's own rows, in all layers, the middle block's too, in the type of the model's numbers and on
    its device. In float16, Stable Diffusion 2 at 512 by 512 needs 27 MiB a step and image, 0.8 GiB for 30
    steps.

    memory_limit: the most bytes to hold; a recording that needs more is an error.
    steps: record, and inject, only this many calls of the UNet, from the first; None for all. Fewer leave the
        later prompt more freedom.

    Raises ValueError for a limit or a number of steps below 1.
    """

    def __init__(self, memory_limit: int = 2 * 2**30, steps: int | None = None) -> None:
        if memory_limit < 1 or (steps is not None and steps < 1):
            raise ValueError(
                f"memory_limit and steps have to be positive; they are {memory_limit} and {steps}."
            )
        self.memory_limit = memory_limit
        self.steps = steps
        # (images, attention heads, cells, tokens of the text states)
        self._maps: dict[tuple[int, str], torch.Tensor] = {}
        self._prompts: list[str] = []
        self._columns: list[list[int]] = []
        self._time_steps: list[float] = []

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(maps.nbytes for maps in self._maps.values())

    @property
    def calls(self) -> int:
        """How many calls of the UNet are recorded; a few schedulers make two per time step."""
        return len(self._time_steps)

    def begin(self, prompts: list[str], columns: list[list[int]]) -> None:
        """Forget what was recorded, and record a call with these prompts, one per image, whose tokens stand
        in these columns."""
        self._maps, self._prompts, self._columns, self._time_steps = {}, prompts, columns, []

    def wants(self, call: int) -> bool:
        return self.steps is None or call < self.steps

    def begin_call(self, call: int, time_step: float) -> None:
        """Prepare to record a call of the UNet."""
        if self.wants(call):
            self._time_steps.append(time_step)

    def add(self, call: int, layer: str, maps: torch.Tensor) -> None:
        """Keep one layer's maps: (images, attention heads, cells, tokens).

        Raises TraceError if they do not fit the memory limit.
        """
        held = self.nbytes
        if held + maps.nbytes > self.memory_limit:
            first = sum(each.nbytes for (number, _), each in self._maps.items() if number == 0)
            self._maps, self._time_steps = {}, []
            raise TraceError(
                "The recorded attention does not fit the memory limit of "
                f"{self.memory_limit / _MEBIBYTE:.1f} MiB: one step needs "
                f"{(first if call else held + maps.nbytes) / _MEBIBYTE:.1f} MiB{'' if call else ' or more'}, "
                f"and this was step {call + 1}. Record fewer steps or images, make smaller images, or raise "
                "memory_limit."
            )
        self._maps[call, layer] = maps

    def check(self, prompts: list[str], columns: list[list[int]]) -> None:
        """Raises TraceError unless images with these prompts can use what was recorded."""
        if not self._maps:
            raise TraceError(
                "There is no recorded attention to inject; trace a call of the pipeline with record= first."
            )
        if len(self._prompts) not in (1, len(prompts)):
            raise TraceError(
                f"The attention of {len(self._prompts)} images is recorded; it can be injected into as many, "
                f"not into {len(prompts)}."
            )
        seeds = list(zip(self._prompts, self._columns, strict=True))
        for image, (prompt, own) in enumerate(zip(prompts, columns, strict=True)):
            seed_prompt, seed_columns = seeds[image % len(seeds)]
            if own != seed_columns:
                raise TraceError(
                    f"The prompts {seed_prompt!r} and {prompt!r} differ in their layout, with "
                    f"{len(seed_columns)} and {len(own)} tokens; only attention of the same layout can be "
                    "injected."
                )

    def check_call(self, call: int, time_step: float) -> None:
        """Raises TraceError if this call of the UNet is another one than was recorded in its place."""
        if not self.wants(call):
            return
        if call >= self.calls:
            raise TraceError(
                f"The attention of {self.calls} calls of the UNet is recorded, and this is call {call + 1}: "
                "generate with as many steps as were recorded."
            )
        if self._time_steps[call] != time_step:
            raise TraceError(
                f"Call {call + 1} of the UNet was recorded at time step {self._time_steps[call]:.0f}, and is "
                f"now at {time_step:.0f}: generate with the recording's scheduler and number of steps."
            )

    def maps(self, call: int, layer: str, images: int, shape: torch.Size) -> torch.Tensor | None:
        """The maps to be used: (images, attention heads, cells, tokens); None if later calls are free.

        shape: what is needed, (attention heads, cells, tokens).

        Raises TraceError if the recording has no maps, or others, for this layer.
        """
        if not self.wants(call):
            return None
        maps = self._maps.get((call, layer))
        if maps is None:
            raise TraceError(f"No attention of {layer} is recorded; the recording is of another UNet.")
        if maps.shape[1:] != shape:
            raise TraceError(
                f"The recorded attention of {layer} has the shape {tuple(maps.shape[1:])} (attention heads, "
                f"cells, tokens), and {tuple(shape)} is needed: generate at the size that was recorded."
            )
        return maps.expand(images, *shape)
