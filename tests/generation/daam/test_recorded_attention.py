"""Attention of one call of the pipeline, recorded and injected into another."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from generation.daam import RecordedAttention, TraceError, trace
from tests.generation.daam.helpers import assert_same_levels, generate

SEED, EDIT = "a red dog on a sofa", "a blue dog on a sofa"


def recorded(pipeline, prompt=SEED, seeds=(0,), options=None, **arguments):
    attention = RecordedAttention(**(options or {}))
    with trace(pipeline, record=attention) as tracer:
        images = generate(pipeline, prompt, seeds, **arguments)
    return attention, images, tracer.heat_maps


def injected(pipeline, attention, prompt, seeds=(0,), **arguments):
    with trace(pipeline, inject=attention) as tracer:
        images = generate(pipeline, prompt, seeds, **arguments)
    return images, tracer.heat_maps


def test_recording_changes_neither_image_nor_heat_maps(tiny_pipeline):
    [before] = generate(tiny_pipeline, SEED)
    with trace(tiny_pipeline) as tracer:
        generate(tiny_pipeline, SEED)
    _, [image], [heat_map] = recorded(tiny_pipeline)
    assert np.array_equal(image, before)
    assert_same_levels(heat_map.levels, tracer.heat_maps[0].levels, 0)


def test_every_layer_of_every_step_is_recorded(tiny_pipeline):
    attention, _, _ = recorded(tiny_pipeline, num_inference_steps=2)
    assert attention.calls == 2
    # down and up blocks, and the middle one: attention heads by cells by tokens by bytes
    cells = {"down": 256 + 64 + 16, "up": 2 * (256 + 64 + 16), "middle": 16}
    assert attention.nbytes == 2 * 4 * sum(cells.values()) * 77 * 4


def test_maps_injected_into_their_own_call_give_the_same_image(tiny_pipeline):
    """But for rounding: the product with the values is another kernel's."""
    attention, _, [heat_map] = recorded(tiny_pipeline)
    latents = [
        generate(tiny_pipeline, SEED, output_type="latent")[0],
        injected(tiny_pipeline, attention, SEED, output_type="latent")[0][0],
    ]
    np.testing.assert_allclose(latents[1], latents[0], rtol=1e-4, atol=1e-4)
    _, [again] = injected(tiny_pipeline, attention, SEED)
    assert_same_levels(again.levels, heat_map.levels, 1e-5)


def test_another_prompt_keeps_the_seeds_attention_and_not_its_content(tiny_pipeline):
    attention, [seed_image], [seed_map] = recorded(tiny_pipeline)
    [free_image] = generate(tiny_pipeline, EDIT)
    [image], [heat_map] = injected(tiny_pipeline, attention, EDIT)
    assert heat_map.prompt == EDIT
    for word, other in (("red", "blue"), ("dog", "dog"), ("sofa", "sofa")):
        np.testing.assert_allclose(heat_map.word(other).soft(), seed_map.word(word).soft(), rtol=1e-4)
    assert not np.array_equal(image, seed_image)
    assert not np.array_equal(image, free_image)


def test_what_follows_from_injected_maps_is_their_product_with_the_own_values(tiny_pipeline, monkeypatch):
    """Checked where it happens: in the first layer of the first step."""
    attention, _, _ = recorded(tiny_pipeline, num_inference_steps=1)
    layer = tiny_pipeline.unet.down_blocks[0].attentions[0].transformer_blocks[0].attn2
    outputs, values = [], []
    handles = [
        layer.to_out[0].register_forward_pre_hook(lambda _, args: outputs.append(args[0])),
        layer.to_v.register_forward_hook(lambda _, args, output: values.append(output)),
    ]
    try:
        injected(tiny_pipeline, attention, EDIT, num_inference_steps=1)
    finally:
        for handle in handles:
            handle.remove()
    maps = attention.maps(0, "down_blocks.0.attentions.0.transformer_blocks.0.attn2", 1, (4, 256, 77))[0]
    value = values[0].unflatten(-1, (4, -1)).transpose(1, 2)  # (rows, attention heads, tokens, features)
    expected = (maps @ value[1]).transpose(0, 1).flatten(1)
    torch.testing.assert_close(outputs[0][1], expected)
    uniform = functional.softmax(torch.zeros(77), dim=0)
    assert not torch.allclose(maps, uniform, atol=1e-3)


def test_one_seed_controls_a_batch(tiny_pipeline):
    attention, _, [seed_map] = recorded(tiny_pipeline)
    prompts = [EDIT, "a small dog on a sofa"]
    images, heat_maps = injected(tiny_pipeline, attention, prompts, seeds=(0, 0))
    for prompt, image, heat_map in zip(prompts, images, heat_maps, strict=True):
        [alone], _ = injected(tiny_pipeline, attention, prompt)
        assert np.abs(image.astype(int) - alone).max() <= 1
        assert_same_levels(heat_map.levels, seed_map.levels, 1e-5)


