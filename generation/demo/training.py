"""A training that can be stopped at any moment and goes on where it was."""

import csv
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

SAVE_SECONDS = 120
WARM_UP = 150  # steps


class Training:
    """A network with its optimizer, moving average, curve and state on the disk.

    name: of the files in `folder`: NAME.pt, the state, and NAME.csv, the curve (step, seconds, loss).
    steps: in all; `step` counts those that are done, in former calls too.
    rate: the learning rate after a short warm-up, from where it falls along a cosine.
    begun: steps that the network's weights have behind them where there is no state.
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
        begun: int = 0,
    ):
        self.network = network.to(device, memory_format=torch.channels_last)
        self.parameters = list(network.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, rate, betas=(0.9, 0.99), weight_decay=1e-4)
        self.average = [parameter.detach().clone() for parameter in self.parameters]
        self.steps, self.rate, self.step, self.seconds = steps, rate, begun, 0.0
        self.state_file, self.curve_file = folder / f"{name}.pt", folder / f"{name}.csv"
        self.losses: list[float] = []
        if self.state_file.exists():
            state = torch.load(self.state_file, map_location=device, weights_only=True)
            network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average, self.step, self.seconds = state["average"], state["step"], state["seconds"]
            print(f"{name}: goes on after step {self.step}", flush=True)

    def __iter__(self) -> Iterator[int]:
        """The steps that are left; saves now and then and at the end, and leaves the averaged weights."""
        began = saved = time.monotonic()
        before, first = self.seconds, self.step
        while self.step < self.steps:
            # Also when it goes on: without a state the optimizer knows nothing of the gradients yet.
            warm, done = min(1.0, (self.step - first + 1) / WARM_UP), self.step / self.steps
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate * warm * max(0.02, math.cos(0.5 * math.pi * done))
            yield self.step
            self.seconds = before + time.monotonic() - began
            if self.step % 100 == 0 or self.step == self.steps:
                self.log()
            if time.monotonic() - saved > SAVE_SECONDS or self.step == self.steps:
                self.save()
                saved = time.monotonic()
        self.take_average()

    def take_average(self) -> None:
        """Give the network the averaged weights, which draw better than the last ones."""
        with torch.no_grad():
            for parameter, average in zip(self.parameters, self.average, strict=True):
                parameter.copy_(average)

    def learn(self, loss: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.step += 1
        self.losses.append(loss.item())
        keep = min(0.999, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                self.average, [parameter.detach() for parameter in self.parameters], 1 - keep
            )

    def log(self) -> None:
        row = [self.step, round(self.seconds), f"{np.mean(self.losses):.5f}"]
        self.losses.clear()
        with self.curve_file.open("a", newline="") as file:
            csv.writer(file).writerow(row)
        print(self.curve_file.stem, *row, flush=True)

    def save(self) -> None:
        """All of it or nothing: a stop in the middle of writing leaves the former state."""
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "step": self.step,
            "seconds": self.seconds,
        }
        unfinished = self.state_file.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(self.state_file)
