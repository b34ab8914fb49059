import copy

import numpy as np
import pytest
import torch
from accelerate import cpu_offload_with_hook
from accelerate.hooks import remove_hook_from_module
from diffusers import DPMSolverMultistepScheduler, HeunDiscreteScheduler, PNDMScheduler
from diffusers.models.attention_processor import AttnProcessor2_0
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from generation.daam import TraceError, trace
from tests.generation.daam.helpers import (
    assert_same_levels,
    generate,
    naive_heat_maps,
    relative_deviation,
    scores_logged,
    token_heat_maps,
)

PROMPT = "a dog and a red xylophone"
GRIDS = {256: (16, 16), 64: (8, 8), 16: (4, 4)}


def traced(pipeline, prompt, seeds=(0,), trace_options=None, **options):
    with trace(pipeline, **(trace_options or {})) as tracer:
        images = generate(pipeline, prompt, seeds, **options)
    return images, tracer.heat_maps


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


# options


def test_steps_add_up_to_the_whole(tiny_pipeline):
    _, [plain] = traced(tiny_pipeline, PROMPT, num_inference_steps=5)
    _, [kept] = traced(tiny_pipeline, PROMPT, num_inference_steps=5, trace_options={"keep_steps": True})
    assert plain.steps == ()
    assert_same_levels(kept.levels, plain.levels, 1e-6)
    assert_same_levels(kept.during().levels, kept.levels, 0)
    parts = [kept.during(None, 2), kept.during(-3)]
    for grid, sums in kept.levels.items():
        assert relative_deviation(parts[0].levels[grid] + parts[1].levels[grid], sums) <= 1e-6
    time_steps = [step.time_step for step in kept.steps]
    assert time_steps == sorted(set(time_steps), reverse=True)
    assert len(time_steps) == 5


def test_each_step_is_what_its_call_of_the_unet_attended_to(tiny_pipeline):
    with scores_logged(tiny_pipeline) as log:
        _, [heat_map] = traced(tiny_pipeline, "a dog", trace_options={"keep_steps": True})
    for number in range(4):
        one_call = log[number * 9 : (number + 1) * 9]
        expected = naive_heat_maps(one_call, row=1, tokens=2, grids=GRIDS, image_size=(128, 128))
        maps = token_heat_maps(heat_map.during(number, number + 1))
        assert relative_deviation(maps, expected) <= 1e-6


def test_resolutions_record_only_their_layers(tiny_pipeline):
    _, [all_levels] = traced(tiny_pipeline, "a dog")
    _, [some] = traced(tiny_pipeline, "a dog", trace_options={"resolutions": [16, 4]})
    assert_same_levels(some.levels, {g: all_levels.levels[g] for g in ((16, 16), (4, 4))}, 0)


def test_resolutions_mean_the_shorter_side(tiny_pipeline):
    options = {"height": 128, "width": 192, "num_inference_steps": 1}
    _, [heat_map] = traced(tiny_pipeline, "a dog", trace_options={"resolutions": {8}}, **options)
    assert list(heat_map.levels) == [(8, 12)]


def test_a_resolution_that_no_layer_has_is_an_error_that_names_those_there_are(tiny_pipeline):
    with pytest.raises(TraceError, match=r"resolution 64\..*4, 8, 16"):
        traced(tiny_pipeline, "a dog", trace_options={"resolutions": [64, 16]})
    with pytest.raises(ValueError, match="empty"):
        traced(tiny_pipeline, "a dog", trace_options={"resolutions": []})


def test_the_middle_block_is_added_on_request(tiny_pipeline):
    with scores_logged(tiny_pipeline, mid_block=True) as log:
        _, [heat_map] = traced(tiny_pipeline, "a dog", trace_options={"mid_block": True})
        del log[4 * 10 :]
    assert {"mid_block" in layer for layer, _ in log} == {True, False}
    expected = naive_heat_maps(log, row=1, tokens=2, grids=GRIDS, image_size=(128, 128))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


def test_clamp_upscales_each_layers_and_heads_sum_to_the_latents_and_clamps_it(tiny_pipeline):
    with scores_logged(tiny_pipeline) as log:
        _, [heat_map] = traced(tiny_pipeline, "a dog", trace_options={"clamp": True})
    sums = {}
    for layer, scores in log:
        sums[layer] = sums.get(layer, 0) + scores[1, :, :, 1:3].transpose(-1, -2)
    clamped, unclamped = 0, 0
    for maps in sums.values():  # (attention heads, tokens, cells)
        maps = maps.unflatten(-1, GRIDS[maps.shape[-1]])
        upscaled = functional.interpolate(maps, size=(16, 16), mode="bicubic", align_corners=False)
        clamped, unclamped = clamped + upscaled.clamp(min=0).sum(dim=0), unclamped + upscaled.sum(dim=0)
    assert list(heat_map.levels) == [(16, 16)]
    assert relative_deviation(heat_map.levels[16, 16], clamped.numpy()) <= 1e-6
    assert relative_deviation(unclamped.numpy(), clamped.numpy()) > 1e-5


