"""What `trace` was asked for."""

from collections.abc import Collection
from dataclasses import dataclass

from generation.daam.recorded_attention import RecordedAttention
from generation.daam.recorder import Recorder


@dataclass(frozen=True, kw_only=True)
class Options:
    """As for `trace`. Raises ValueError where they contradict each other."""

    clamp: bool
    resolutions: Collection[int] | None
    keep_steps: bool
    mid_block: bool
    special_tokens: bool
    negative_prompt: bool
    record: RecordedAttention | None
    inject: RecordedAttention | None

    def __post_init__(self) -> None:
        if self.clamp and self.keep_steps:
            raise ValueError(
                "clamp=True clamps sums over all time steps, so keep_steps=True would have nothing to keep."
            )
        if self.resolutions is not None and not self.resolutions:
            raise ValueError("resolutions is empty; None records every resolution.")
        if self.record is not None and self.record is self.inject:
            raise ValueError("record and inject are the same; record into another RecordedAttention.")

    @property
    def need_all_maps(self) -> bool:
        """Whether the maps themselves are wanted, of all layers, not their sums alone."""
        return self.record is not None or self.inject is not None

    def new_recorder(self) -> Recorder:
        return Recorder(clamp=self.clamp, resolutions=self.resolutions, keep_steps=self.keep_steps)
