"""Calls of the pipeline whose attention is not finite."""

import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, HeunDiscreteScheduler

from generation.daam import TraceError
from tests.generation.daam.helpers import traced


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(
    ("scheduler", "call"), [(DPMSolverMultistepScheduler, 1), (HeunDiscreteScheduler, 2)]
)
def test_latents_that_are_not_finite_are_an_error_that_names_image_and_step(
    tiny_pipeline, monkeypatch, scheduler, call
):
    """`call`: the last of the UNet in the second step."""
    other = scheduler.from_config(tiny_pipeline.scheduler.config)
    monkeypatch.setattr(tiny_pipeline, "scheduler", other)

    def spoil(pipeline, step, time_step, tensors):
        if step == call:
            tensors["latents"][1, 0, 0, 0] = torch.nan
        return tensors

    with pytest.raises(TraceError, match=r"image 1 is not finite.* from step 3 of 4 on \(time step \d+\)"):
        traced(
            tiny_pipeline,
            ["a dog", "a cat"],
            seeds=(0, 1),
            callback_on_step_end=spoil,
            callback_on_step_end_tensor_inputs=["latents"],
        )


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_latents_that_are_not_finite_from_the_start_are_an_error(tiny_pipeline):
    latents = torch.full((1, 4, 16, 16), torch.inf)
    with pytest.raises(TraceError, match=r"image 0 is not finite.*from step 1 of 2"):
        traced(tiny_pipeline, "a dog", latents=latents, num_inference_steps=2)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_attention_that_is_not_finite_in_the_last_step_is_an_error(tiny_pipeline):
    layer = tiny_pipeline.unet.up_blocks[2].attentions[1].transformer_blocks[0].attn2.to_k
    calls = []

    def spoil(module, args, output):
        calls.append(1)
        return output * torch.nan if len(calls) == 3 else output

    handle = layer.register_forward_hook(spoil)
    try:
        with pytest.raises(TraceError, match=r"image 0 is not finite, though.*all 3 steps: the last"):
            traced(tiny_pipeline, "a dog", num_inference_steps=3)
    finally:
        handle.remove()
