"""A training that can be stopped at any moment and goes on where it was."""

import csv
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

SAVE_SECONDS = 120
WARM_UP = 150  # steps


class Training:
    """A network with its optimizers, moving average, curve and state on the disk.

    network: of float32. `dtype` is what it computes in: bfloat16 takes a CPU with AVX-512 BF16 two thirds of
        the time; what is learnt, and the moving average, are kept in float32 all the same.
    name: of the files in `folder`: NAME.pt, the state, and NAME.csv, the curve (step, seconds, loss).
    steps: in all; `step` counts those that are done, in former calls too.
    rate: AdamW's highest learning rate, after a short warm-up; from there it falls in a line to 0.
    matrix_rate: learn the weights of all layers but the first, the last and those of the time step by Muon
        (Jordan et al., 2024), at this rate, which is AdamW's by the size of its updates.
    """

    def __init__(
        self,
        name: str,
        network: torch.nn.Module,
        *,
        folder: Path,
        steps: int,
        rate: float,
        device: str,
        matrix_rate: float | None = None,
        dtype: torch.dtype = torch.float32,
    ):
        self.network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.parameters = list(network.parameters())
        # Of two dimensions at most, since Muon knows matrices only.
        self.masters: list[torch.Tensor] = [
            torch.nn.Parameter(parameter.detach().clone().contiguous().flatten(min(1, parameter.ndim - 1)))
            for parameter in self.parameters
        ]
        matrices: list[torch.Tensor] = []
        others: list[torch.Tensor] = []
        for (layer, parameter), master in zip(network.named_parameters(), self.masters, strict=True):
            edge = any(part in layer for part in ("conv_in", "conv_out", "time_emb"))
            (others if matrix_rate is None or edge or parameter.ndim < 2 else matrices).append(master)
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, rate, betas=(0.9, 0.99), weight_decay=1e-4)
        ]
        if matrix_rate is not None:
            self.optimizers.append(
                torch.optim.Muon(matrices, matrix_rate, weight_decay=0.03, adjust_lr_fn="match_rms_adamw")
            )
        self.rates = [rate] if matrix_rate is None else [rate, matrix_rate]
        self.average = [master.detach().clone() for master in self.masters]
        self.network.to(dtype)
        self.steps, self.step, self.seconds = steps, 0, 0.0
        self.state_file, self.curve_file = folder / f"{name}.pt", folder / f"{name}.csv"
        self.losses: list[float] = []
        if self.state_file.exists():
            self._load(name, device)

    def _load(self, name: str, device: str) -> None:
        state = torch.load(self.state_file, map_location=device, weights_only=True)
        with torch.no_grad():
            torch._foreach_copy_(self.masters, state["masters"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.average, self.step, self.seconds = state["average"], state["step"], state["seconds"]
        self._write(self.masters)
        print(f"{name}: goes on after step {self.step}", flush=True)

    @torch.no_grad()
    def _write(self, weights: Sequence[torch.Tensor]) -> None:
        """Give the network these weights."""
        for parameter, matrix in zip(self.parameters, weights, strict=True):
            parameter.copy_(matrix.view(parameter.shape))

    def __iter__(self) -> Iterator[int]:
        """The steps that are left; saves now and then and at the end, and leaves the averaged weights."""
        began = saved = time.monotonic()
        before, first = self.seconds, self.step
        while self.step < self.steps:
            # Also when it goes on, since the checkpoint that it began from may have been without a state.
            warm = min(1.0, (self.step - first + 1) / WARM_UP)
            factor = warm * (1 - self.step / self.steps)
            for optimizer, rate in zip(self.optimizers, self.rates, strict=True):
                optimizer.param_groups[0]["lr"] = rate * factor
            yield self.step
            self.seconds = before + time.monotonic() - began
            if self.step % 100 == 0 or self.step == self.steps:
                self.log()
            if time.monotonic() - saved > SAVE_SECONDS or self.step == self.steps:
                self.save()
                saved = time.monotonic()
        self.take_average()

    def take_average(self) -> None:
        """Give the network the averaged weights, in float32, which draw better than the last ones."""
        self.network.float()
        self._write(self.average)

    def learn(self, loss: torch.Tensor) -> None:
        self.network.zero_grad()
        loss.backward()
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            if parameter.grad is None:
                raise ValueError("The loss does not depend on all of the network's weights.")
            master.grad = parameter.grad.float().reshape(master.shape)
        torch.nn.utils.clip_grad_norm_(self.masters, 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self._write(self.masters)
        self.step += 1
        self.losses.append(loss.item())
        keep = min(0.999, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [master.detach() for master in self.masters], 1 - keep)

    def log(self) -> None:
        row = [self.step, round(self.seconds), f"{np.mean(self.losses):.5f}"]
        self.losses.clear()
        with self.curve_file.open("a", newline="") as file:
            csv.writer(file).writerow(row)
        print(self.curve_file.stem, *row, flush=True)

    def save(self) -> None:
        """All of it or nothing: a stop in the middle of writing leaves the former state."""
        state = {
            "masters": [master.detach() for master in self.masters],
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "average": self.average,
            "step": self.step,
            "seconds": self.seconds,
        }
        unfinished = self.state_file.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(self.state_file)
