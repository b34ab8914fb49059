"""What `trace` can be asked for."""

import pytest
from torch.nn import functional

from generation.daam import TraceError, trace
from tests.generation.daam.helpers import (
    GRIDS,
    assert_same_levels,
    naive_heat_maps,
    relative_deviation,
    scores_logged,
    token_heat_maps,
    traced,
)

PROMPT = "a dog and a red xylophone"


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
