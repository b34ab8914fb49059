"""What tracing costs, counted: kernels per step and bytes held."""

import copy

import pytest
import torch
from diffusers import UNet2DConditionModel

from generation.daam import trace
from generation.daam.attention import Attention
from tests.generation.daam.helpers import KernelCount, generate


@pytest.fixture(scope="module")
def pipeline(tiny_pipeline):
    """With as many layers as Stable Diffusion 2 base has, and latents of 64 by 64, but thin."""
    unet = UNet2DConditionModel(
        sample_size=64,
        block_out_channels=(8, 16, 16, 16),
        attention_head_dim=(1, 2, 2, 2),
        cross_attention_dim=32,
        norm_num_groups=4,
        use_linear_projection=True,
    )
    parts = {**tiny_pipeline.components, "unet": unet.eval()}
    pipeline = type(tiny_pipeline)(**parts, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def kernels_per_step(pipeline, images):
    """Counted over the third and fourth step, with guidance."""
    counts = []
    for steps in (2, 4):
        with KernelCount() as count:
            pipeline(
                ["a dog and a cat"] * images,
                num_inference_steps=steps,
                output_type="latent",
                height=64,
                width=64,
            )
        counts.append(count.kernels)
    return (counts[1] - counts[0]) / 2


@pytest.mark.parametrize(("dtype", "images"), [(torch.float32, 1), (torch.float32, 2), (torch.bfloat16, 1)])
def test_at_most_a_hundred_more_kernels_per_step(pipeline, monkeypatch, dtype, images):
    """bfloat16 stands for the half precision of GPUs, where queries and keys are converted to float32 and all
    images are taken at once."""
    monkeypatch.setattr(Attention, "_portions", lambda self, rows: [slice(rows[0], rows[-1] + 1)])
    pipeline = copy.deepcopy(pipeline).to(dtype)
    plain = kernels_per_step(pipeline, images)
    with trace(pipeline):
        traced = kernels_per_step(pipeline, images)
    assert 15 * 3 < traced - plain <= 100


def test_maps_hold_21504_bytes_per_token_of_an_image_of_512_pixels(pipeline):
    prompts = ["a dog", "a small red boat near the beach"]
    with trace(pipeline) as tracer:
        generate(
            pipeline, prompts, (0, 1), num_inference_steps=1, output_type="latent", height=512, width=512
        )
    for prompt, heat_map in zip(prompts, tracer.heat_maps, strict=True):
        assert sum(sums.nbytes for sums in heat_map.levels.values()) == len(prompt.split()) * 21_504
        assert list(heat_map.levels) == [(64, 64), (32, 32), (16, 16)]
