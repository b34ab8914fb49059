"""Train the demo checkpoint: one command, on a CPU or a GPU, that can be stopped and started again.

    python -m generation.demo.train [--folder var/demo_training] [--steps 8000] [--threads 2]

Four stages, each of which goes on where it was stopped:

    autoencoder   on crops of fresh scenes, then on whole ones
    latents       scenes as latents with their captions, once, since encoding costs as much as learning
    unet          v-prediction, min-SNR weights, a moving average of the weights
    export        float16 safetensors in diffusers' format, into generation/demo/checkpoint

The state is written every few minutes into the folder, together with the curve (`autoencoder.csv`,
`unet.csv`: step, seconds, loss). What was run for the checkpoint that comes with the project stands in its
model card.
"""

import argparse
import csv
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from generation.demo import architecture
from generation.demo.scenes import SIZE, scene

CHECKPOINT = Path(__file__).with_name("checkpoint")
SAVE_SECONDS = 240
SCENES_PER_SHARD = 2048
# Scenes for training and for looking at the result never meet: other seeds.
TRAINING_SEED, HELD_OUT_SEED = 1, 999


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("var/demo_training"), help="where the state is kept"
    )
    parser.add_argument("--autoencoder-steps", type=int, default=5000)
    parser.add_argument("--shards", type=int, default=16, help=f"of {SCENES_PER_SHARD} scenes as latents")
    parser.add_argument("--steps", type=int, default=8000, help="of the UNet")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--export", type=Path, default=CHECKPOINT, help="where the checkpoint is written")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    vae = train_autoencoder(options.folder, options.autoencoder_steps, device)
    write_latents(vae, options.folder, options.shards, device)
    unet = train_unet(options.folder, options.steps, options.batch_size, device)
    export(vae, unet, options.export)


class Training:
    """A network with its optimizer, moving average, curve and state on the disk."""

    def __init__(
        self, name: str, network: torch.nn.Module, folder: Path, steps: int, rate: float, device: str
    ):
        self.network = network.to(device, memory_format=torch.channels_last)
        self.parameters = list(network.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, rate, betas=(0.9, 0.99), weight_decay=1e-4)
        self.average = [parameter.detach().clone() for parameter in self.parameters]
        self.steps, self.rate, self.step, self.seconds = steps, rate, 0, 0.0
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
        before = self.seconds
        while self.step < self.steps:
            warm, done = min(1.0, (self.step + 1) / 150), self.step / self.steps
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate * warm * max(0.02, math.cos(0.5 * math.pi * done))
            yield self.step
            self.seconds = before + time.monotonic() - began
            if self.step % 100 == 0 or self.step == self.steps:
                self.log()
            if time.monotonic() - saved > SAVE_SECONDS or self.step == self.steps:
                self.save()
                saved = time.monotonic()
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


