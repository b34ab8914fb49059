"""Attribution on images that are there already."""

import numpy as np
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, EulerDiscreteScheduler, HeunDiscreteScheduler

from generation.daam import TraceError, UnsupportedPipeline, attribute
from tests.generation.daam.helpers import (
    GRIDS,
    assert_same_levels,
    naive_heat_maps,
    relative_deviation,
    scores_logged,
    token_heat_maps,
)
from tests.generation.daam.tiny_pipelines import build, picture


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def unet_inputs(tiny_pipeline):
    """What the UNet is given: [(latents, time step, text states)]."""
    calls = []
    handle = tiny_pipeline.unet.register_forward_pre_hook(
        lambda _, args, kwargs: calls.append((args[0], int(args[1]), kwargs["encoder_hidden_states"])),
        with_kwargs=True,
    )
    yield calls
    handle.remove()


def test_heat_maps_are_the_sum_of_all_upscaled_scores(tiny_pipeline):
    with scores_logged(tiny_pipeline) as log:
        [heat_map] = attribute(tiny_pipeline, picture(), "a dog", steps=3, generator=seeded(0))
    assert len(log) == 3 * 9
    assert heat_map.prompt == "a dog"
    expected = naive_heat_maps(log, 0, 2, GRIDS, (128, 128))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


@pytest.mark.parametrize(
    "scheduler", [DPMSolverMultistepScheduler, EulerDiscreteScheduler, HeunDiscreteScheduler]
)
def test_each_step_is_the_image_with_the_noise_of_that_time(
    tiny_pipeline, monkeypatch, unet_inputs, scheduler
):
    """Also with schedulers that scale their latents or take a step twice; the scheduler stays as it is."""
    other = scheduler.from_config(tiny_pipeline.scheduler.config)
    unused = scheduler.from_config(tiny_pipeline.scheduler.config)
    monkeypatch.setattr(tiny_pipeline, "scheduler", other)
    attribute(tiny_pipeline, picture(), "a dog", steps=3, generator=seeded(0))
    assert other.num_inference_steps == unused.num_inference_steps
    pixels = tiny_pipeline.image_processor.preprocess(picture())
    with torch.no_grad():
        clean = tiny_pipeline.vae.encode(pixels).latent_dist.mode() * tiny_pipeline.vae.config.scaling_factor
    generator = seeded(0)
    times = [time for _, time, _ in unet_inputs]
    assert times == sorted(set(times), reverse=True)
    assert len(times) == 3
    for latents, time, _ in unet_inputs:
        signal = tiny_pipeline.scheduler.alphas_cumprod[time]
        noise = torch.randn(clean.shape, generator=generator)
        torch.testing.assert_close(latents, signal.sqrt() * clean + (1 - signal).sqrt() * noise)


def test_images_differ_by_what_they_show_and_by_their_caption(tiny_pipeline):
    maps = [
        attribute(tiny_pipeline, image, prompt, steps=2, generator=seeded(0))[0].word("dog").soft()
        for image, prompt in ((picture(0), "a dog"), (picture(1), "a dog"), (picture(0), "a red dog"))
    ]
    assert not np.allclose(maps[0], maps[1])
    assert not np.allclose(maps[0], maps[2])


def test_a_batch_equals_its_images_one_by_one(tiny_pipeline):
    prompts = ["a dog", "a small red boat"]
    images = [picture(0), picture(1)]
    together = attribute(tiny_pipeline, images, prompts, steps=3, generator=[seeded(0), seeded(1)])
    for seed, (image, prompt) in enumerate(zip(images, prompts, strict=True)):
        [alone] = attribute(tiny_pipeline, image, prompt, steps=3, generator=seeded(seed))
        assert together[seed].prompt == prompt
        assert_same_levels(together[seed].levels, alone.levels, 1e-5)


