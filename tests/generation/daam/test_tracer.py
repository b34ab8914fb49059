"""The heat maps of an image, however it is made, and the image itself."""

import numpy as np
import pytest
import torch
from diffusers import HeunDiscreteScheduler, PNDMScheduler
from torch.nn.attention import SDPBackend, sdpa_kernel

from generation.daam import TraceError, trace
from tests.generation.daam.helpers import (
    GRIDS,
    assert_same_levels,
    generate,
    naive_heat_maps,
    relative_deviation,
    scores_logged,
    token_heat_maps,
    traced,
)

PROMPT = "a dog and a red xylophone"


# Eq. 6


@pytest.mark.parametrize("steps", [4, 30])
def test_heat_maps_are_the_sum_of_all_upscaled_scores(tiny_pipeline, steps):
    with scores_logged(tiny_pipeline) as log:
        _, [heat_map] = traced(tiny_pipeline, PROMPT, num_inference_steps=steps)
    assert len(log) == steps * 9
    tokens = len(tiny_pipeline.tokenizer.tokenize(PROMPT))
    expected = naive_heat_maps(log, row=1, tokens=tokens, grids=GRIDS, image_size=(128, 128))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


def test_heat_maps_without_a_logsumexp_are_the_same(tiny_pipeline):
    with scores_logged(tiny_pipeline) as log, sdpa_kernel(SDPBackend.MATH):
        _, [heat_map] = traced(tiny_pipeline, PROMPT)
    tokens = len(tiny_pipeline.tokenizer.tokenize(PROMPT))
    expected = naive_heat_maps(log, row=1, tokens=tokens, grids=GRIDS, image_size=(128, 128))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


def test_autocast_rounds_neither_the_image_nor_the_sums_otherwise(tiny_pipeline):
    """Which gives the layers' queries and keys half precision, and would give it to the sums: 5e-3 off. The
    kernel's own logsumexp is not as exact then as in float32."""
    options = {"output_type": "latent"}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        [before] = generate(tiny_pipeline, PROMPT, **options)
        with scores_logged(tiny_pipeline) as log:
            [during], [heat_map] = traced(tiny_pipeline, PROMPT, **options)
    assert np.array_equal(before, during)
    expected = naive_heat_maps(log, 1, heat_map.attended, GRIDS, (128, 128))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-4


def test_sizes_that_are_neither_square_nor_even(tiny_pipeline):
    with scores_logged(tiny_pipeline) as log:
        images, [heat_map] = traced(tiny_pipeline, "a dog", height=72, width=104)
    grids = {9 * 13: (9, 13), 5 * 7: (5, 7), 3 * 4: (3, 4)}
    assert sorted(heat_map.levels) == sorted(grids.values())
    assert heat_map.image_size == images[0].shape[:2] == (72, 104)
    expected = naive_heat_maps(log, row=1, tokens=2, grids=grids, image_size=(72, 104))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


def test_no_guidance(tiny_pipeline):
    with scores_logged(tiny_pipeline) as log:
        _, [heat_map] = traced(tiny_pipeline, "a dog", guidance_scale=1.0)
    expected = naive_heat_maps(log, row=0, tokens=2, grids=GRIDS, image_size=(128, 128))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


def test_guidance_that_ends_halfway(tiny_pipeline):
    def end_guidance(pipeline, step, time_step, tensors):
        if step == 1:
            pipeline._guidance_scale = 1.0
            tensors["prompt_embeds"] = tensors["prompt_embeds"][1:]
        return tensors

    options = {
        "callback_on_step_end": end_guidance,
        "callback_on_step_end_tensor_inputs": ["latents", "prompt_embeds"],
    }
    with scores_logged(tiny_pipeline) as log:
        _, [heat_map] = traced(tiny_pipeline, "a dog", **options)
    expected = naive_heat_maps(log, row=-1, tokens=2, grids=GRIDS, image_size=(128, 128))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


def test_a_negative_prompt_that_equals_the_prompt(tiny_pipeline):
    """Both halves of the batch hold the same text; the second is the image's, as guidance has it."""
    prompts, negative = ["a dog", "a red cat"], ["a dog", "a boat"]
    with scores_logged(tiny_pipeline) as log:
        _, heat_maps = traced(tiny_pipeline, prompts, seeds=(0, 1), negative_prompt=negative)
    for row, heat_map in zip((2, 3), heat_maps, strict=True):
        expected = naive_heat_maps(log, row, heat_map.attended, GRIDS, (128, 128))
        assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


@pytest.mark.parametrize(
    ("scheduler", "options"), [(HeunDiscreteScheduler, {}), (PNDMScheduler, {"skip_prk_steps": True})]
)
def test_schedulers_that_call_the_unet_twice_in_a_step(tiny_pipeline, monkeypatch, scheduler, options):
    other = scheduler.from_config(tiny_pipeline.scheduler.config, **options)
    monkeypatch.setattr(tiny_pipeline, "scheduler", other)
    with scores_logged(tiny_pipeline) as log:
        _, [heat_map] = traced(tiny_pipeline, "a dog", trace_options={"keep_steps": True})
    assert len(log) > 4 * 9
    time_steps = [step.time_step for step in heat_map.steps]
    assert len(set(time_steps)) == len(time_steps) == 4
    expected = naive_heat_maps(log, row=1, tokens=2, grids=GRIDS, image_size=(128, 128))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