def as_tensor(images: np.ndarray) -> torch.Tensor:
    """uint8 (images, height, width, 3) → float32 (images, 3, height, width) from -1 to 1."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    return pixels.contiguous(memory_format=torch.channels_last)


def train_autoencoder(folder: Path, steps: int, device: str) -> Any:
    """Crops around objects first, since grounds are quickly learnt; whole scenes for the last tenth, so that
    the norms meet what they will see."""
    torch.manual_seed(0)
    vae = architecture.autoencoder()
    training = Training("autoencoder", vae, folder, steps, 1.5e-3, device)
    rng = np.random.default_rng([0, training.step])
    for step in training:
        batch = _crops(rng, 16) if step < 0.9 * steps else np.stack([scene(rng).image for _ in range(6)])
        images = as_tensor(batch).to(device)
        posterior = vae.encode(images).latent_dist
        # Without noise at first, or the decoder learns to ignore the latents.
        latents = posterior.mode() if step < 300 else posterior.sample()
        drawn = vae.decode(latents).sample
        divergence = 0.5 * (posterior.mean**2 + posterior.var - 1 - posterior.logvar).mean()
        edges = F.l1_loss(drawn.diff(dim=-1), images.diff(dim=-1)) + F.l1_loss(
            drawn.diff(dim=-2), images.diff(dim=-2)
        )
        training.learn(F.l1_loss(drawn, images) + 2 * F.mse_loss(drawn, images) + edges + 3e-4 * divergence)
    return vae.eval()


def _crops(rng: np.random.Generator, count: int) -> np.ndarray:
    """Squares of half the side, around an object of each scene: uint8 (count, height, width, 3)."""
    side, crops = SIZE // 2, []
    for _ in range(count):
        drawn = scene(rng)
        masks = [word.mask for word in drawn.words if word.role == "object" and word.mask.any()]
        rows, columns = np.nonzero(masks[rng.integers(len(masks))])
        pixel = rng.integers(len(rows))
        top = int(np.clip(rows[pixel] - rng.integers(side), 0, SIZE - side))
        left = int(np.clip(columns[pixel] - rng.integers(side), 0, SIZE - side))
        crops.append(drawn.image[top : top + side, left : left + side])
    return np.stack(crops)


@torch.no_grad()
def write_latents(vae: Any, folder: Path, shards: int, device: str) -> None:
    """Shards of scenes: latents of float16 (scenes, channels, h, w), scaled to deviation 1, and token ids."""
    tokens = architecture.tokenizer()
    for number in range(shards):
        file = folder / f"latents-{number:03d}.pt"
        if file.exists():
            continue
        rng = np.random.default_rng([TRAINING_SEED, number])
        scenes = [scene(rng) for _ in range(SCENES_PER_SHARD)]
        latents = torch.cat(
            [
                vae.encode(
                    as_tensor(np.stack([drawn.image for drawn in scenes[first : first + 32]])).to(device)
                )
                .latent_dist.mode()
                .cpu()
                for first in range(0, len(scenes), 32)
            ]
        )
        if number == 0:
            torch.save(1 / latents.std().item(), folder / "scaling_factor.pt")
        latents = latents * torch.load(folder / "scaling_factor.pt", weights_only=True)
        ids = tokens([drawn.caption for drawn in scenes], padding="max_length", truncation=True)["input_ids"]
        torch.save({"latents": latents.half(), "ids": torch.tensor(ids)}, file)
        print(f"latents {number + 1} of {shards}", flush=True)
    vae.register_to_config(scaling_factor=torch.load(folder / "scaling_factor.pt", weights_only=True))


def train_unet(folder: Path, steps: int, batch_size: int, device: str) -> Any:
    torch.manual_seed(1)
    unet = architecture.unet()
    tokens = architecture.tokenizer()
    encoder = architecture.text_encoder(tokens).to(device)
    training = Training("unet", unet, folder, steps, 1e-3, device)
    shards = [torch.load(file, weights_only=True) for file in sorted(folder.glob("latents-*.pt"))]
    all_latents = torch.cat([shard["latents"] for shard in shards])
    all_ids = torch.cat([shard["ids"] for shard in shards])
    unconditional = torch.tensor(tokens([""], padding="max_length")["input_ids"])
    signal = architecture.scheduler().alphas_cumprod
    ratio = signal / (1 - signal)
    # min-SNR (Hang et al., 2023), γ = 5, for v-prediction
    weights = (torch.clamp(ratio, max=5) / (ratio + 1)).to(device)
    signal = signal.to(device)
    torch.manual_seed(1000 + training.step)
    for _ in training:
        chosen = torch.randint(len(all_latents), (batch_size,))
        latents = all_latents[chosen].float().to(device, memory_format=torch.channels_last)
        ids = all_ids[chosen].clone()
        ids[torch.rand(batch_size) < 0.1] = unconditional
        states = encoder(ids.to(device)).last_hidden_state
        noise = torch.randn_like(latents)
        times = torch.randint(1000, (batch_size,), device=device)
        alpha = signal[times].sqrt()[:, None, None, None]
        sigma = (1 - signal[times]).sqrt()[:, None, None, None]
        predicted = unet(alpha * latents + sigma * noise, times, states).sample
        errors = ((predicted - (alpha * noise - sigma * latents)) ** 2).mean((1, 2, 3))
        training.learn((weights[times] * errors).mean())
    return unet.eval()


def export(vae: Any, unet: Any, folder: Path) -> None:
    """The whole pipeline in diffusers' format, float16."""
    pipeline = architecture.pipeline(vae.cpu(), unet.cpu()).to(torch.float16)
    pipeline.save_pretrained(folder, safe_serialization=True)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    print(f"{folder}: {size:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
