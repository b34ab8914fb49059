"""Train the demo checkpoint: one command, on a CPU or a GPU, that can be stopped and started again.

    python -m generation.demo.train [--folder var/demo_training] [--steps 8000] [--threads 2]
    python -m generation.demo.train --begin-from CHECKPOINT                # trains its UNet on
    python -m generation.demo.train --begin-from CHECKPOINT --new-unet     # keeps its autoencoder only
    python -m generation.demo.train --begin-from CHECKPOINT --decoder-steps 4500   # and its decoder
    python -m generation.demo.train [--begin-from …] --export-only

Four stages, each of which goes on where it was stopped:

    autoencoder   on crops of fresh scenes, then on whole ones; on request, the decoder for longer
    latents       scenes as latents with their captions, once, since encoding costs as much as learning
    unet          v-prediction, softened min-SNR weights, a moving average of the weights
    export        float16 safetensors in diffusers' format, into generation/demo/checkpoint

The state is written every few minutes into the folder, together with the curve (`autoencoder.csv`,
`decoder.csv`, `unet.csv`: step, seconds, loss). What was run for the checkpoint that comes with the project
stands in its model card. Latents are of the scenes and the encoder of the time when they were written:
after a change of either, take another folder.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor

from generation.demo import architecture
from generation.demo.scenes import SIZE, scene
from generation.demo.text_encoder import text_encoder
from generation.demo.training import Training

CHECKPOINT = Path(__file__).with_name("checkpoint")
SCENES_PER_SHARD = 2048
SCENES_FOR_SCALE = 200  # by which latents are measured
# Others than those of the scenes by which the result is scored. Note that numpy takes [1, 0] for 1.
AUTOENCODER_SEED, TRAINING_SEED, DECODER_SEED = 0, 1, 2


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("var/demo_training"), help="where the state is kept"
    )
    parser.add_argument("--autoencoder-steps", type=int, default=5000)
    parser.add_argument(
        "--decoder-steps",
        type=int,
        default=0,
        help="train the decoder on, its encoder as it is, so that latents which are written stay good; "
        "without this, a decoder in the folder is left aside",
    )
    parser.add_argument("--shards", type=int, default=16, help=f"of {SCENES_PER_SHARD} scenes as latents")
    parser.add_argument("--steps", type=int, default=8000, help="of the UNet")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument(
        "--bfloat16", action="store_true", help="the UNet's type; faster on a CPU with AVX-512 BF16"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--export", type=Path, default=CHECKPOINT, help="where the checkpoint is written")
    parser.add_argument(
        "--begin-from",
        type=Path,
        help="a checkpoint of this kind; its autoencoder is kept, but for the decoder with --decoder-steps",
    )
    parser.add_argument("--new-unet", action="store_true", help="do not train that of --begin-from on")
    parser.add_argument("--export-only", action="store_true", help="of the state as it stands, and stop")
    options = parser.parse_args()
    stages = {"autoencoder": options.begin_from is None, "decoder": options.decoder_steps > 0, "unet": True}
    missing = [name for name, used in stages.items() if used and not (options.folder / f"{name}.pt").exists()]
    if options.export_only and missing:
        parser.error(f"{options.folder} has no state of the {' and the '.join(missing)} to export")
    torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    autoencoder, unet = new_networks()
    if options.begin_from:
        autoencoder = AutoencoderKL.from_pretrained(options.begin_from / "vae", torch_dtype=torch.float32)
        if not options.new_unet:
            unet = UNet2DConditionModel.from_pretrained(
                options.begin_from / "unet", torch_dtype=torch.float32
            )
    if options.begin_from is None:
        steps = 0 if options.export_only else options.autoencoder_steps
        train_autoencoder(autoencoder, options.folder, steps, device)
    if options.decoder_steps:
        steps = 0 if options.export_only else options.decoder_steps
        train_decoder(autoencoder, options.folder, steps, device)
    if not options.export_only:
        write_latents(autoencoder, options.folder, options.shards, device)
    steps = 0 if options.export_only else options.steps
    train_unet(unet, options.folder, steps, options.batch_size, device, options.bfloat16)
    export(autoencoder, unet, options.export)


def new_networks() -> tuple[Any, Any]:
    torch.manual_seed(0)
    autoencoder = architecture.autoencoder()
    torch.manual_seed(0)
    return autoencoder, architecture.unet()


def as_tensor(images: np.ndarray) -> torch.Tensor:
    """uint8 (images, height, width, 3) → float32 (images, 3, height, width) from -1 to 1."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    return pixels.contiguous(memory_format=torch.channels_last)


