"""The demo checkpoint's networks: a real Stable Diffusion pipeline, made small.

Images of 128 by 128 pixels, latents of 16 by 16; cross-attention at 16 by 16 and 8 by 8, none at the deepest
4 by 4 blocks, as in Stable Diffusion. 13 M parameters in the UNet, 3 M in the autoencoder.
"""

import torch
from diffusers import (
    AutoencoderKL,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from transformers import CLIPTokenizer

from generation.demo.scenes import SIZE
from generation.demo.text_encoder import FEATURES as TEXT_FEATURES
from generation.demo.text_encoder import text_encoder
from generation.demo.tokenizer import WORDS, build_tokenizer

LATENT_CHANNELS = 8


def tokenizer() -> CLIPTokenizer:
    return build_tokenizer(WORDS)


def autoencoder() -> AutoencoderKL:
    vae = AutoencoderKL(
        in_channels=3,
        out_channels=3,
        block_out_channels=(24, 48, 96, 128),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=2,
        sample_size=SIZE,
        mid_block_add_attention=False,
    )
    with torch.no_grad():
        # Begins with little noise in the latents.
        vae.quant_conv.weight[LATENT_CHANNELS:].zero_()
        vae.quant_conv.bias[LATENT_CHANNELS:] = -5
        for layer in vae.modules():
            _begin_as_a_plain_path(layer)
        torch.nn.init.orthogonal_(vae.decoder.conv_in.weight)
    return vae


def _begin_as_a_plain_path(layer: torch.nn.Module) -> None:
    """Let colours pass through the untrained network, halved and doubled in size.

    With the usual random weights, flat grounds vanish in the norms, and it takes a thousand steps until as
    much as the mean colour of an image is learnt.
    """
    if isinstance(layer, ResnetBlock2D):
        torch.nn.init.zeros_(layer.conv2.weight)
        torch.nn.init.zeros_(layer.conv2.bias)
        if layer.conv_shortcut is not None:
            torch.nn.init.orthogonal_(layer.conv_shortcut.weight)
    elif isinstance(layer, Downsample2D):
        weight = layer.conv.weight  # (out, in, 3, 3), padded below and to the right
        torch.nn.init.normal_(weight, std=0.02)
        same = torch.arange(len(weight))
        weight[same, same, :2, :2] += 0.25
    elif isinstance(layer, Upsample2D):
        torch.nn.init.dirac_(layer.conv.weight)
        layer.conv.weight += torch.randn_like(layer.conv.weight) * 0.02


def unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=SIZE // 8,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=(80, 160, 224),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=TEXT_FEATURES,
        attention_head_dim=4,  # as in Stable Diffusion 1, the number of attention heads, whatever its name
        norm_num_groups=16,
        use_linear_projection=True,
    )


def scheduler() -> DPMSolverMultistepScheduler:
    return DPMSolverMultistepScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        steps_offset=1,
    )


def pipeline(vae: AutoencoderKL, network: UNet2DConditionModel) -> StableDiffusionPipeline:
    tokens = tokenizer()
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder(tokens),
        tokenizer=tokens,
        unet=network,
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
