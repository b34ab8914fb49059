"""A tiny Stable Diffusion checkpoint with fixed random weights: every part real, built offline in seconds.

Its images are coloured clouds and its heat maps differ from word to word, but mean nothing. It is what the
tests generate with.
"""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from generation.demo.tokenizer import TEXT_LENGTH, WORDS, build_tokenizer

_SEED = 20230707
_TEXT_FEATURES = 32


def build_tiny_checkpoint(folder: str | Path) -> Path:
    """Write the checkpoint in diffusers' format into the folder, made if need be, and return the folder.

    A StableDiffusionPipeline of 128 by 128 pixels: latents of 16 by 16, cross-attention in its down and up
    blocks at 16 by 16, 8 by 8 and 4 by 4. The same call gives the same weights.
    """
    folder = Path(folder)
    tokenizer = build_tokenizer(WORDS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        pipeline = StableDiffusionPipeline(
            vae=_vae(),
            text_encoder=_text_encoder(tokenizer),
            tokenizer=tokenizer,
            unet=_unet(),
            scheduler=DPMSolverMultistepScheduler(
                beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
            ),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def _text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=_TEXT_FEATURES,
            intermediate_size=4 * _TEXT_FEATURES,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=TEXT_LENGTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _unet() -> UNet2DConditionModel:
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        block_out_channels=(32, 32, 64),
        down_block_types=("CrossAttnDownBlock2D",) * 3,
        up_block_types=("CrossAttnUpBlock2D",) * 3,
        layers_per_block=1,
        cross_attention_dim=_TEXT_FEATURES,
        attention_head_dim=4,  # of Stable Diffusion 1: the number of attention heads, whatever the name says
        norm_num_groups=8,
    )
    for name, layer in unet.named_modules():
        if name.endswith("attn2"):
            # untrained queries and keys are so short that every word would get the same share everywhere
            torch.nn.init.normal_(layer.to_q.weight, std=0.35)
            torch.nn.init.normal_(layer.to_k.weight, std=0.35)
    return unet


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        block_out_channels=(8, 16, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=128,
    )