def train_autoencoder(autoencoder: Any, folder: Path, steps: int, device: str) -> None:
    """Crops around objects first, since grounds are quickly learnt: few at a time, since what holds training
    up in the beginning is the number of steps. Whole scenes in the end, so that the norms meet what they
    will see."""
    training = Training("autoencoder", autoencoder, folder=folder, steps=steps, rate=1e-3, device=device)
    torch.manual_seed(2000 + training.step)
    rng = np.random.default_rng([AUTOENCODER_SEED, training.step])
    for step in training:
        done = step / steps
        batch = _crops(rng, 4 if done < 0.5 else 8) if done < 0.9 else _whole(rng, 3)
        images = as_tensor(batch).to(device)
        posterior = autoencoder.encode(images).latent_dist
        drawn = autoencoder.decode(posterior.sample()).sample
        divergence = 0.5 * (posterior.mean**2 + posterior.var - 1 - posterior.logvar).mean()
        edges = 0.5 if done > 0.3 else 0.0
        training.learn(_drawing_loss(drawn, images, edges=edges) + 1e-4 * divergence)
    autoencoder.eval()
    with torch.no_grad():
        scenes = as_tensor(_whole(np.random.default_rng(TRAINING_SEED), SCENES_FOR_SCALE)).to(device)
        spread = torch.cat([autoencoder.encode(some).latent_dist.mode() for some in scenes.split(20)]).std()
    autoencoder.register_to_config(scaling_factor=1 / spread.item())


def _drawing_loss(drawn: torch.Tensor, images: torch.Tensor, *, edges: float) -> torch.Tensor:
    """Both (images, channels, height, width). edges: the weight of the differences between neighbouring
    pixels, which blur takes away."""
    down, across = (F.l1_loss(drawn.diff(dim=axis), images.diff(dim=axis)) for axis in (2, 3))
    return F.l1_loss(drawn, images) + 2 * F.mse_loss(drawn, images) + edges * (down + across)


def train_decoder(autoencoder: Any, folder: Path, steps: int, device: str) -> None:
    """From what the encoder makes of a scene to the scene: the encoder does not learn.

    What maps latents to latents before the decoder's first layer is learnt with it, by Muon like the rest.
    """
    autoencoder.to(device)
    decoder = torch.nn.ModuleList([autoencoder.post_quant_conv, autoencoder.decoder])
    training = Training(
        "decoder", decoder, folder=folder, steps=steps, rate=1e-3, matrix_rate=3e-3, device=device
    )
    torch.manual_seed(3000 + training.step)
    rng = np.random.default_rng([DECODER_SEED, training.step])
    for step in training:
        images = as_tensor(_crops(rng, 8) if step % 3 else _whole(rng, 2)).to(device)
        with torch.no_grad():
            latents = autoencoder.encode(images).latent_dist.sample()
        training.learn(_drawing_loss(autoencoder.decode(latents).sample, images, edges=0.5))
    autoencoder.eval()