def test_sides_are_rounded_down_to_whole_cells(tiny_pipeline):
    [heat_map] = attribute(tiny_pipeline, picture().resize((107, 72)), "a dog", steps=1)
    assert heat_map.image_size == (72, 104)
    assert sorted(heat_map.levels) == [(3, 4), (5, 7), (9, 13)]


def test_options_are_those_of_trace(tiny_pipeline):
    options = {"resolutions": [8], "keep_steps": True}
    [heat_map] = attribute(tiny_pipeline, picture(), "a dog", steps=3, **options)
    assert list(heat_map.levels) == [(8, 8)]
    assert len(heat_map.steps) == 3
    [clamped] = attribute(tiny_pipeline, picture(), "a dog", steps=1, clamp=True)
    assert list(clamped.levels) == [(16, 16)]


def test_stable_diffusion_xl_is_given_its_sizes_and_pooled_text(tiny_pipeline):
    pipeline, _ = build("stable_diffusion_xl", tiny_pipeline)
    with scores_logged(pipeline) as log:
        [heat_map] = attribute(pipeline, picture(), "a dog", steps=2, generator=seeded(0))
    expected = naive_heat_maps(log, 0, 2, GRIDS, (128, 128))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


def test_numbers_that_do_not_fit_are_refused(tiny_pipeline):
    with pytest.raises(ValueError, match="1 images and 2 prompts"):
        attribute(tiny_pipeline, picture(), ["a dog", "a cat"])
    with pytest.raises(ValueError, match="no prompt"):
        attribute(tiny_pipeline, [], [])
    with pytest.raises(ValueError, match="several sizes"):
        attribute(tiny_pipeline, [picture(), picture().resize((64, 64))], ["a dog", "a cat"])
    with pytest.raises(ValueError, match="At least one step"):
        attribute(tiny_pipeline, picture(), "a dog", steps=0)


def test_a_unet_that_wants_more_than_latents_is_refused(tiny_pipeline):
    unet = type(tiny_pipeline.unet)(
        **{
            **tiny_pipeline.unet.config,
            "in_channels": 9,
            "block_out_channels": (8, 8, 8),
            "norm_num_groups": 4,
        }
    )
    parts = {**tiny_pipeline.components, "unet": unet}
    inpainting = type(tiny_pipeline)(**parts, requires_safety_checker=False)
    with pytest.raises(UnsupportedPipeline, match="9 channels"):
        attribute(inpainting, picture(), "a dog")
    flux, _ = build("flux", tiny_pipeline)
    with pytest.raises(UnsupportedPipeline, match="FluxPipeline has no UNet"):
        attribute(flux, picture(), "a dog")


def test_pixels_that_are_not_finite_are_an_error(tiny_pipeline):
    pixels = torch.full((1, 3, 128, 128), torch.nan)
    with pytest.raises(TraceError, match=r"image 0 is not finite.*from step 1 of 2"):
        attribute(tiny_pipeline, pixels, "a dog", steps=2)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "CMYK"])
def test_images_of_every_mode_are_their_colours(tiny_pipeline, mode):
    image = picture().convert(mode)
    for given in (image, [image]):
        [heat_map] = attribute(tiny_pipeline, given, "a dog", steps=1, generator=seeded(0))
        [expected] = attribute(tiny_pipeline, image.convert("RGB"), "a dog", steps=1, generator=seeded(0))
        assert_same_levels(heat_map.levels, expected.levels, 0)


def test_arrays_and_tensors_are_taken_as_diffusers_takes_them(tiny_pipeline):
    [expected] = attribute(tiny_pipeline, picture(), "a dog", steps=1, generator=seeded(0))
    array = np.asarray(picture(), dtype=np.float32)[np.newaxis] / 255
    tensor = torch.from_numpy(array).permute(0, 3, 1, 2)
    for given in (array, tensor, [array[0]], [tensor[0]]):
        [heat_map] = attribute(tiny_pipeline, given, "a dog", steps=1, generator=seeded(0))
        assert_same_levels(heat_map.levels, expected.levels, 1e-5)