# the image


def test_image_is_the_same_to_the_bit_with_tracing_and_after(tiny_pipeline):
    options = {"seeds": (0, 1), "num_inference_steps": 8}
    prompts = ["a dog and a cat", "a blue bird"]
    before = generate(tiny_pipeline, prompts, **options)
    during, _ = traced(tiny_pipeline, prompts, **options)
    after = generate(tiny_pipeline, prompts, **options)
    for one, two, three in zip(before, during, after, strict=True):
        assert np.array_equal(one, two)
        assert np.array_equal(one, three)
    assert before[0].std() > 20
    assert not np.array_equal(before[0], before[1])


def test_latents_are_the_same_to_the_bit(tiny_pipeline):
    options = {"output_type": "latent"}
    [before] = generate(tiny_pipeline, PROMPT, **options)
    [during], _ = traced(tiny_pipeline, PROMPT, **options)
    assert np.array_equal(before, during)


# batches


def test_a_batch_equals_its_prompts_one_by_one(tiny_pipeline):
    prompts = ["a dog and a cat", "a small red boat near the beach", "a dog and a cat"]
    _, together = traced(tiny_pipeline, prompts, seeds=(0, 1, 2))
    for seed, (prompt, heat_map) in enumerate(zip(prompts, together, strict=True)):
        _, [alone] = traced(tiny_pipeline, prompt, seeds=(seed,))
        assert heat_map.prompt == alone.prompt == prompt
        assert_same_levels(heat_map.levels, alone.levels, 1e-5)


def test_several_images_per_prompt_come_in_the_order_of_the_output(tiny_pipeline):
    prompts = ["a dog", "a blue cat"]
    images, together = traced(tiny_pipeline, prompts, seeds=(0, 1, 2, 3), num_images_per_prompt=2)
    assert len(images) == 4
    assert [heat_map.prompt for heat_map in together] == ["a dog", "a dog", "a blue cat", "a blue cat"]
    for seed, heat_map in enumerate(together):
        _, [alone] = traced(tiny_pipeline, heat_map.prompt, seeds=(seed,))
        assert_same_levels(heat_map.levels, alone.levels, 1e-5)


def test_calls_inside_one_block_add_their_images_in_order(tiny_pipeline):
    with trace(tiny_pipeline) as tracer:
        assert tracer.heat_maps == []
        generate(tiny_pipeline, "a dog", num_inference_steps=2)
        generate(tiny_pipeline, ["a cat", "a bird"], seeds=(0, 1), num_inference_steps=2)
    assert [heat_map.prompt for heat_map in tracer.heat_maps] == ["a dog", "a cat", "a bird"]


def test_only_the_prompts_own_tokens_are_kept_in_float32(tiny_pipeline):
    _, heat_maps = traced(tiny_pipeline, ["a dog", "a small red boat near the beach"], seeds=(0, 1))
    for heat_map, tokens in zip(heat_maps, (2, 7), strict=True):
        assert sum(sums.nbytes for sums in heat_map.levels.values()) == tokens * 4 * (256 + 64 + 16)
        assert all(sums.base is None for sums in heat_map.levels.values())


# prompts


def test_words_beyond_the_encoder_have_offsets_but_no_maps(tiny_pipeline):
    _, [heat_map] = traced(tiny_pipeline, "dog " * 80, num_inference_steps=1)
    assert heat_map.attended == 75
    assert len(heat_map.offsets) == 80


def test_an_empty_prompt_gives_an_image_without_words(tiny_pipeline):
    images, [heat_map] = traced(tiny_pipeline, ["  "], num_inference_steps=1)
    assert len(images) == 1
    assert heat_map.attended == 0
    with pytest.raises(KeyError, match="none"):
        heat_map.word("dog")


def test_embeddings_without_their_text_are_an_error(tiny_pipeline):
    embeddings, _ = tiny_pipeline.encode_prompt("a dog", "cpu", 1, False)
    with pytest.raises(TraceError, match=r"prompt_embeds.*tracer\.describe"):
        traced(tiny_pipeline, None, prompt_embeds=embeddings)


def test_text_that_changes_on_the_way_is_an_error(tiny_pipeline):
    def forget_the_prompt(pipeline, step, time_step, tensors):
        return {**tensors, "prompt_embeds": tensors["prompt_embeds"] + 1}

    with pytest.raises(TraceError, match="not the one of image 0"):
        traced(
            tiny_pipeline,
            "a dog",
            callback_on_step_end=forget_the_prompt,
            callback_on_step_end_tensor_inputs=["prompt_embeds"],
        )


def test_the_unet_on_its_own_is_an_error(tiny_pipeline):
    states = torch.zeros(1, 77, 32)
    with trace(tiny_pipeline), pytest.raises(TraceError, match="encode_prompt"):
        tiny_pipeline.unet(torch.zeros(1, 4, 16, 16), 1, states)