def _whole(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.stack([scene(rng).image for _ in range(count)])


def _crops(rng: np.random.Generator, count: int) -> np.ndarray:
    """Squares of half the side, around an object of each scene: uint8 (count, height, width, 3)."""
    side, crops = SIZE // 2, []
    for _ in range(count):
        drawn = scene(rng)
        masks = [
            word.mask
            for word in drawn.words
            if word.role == "object" and word.mask is not None and word.mask.any()
        ]
        rows, columns = np.nonzero(masks[rng.integers(len(masks))])
        pixel = rng.integers(len(rows))
        top = int(np.clip(rows[pixel] - rng.integers(side), 0, SIZE - side))
        left = int(np.clip(columns[pixel] - rng.integers(side), 0, SIZE - side))
        crops.append(drawn.image[top : top + side, left : left + side])
    return np.stack(crops)


@torch.no_grad()
def write_latents(autoencoder: Any, folder: Path, shards: int, device: str) -> None:
    """Shards of scenes: latents of float16 (scenes, channels, h, w), scaled to deviation 1, and token ids."""
    tokens = architecture.tokenizer()
    autoencoder.to(device).eval()
    for number in range(shards):
        file = folder / f"latents-{number:03d}.pt"
        if file.exists():
            continue
        rng = np.random.default_rng([TRAINING_SEED, number])
        scenes = [scene(rng) for _ in range(SCENES_PER_SHARD)]
        batches = [
            np.stack([drawn.image for drawn in scenes[first : first + 32]])
            for first in range(0, len(scenes), 32)
        ]
        latents = torch.cat(
            [autoencoder.encode(as_tensor(batch).to(device)).latent_dist.mode().cpu() for batch in batches]
        )
        ids = tokens([drawn.caption for drawn in scenes], padding="max_length", truncation=True)["input_ids"]
        scaled = autoencoder.config.scaling_factor * latents
        torch.save({"latents": scaled.half(), "ids": torch.tensor(ids)}, file)
        print(f"latents {number + 1} of {shards}", flush=True)


def train_unet(
    unet: Any, folder: Path, steps: int, batch_size: int, device: str, bfloat16: bool = False
) -> None:
    """v-prediction; one caption in ten is left away.

    Errors are weighted by the square root of the min-SNR weights (Hang et al., 2023; γ = 5): those weights
    themselves nearly leave the noisiest time steps out, and there the text decides what will be where.
    """
    if bfloat16 and device == "cpu":
        # Plain products: the fused kernel is slow to differentiate in bfloat16.
        unet.set_attn_processor(AttnProcessor())
    training = Training(
        "unet",
        unet,
        folder=folder,
        steps=steps,
        rate=1e-3,
        matrix_rate=3e-3,
        device=device,
        dtype=torch.bfloat16 if bfloat16 else torch.float32,
    )
    if training.step >= steps:
        training.take_average()
        return
    tokens = architecture.tokenizer()
    encoder = text_encoder(tokens).to(device)
    shards = [torch.load(file, weights_only=True) for file in sorted(folder.glob("latents-*.pt"))]
    all_latents = torch.cat([shard["latents"] for shard in shards])
    all_ids = torch.cat([shard["ids"] for shard in shards])
    unconditional = torch.tensor(tokens([""], padding="max_length")["input_ids"])
    signal = architecture.scheduler().alphas_cumprod.to(device)
    ratio = signal / (1 - signal)
    weights = (torch.clamp(ratio, max=5) / (ratio + 1)).sqrt()
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
        noisy = alpha * latents + sigma * noise
        predicted = unet(noisy.to(unet.dtype), times, states.to(unet.dtype)).sample.float()
        errors = ((predicted - (alpha * noise - sigma * latents)) ** 2).mean((1, 2, 3))
        training.learn((weights[times] * errors).mean())
    unet.eval()


def export(autoencoder: Any, unet: Any, target: Path) -> None:
    """The whole pipeline in diffusers' format, float16."""
    pipeline = architecture.pipeline(autoencoder.cpu().eval(), unet.cpu().eval()).to(torch.float16)
    pipeline.save_pretrained(target, safe_serialization=True)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file()) / 1e6
    print(f"{target}: {size:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