def test_a_batch_of_seeds_controls_a_batch_one_each(tiny_pipeline):
    seeds = [SEED, "a dog beside a red sofa"]
    attention, _, seed_maps = recorded(tiny_pipeline, seeds, (0, 1))
    edits = [EDIT, "a dog beside a blue sofa"]
    _, heat_maps = injected(tiny_pipeline, attention, edits, (0, 1))
    for seed_map, heat_map in zip(seed_maps, heat_maps, strict=True):
        assert_same_levels(heat_map.levels, seed_map.levels, 1e-5)


def test_only_the_first_steps_can_be_controlled(tiny_pipeline):
    whole, _, _ = recorded(tiny_pipeline)
    first, _, _ = recorded(tiny_pipeline, options={"steps": 2})
    assert first.calls == 2
    assert first.nbytes == whole.nbytes / 2
    [free] = generate(tiny_pipeline, EDIT)
    [partly], _ = injected(tiny_pipeline, first, EDIT)
    [wholly], _ = injected(tiny_pipeline, whole, EDIT)
    assert not np.array_equal(partly, free)
    assert not np.array_equal(partly, wholly)


def test_recording_again_forgets_what_was_recorded(tiny_pipeline):
    attention = RecordedAttention()
    with trace(tiny_pipeline, record=attention):
        generate(tiny_pipeline, "a dog", num_inference_steps=3)
        generate(tiny_pipeline, SEED, num_inference_steps=1)
    assert attention.calls == 1
    injected(tiny_pipeline, attention, EDIT, num_inference_steps=1)


def test_calls_with_injected_attention_can_be_recorded_and_traced_with_options(tiny_pipeline):
    first, _, [seed_map] = recorded(tiny_pipeline, num_inference_steps=2)
    second = RecordedAttention()
    with trace(tiny_pipeline, inject=first, record=second, clamp=True) as tracer:
        generate(tiny_pipeline, EDIT, num_inference_steps=2)
    assert second.nbytes == first.nbytes
    with trace(tiny_pipeline, inject=second, resolutions=[8]) as tracer:
        generate(tiny_pipeline, EDIT, num_inference_steps=2)
    assert_same_levels(tracer.heat_maps[0].levels, {(8, 8): seed_map.levels[8, 8]}, 1e-5)


def test_a_recording_that_does_not_fit_the_memory_limit_is_an_error_that_says_what_is_needed(tiny_pipeline):
    whole, _, _ = recorded(tiny_pipeline, num_inference_steps=1)
    recorded(tiny_pipeline, num_inference_steps=2, options={"memory_limit": 2 * whole.nbytes})
    attention = RecordedAttention(memory_limit=2 * whole.nbytes - 1)
    with (
        pytest.raises(TraceError, match=r"limit of 2\.4 MiB: one step needs 1\.2 MiB, and this was step 2"),
        trace(tiny_pipeline, record=attention),
    ):
        generate(tiny_pipeline, SEED, num_inference_steps=2)
    assert attention.nbytes == 0


def test_prompts_of_another_layout_are_refused(tiny_pipeline):
    attention, _, _ = recorded(tiny_pipeline, num_inference_steps=1)
    with pytest.raises(TraceError, match=r"'a red dog on a sofa' and 'a dog' differ.*6 and 2 tokens"):
        injected(tiny_pipeline, attention, "a dog", num_inference_steps=1)


def test_calls_that_the_recording_does_not_fit_are_refused(tiny_pipeline):
    attention, _, _ = recorded(tiny_pipeline, [SEED, EDIT], (0, 1), num_inference_steps=1)
    with pytest.raises(TraceError, match="of 2 images is recorded"):
        injected(tiny_pipeline, attention, SEED, num_inference_steps=1)
    attention, _, _ = recorded(tiny_pipeline, num_inference_steps=1)
    with pytest.raises(TraceError, match="1 calls of the UNet is recorded, and this is call 2"):
        injected(tiny_pipeline, attention, SEED, num_inference_steps=2)
    longer, _, _ = recorded(tiny_pipeline, num_inference_steps=4)
    with pytest.raises(TraceError, match=r"Call 2 .* recorded at time step \d+, and is now at \d+: generate"):
        injected(tiny_pipeline, longer, SEED, num_inference_steps=2)
    with pytest.raises(TraceError, match=r"at the size that was recorded"):
        injected(tiny_pipeline, attention, SEED, num_inference_steps=1, height=64, width=64)
    with pytest.raises(TraceError, match="no recorded attention"):
        injected(tiny_pipeline, RecordedAttention(), SEED)


def test_settings_that_make_no_sense_are_refused(tiny_pipeline):
    for options in ({"memory_limit": 0}, {"steps": 0}):
        with pytest.raises(ValueError, match="positive"):
            RecordedAttention(**options)
    attention = RecordedAttention()
    with (
        pytest.raises(ValueError, match="record and inject"),
        trace(tiny_pipeline, record=attention, inject=attention),
    ):
        pass
