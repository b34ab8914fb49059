"""Attribution on a given image: which of its pixels would attend to which words of a caption."""

import copy
from collections.abc import Collection, Sequence
from typing import Any

import torch
from diffusers import DDIMScheduler
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image

from generation.daam.heat_maps import GlobalHeatMap
from generation.daam.networks import UnsupportedPipeline, find_network
from generation.daam.tracer import trace


@torch.no_grad()
def attribute(
    pipeline: Any,
    images: Any,
    prompts: str | Sequence[str],
    *,
    steps: int = 30,
    generator: torch.Generator | list[torch.Generator] | None = None,
    clamp: bool = False,
    resolutions: Collection[int] | None = None,
    keep_steps: bool = False,
    mid_block: bool = False,
) -> list[GlobalHeatMap]:
    """Heat maps of images that are there already: each is noised to every time step, and denoised once from
    each with its caption, without guidance.

    pipeline: with a UNet that takes plain latents, of Stable Diffusion 1, 2 or XL. Its UNet alone is used,
        not a ControlNet or the like. Nothing of it changes.
    images: one or many as diffusers takes them: Pillow images (grey and transparent ones too), arrays or
        tensors, all of one size. Sides are rounded down to whole latent cells.
    prompts: one caption per image, in order.
    steps: how many of the time steps between noise and image, as the pipeline's scheduler picks them.
    generator: of the noise, fresh in each step; or one per image.
    clamp, resolutions, keep_steps, mid_block: as for `trace`.

    Returns one heat map per image; their `image_size` is that of the image as rounded.

    Raises UnsupportedPipeline for other pipelines; ValueError for other numbers of images and prompts, for
    none, for images of several sizes, and for fewer steps than 1; TraceError as `trace` does.
    """
    prompts = [prompts] if isinstance(prompts, str) else list(prompts)
    if not prompts:
        raise ValueError("There is no prompt, and so no image to attribute.")
    if steps < 1:
        raise ValueError(f"At least one step is needed, not {steps}.")
    _check_network(pipeline, mid_block)
    unet, scheduler = pipeline.unet, copy.deepcopy(pipeline.scheduler)
    latents = _encoded(pipeline, images)
    if len(latents) != len(prompts):
        raise ValueError(
            f"There are {len(latents)} images and {len(prompts)} prompts; one for each is needed."
        )
    device = latents.device
    scheduler.set_timesteps(steps)
    time_steps = list(dict.fromkeys(scheduler.timesteps.round().long().tolist()))
    # in the proportions of signal and noise that the UNet was trained with, whatever the scheduler's own
    noising = DDIMScheduler.from_config(pipeline.scheduler.config)
    with trace(
        pipeline, clamp=clamp, resolutions=resolutions, keep_steps=keep_steps, mid_block=mid_block
    ) as tracer:
        text_states, *others = pipeline.encode_prompt(
            prompt=prompts, device=device, num_images_per_prompt=1, do_classifier_free_guidance=False
        )
        conditions = _conditions(pipeline, latents, others)
        for time_step in time_steps:
            noise = randn_tensor(latents.shape, generator=generator, device=device, dtype=latents.dtype)
            at = torch.tensor([time_step], device=device)
            noised = noising.add_noise(latents, noise, at).to(unet.dtype)
            unet(noised, at, encoder_hidden_states=text_states, **conditions)
        pipeline.maybe_free_model_hooks()
    return tracer.heat_maps


def _check_network(pipeline: Any, mid_block: bool) -> None:
    """Raises UnsupportedPipeline unless it is a UNet that takes plain latents."""
    if find_network(pipeline, mid_block).text != "only":
        raise UnsupportedPipeline(f"{type(pipeline).__name__} has no UNet; given images need one.")
    taken, made = pipeline.unet.config.in_channels, pipeline.vae.config.latent_channels
    if taken != made:
        raise UnsupportedPipeline(
            f"The UNet of this {type(pipeline).__name__} takes {taken} channels, more than the {made} of "
            "latents; use the text-to-image checkpoint."
        )


def _encoded(pipeline: Any, images: Any) -> torch.Tensor:
    """The images' latents, without the VAE's own noise: (images, channels, h, w)."""
    if isinstance(images, Image.Image):
        images = [images]
    if isinstance(images, (list, tuple)):
        images = [each.convert("RGB") if isinstance(each, Image.Image) else each for each in images]
        sizes = {each.size for each in images if isinstance(each, Image.Image)}
        if len(sizes) > 1:
            raise ValueError(
                f"The images have several sizes, {sorted(sizes)}; one call takes images of one size."
            )
    vae, dtype = pipeline.vae, pipeline.vae.dtype
    # Stable Diffusion XL's overflows float16
    upcast = dtype == torch.float16 and vae.config.force_upcast
    if upcast:
        vae.to(torch.float32)
    try:
        pixels = pipeline.image_processor.preprocess(images).to(pipeline._execution_device, vae.dtype)
        latents: torch.Tensor = vae.encode(pixels).latent_dist.mode() * vae.config.scaling_factor
    finally:
        if upcast:
            vae.to(dtype)
    return latents.to(dtype)


def _conditions(pipeline: Any, latents: torch.Tensor, encoded: Sequence[torch.Tensor]) -> dict[str, Any]:
    """What the UNet of Stable Diffusion XL wants besides: the pooled text, and sizes, as for an uncropped
    image."""
    unet = pipeline.unet
    if unet.config.addition_embed_type is None:
        return {}
    if unet.config.addition_embed_type != "text_time" or getattr(pipeline, "tokenizer", None) is None:
        raise UnsupportedPipeline(
            f"The UNet of this {type(pipeline).__name__} wants conditions that a given image does not tell."
        )
    # prompts, negative prompts, pooled prompts, pooled negative prompts
    pooled = encoded[1]
    height, width = (side * pipeline.vae_scale_factor for side in latents.shape[-2:])
    sizes = torch.tensor([[height, width, 0, 0, height, width]], device=latents.device, dtype=pooled.dtype)
    return {"added_cond_kwargs": {"text_embeds": pooled, "time_ids": sizes.expand(len(latents), -1)}}