def test_clamp_and_steps_contradict_each_other(tiny_pipeline):
    with pytest.raises(ValueError, match="clamp"), trace(tiny_pipeline, clamp=True, keep_steps=True):
        pass


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


# leaving


def assert_untouched(pipeline):
    assert "encode_prompt" not in vars(pipeline)
    assert "maybe_free_model_hooks" not in vars(pipeline)
    for module in pipeline.unet.modules():
        assert not module._forward_pre_hooks
        assert not module._forward_hooks
        assert "forward" not in vars(module)
        assert not hasattr(module, "_diffusers_hook")
    assert {type(each) for each in pipeline.unet.attn_processors.values()} == {AttnProcessor2_0}


def test_everything_is_restored_on_leaving(tiny_pipeline):
    processors = tiny_pipeline.unet.attn_processors
    traced(tiny_pipeline, "a dog", num_inference_steps=1)
    assert_untouched(tiny_pipeline)
    assert all(processors[name] is each for name, each in tiny_pipeline.unet.attn_processors.items())


def test_everything_is_restored_after_an_error_in_the_middle_of_a_call(tiny_pipeline):
    def fail(pipeline, step, time_step, tensors):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), trace(tiny_pipeline) as tracer:
        generate(tiny_pipeline, "a dog", callback_on_step_end=fail)
    assert_untouched(tiny_pipeline)
    assert tracer.heat_maps == []


def test_a_failed_call_leaves_no_trace_in_the_next_one(tiny_pipeline):
    def fail(pipeline, step, time_step, tensors):
        raise ZeroDivisionError

    with trace(tiny_pipeline) as tracer:
        with pytest.raises(ZeroDivisionError):
            generate(tiny_pipeline, "a dog", callback_on_step_end=fail)
        generate(tiny_pipeline, "a dog")
    _, [expected] = traced(tiny_pipeline, "a dog")
    [heat_map] = tracer.heat_maps
    assert_same_levels(heat_map.levels, expected.levels, 0)


def test_a_call_that_never_ended_is_warned_of(tiny_pipeline):
    def fail(pipeline, step, time_step, tensors):
        raise ZeroDivisionError

    with (
        pytest.warns(UserWarning, match="last call did not come to its end; it has no heat maps"),
        trace(tiny_pipeline),
        pytest.raises(ZeroDivisionError),
    ):
        generate(tiny_pipeline, "a dog", callback_on_step_end=fail)


def test_hooks_of_others_stay(tiny_pipeline):
    """Model offloading, for one, keeps a forward of its own on the modules."""
    unet = tiny_pipeline.unet
    calls = []
    original = unet.forward

    def counted(*args, **kwargs):
        calls.append(1)
        return original(*args, **kwargs)

    unet.forward = counted
    try:
        traced(tiny_pipeline, "a dog", num_inference_steps=2)
        assert unet.forward is counted
        assert len(calls) == 2
    finally:
        del unet.forward


def test_offloading_that_changes_its_hooks_after_each_call(tiny_pipeline, monkeypatch):
    """As enable_model_cpu_offload does; here to the CPU from the CPU."""
    unet = tiny_pipeline.unet

    def hook_again():
        remove_hook_from_module(unet, recurse=True)
        cpu_offload_with_hook(unet, "cpu")

    monkeypatch.setitem(vars(tiny_pipeline), "maybe_free_model_hooks", hook_again)
    cpu_offload_with_hook(unet, "cpu")
    try:
        with trace(tiny_pipeline) as tracer:
            generate(tiny_pipeline, "a dog", num_inference_steps=1)
            generate(tiny_pipeline, "a dog", num_inference_steps=1)
        hook = unet._hf_hook
        generate(tiny_pipeline, "a dog", num_inference_steps=1)
        assert unet._hf_hook is not hook
    finally:
        remove_hook_from_module(unet, recurse=True)
        vars(unet).pop("forward", None)
    one, other = tracer.heat_maps
    assert_same_levels(one.levels, other.levels, 0)


# refusals


def test_tracing_twice_at_once_is_an_error_and_harms_nothing(tiny_pipeline):
    with trace(tiny_pipeline) as tracer:
        with pytest.raises(TraceError, match="already"), trace(tiny_pipeline):
            pass
        generate(tiny_pipeline, "a dog", num_inference_steps=1)
    assert len(tracer.heat_maps) == 1
    assert_untouched(tiny_pipeline)


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


def test_the_unet_on_its_own_is_an_error(tiny_pipeline):
    states = torch.zeros(1, 77, 32)
    with trace(tiny_pipeline), pytest.raises(TraceError, match="encode_prompt"):
        tiny_pipeline.unet(torch.zeros(1, 4, 16, 16), 1, states)


def test_a_pipeline_can_be_copied_after_tracing(tiny_pipeline):
    traced(tiny_pipeline, "a dog", num_inference_steps=1)
    unet = copy.deepcopy(tiny_pipeline.unet)
    assert unet.down_blocks[0].forward.__self__ is unet.down_blocks[0]
