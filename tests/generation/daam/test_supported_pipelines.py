"""Every supported kind of pipeline, tiny: the image unchanged, the maps exact, nothing left behind."""

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch

from generation.daam import PromptTokens, RecordedAttention, TraceError, UnsupportedPipeline, trace
from tests.generation.daam.helpers import (
    GRIDS,
    JointScoreLog,
    naive_heat_maps,
    relative_deviation,
    scores_logged,
    token_heat_maps,
)
from tests.generation.daam.tiny_pipelines import JOINT, WITH_UNET, build

PROMPT = "a dog and a red xylophone"
WHOLE_WORDS = "a dog and a red cat"  # one token each, of T5 too
# 96 by 128 pixels, of 16 by 16 each
JOINT_GRID = {48: (6, 8)}


@pytest.fixture(scope="module")
def pipelines(tiny_pipeline):
    """Builds each kind once: `pipelines(name)` gives the pipeline and its arguments."""
    built = {}

    def get(name):
        if name not in built:
            built[name] = build(name, tiny_pipeline)
        return built[name]

    return get


def latents(pipeline, options, prompt=PROMPT, seeds=(0,), **more):
    generator = [torch.Generator().manual_seed(seed) for seed in seeds]
    options = {"num_inference_steps": 3, "output_type": "latent", **options, **more}
    return pipeline(prompt, generator=generator, **options).images


@pytest.mark.parametrize("name", [*WITH_UNET, *JOINT])
def test_the_image_is_the_same_to_the_bit_with_tracing_and_after(pipelines, name):
    pipeline, options = pipelines(name)
    before = latents(pipeline, options)
    with trace(pipeline) as tracer:
        during = latents(pipeline, options)
    after = latents(pipeline, options)
    assert len(tracer.heat_maps) == len(before) == 1
    assert torch.isfinite(before).all()
    assert torch.equal(before, during)
    assert torch.equal(before, after)
    network = getattr(pipeline, "unet", None) or pipeline.transformer
    registries = [getattr(module, "_diffusers_hook", None) for module in network.modules()]
    assert not any(registry.hooks for registry in registries if registry)
    assert not any("forward" in vars(module) for module in network.modules())
    assert not {"encode_prompt", "check_inputs", "maybe_free_model_hooks"} & vars(pipeline).keys()


@pytest.mark.parametrize("name", WITH_UNET)
def test_heat_maps_are_the_sum_of_all_upscaled_scores(pipelines, name):
    pipeline, options = pipelines(name)
    if name == "fused_projections":  # which the log cannot see through; its maps are those of the plain one
        with trace(pipeline) as tracer:
            latents(pipeline, options)
        pipeline, options = pipelines("text_to_image")
        with scores_logged(pipeline) as log:
            latents(pipeline, options)
    else:
        with scores_logged(pipeline) as log, trace(pipeline) as tracer:
            latents(pipeline, options)
    [heat_map] = tracer.heat_maps
    assert heat_map.image_size == (128, 128)
    expected = naive_heat_maps(log, 1, heat_map.attended, GRIDS, (128, 128))
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6
    spread = heat_map.word("dog").soft()
    assert spread.max() > 1.01 * spread.min()


def test_an_image_prompt_as_long_as_the_text_is_told_apart_by_its_place(pipelines):
    """Four tokens each: the attention to the text comes first."""
    pipeline, options = pipelines("ip_adapter")
    embeds = torch.randn(2, 4, 32, generator=torch.Generator().manual_seed(0))
    with scores_logged(pipeline) as log, trace(pipeline) as tracer:
        tracer.describe(PromptTokens("X Y", np.array([[0, 1], [2, 3]], np.int32), np.array([1, 2])))
        latents(pipeline, options, None, prompt_embeds=embeds[:1], negative_prompt_embeds=embeds[1:])
    expected = naive_heat_maps(log, 1, 2, GRIDS, (128, 128))
    assert relative_deviation(token_heat_maps(tracer.heat_maps[0]), expected) <= 1e-6


@pytest.mark.parametrize(
    ("name", "text", "first", "tolerance"),
    # T5's text of 48 tokens: after the 48 cells and CLIP's 77 tokens, or first. This SD 3's products of query
    # and key reach 48, and float32 rounds an exponent of 48 by 3e-6.
    [
        ("stable_diffusion_3", slice(48, 48 + 77 + 48), 77, 3e-6),
        ("flux", slice(0, 48), 0, 1e-6),
    ],
)
def test_joint_attention_is_what_the_image_pays_to_the_text(pipelines, name, text, first, tolerance):
    pipeline, options = pipelines(name)
    with JointScoreLog(text) as log:
        latents(pipeline, options, WHOLE_WORDS)
    with trace(pipeline) as tracer:
        latents(pipeline, options, WHOLE_WORDS)
    [heat_map] = tracer.heat_maps
    assert heat_map.prompt == WHOLE_WORDS
    assert heat_map.image_size == (96, 128)
    row = 1 if name == "stable_diffusion_3" else 0
    log = [(layer, scores) for layer, scores in log.log if scores.shape[-2] in JOINT_GRID]
    assert len(log) == 3 * 2
    expected = naive_heat_maps(log, row, heat_map.attended, JOINT_GRID, (96, 128), first=first)
    assert relative_deviation(token_heat_maps(heat_map), expected) <= tolerance


@pytest.mark.parametrize("name", ["image_to_image", "controlnet", "stable_diffusion_xl", *JOINT])
def test_a_batch_equals_its_prompts_one_by_one(pipelines, name):
    pipeline, options = pipelines(name)
    prompts = ["a dog", "a red cat and a dog"]
    images = {"image": [options["image"]] * 2} if "image" in options else {}
    with trace(pipeline) as tracer:
        latents(pipeline, options, prompts, seeds=(0, 1), **images)
        for seed, prompt in enumerate(prompts):
            latents(pipeline, options, prompt, seeds=(seed,))
    together, alone = tracer.heat_maps[:2], tracer.heat_maps[2:]
    for one, other in zip(together, alone, strict=True):
        assert one.prompt == other.prompt
        for grid, sums in other.levels.items():
            assert relative_deviation(one.levels[grid], sums) <= 1e-5


@pytest.mark.parametrize("negative", ["a cat", WHOLE_WORDS])
def test_flux_guides_by_a_call_of_its_own_which_is_not_the_prompts(pipelines, negative):
    pipeline, options = pipelines("flux")
    options = {**options, "negative_prompt": negative, "true_cfg_scale": 3.0}
    with JointScoreLog(slice(0, 48)) as log:
        latents(pipeline, options, WHOLE_WORDS)
    with trace(pipeline, negative_prompt=True) as tracer:
        latents(pipeline, options, WHOLE_WORDS)
    scores = [(layer, each) for layer, each in log.log if each.shape[-2] in JOINT_GRID]
    assert len(scores) == 3 * 2 * 2
    calls = [scores[number : number + 2] for number in range(0, len(scores), 2)]
    for heat_maps, own in (
        (tracer.heat_maps, [*calls[0], *calls[2], *calls[4]]),
        (tracer.negative_heat_maps, [*calls[1], *calls[3], *calls[5]]),
    ):
        [heat_map] = heat_maps
        expected = naive_heat_maps(own, 0, heat_map.attended, JOINT_GRID, (96, 128), first=0)
        assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6
    assert tracer.negative_heat_maps[0].prompt == negative


def test_flux_forgets_a_call_that_failed_before_its_first_step(pipelines):
    pipeline, options = pipelines("flux")
    with trace(pipeline) as tracer:
        with pytest.raises(RuntimeError):
            latents(pipeline, options, "a cat", latents=torch.zeros(1, 1, 1))
        latents(pipeline, options)
    assert [heat_map.prompt for heat_map in tracer.heat_maps] == [PROMPT]


def test_skip_layer_guidance_is_not_recorded(pipelines):
    pipeline, options = pipelines("stable_diffusion_3")
    options = {**options, "skip_guidance_layers": [0], "skip_layer_guidance_stop": 1.0}
    with trace(pipeline, keep_steps=True) as tracer:
        latents(pipeline, {**options, "skip_layer_guidance_start": 0.0})
    assert len(tracer.heat_maps[0].steps) == 3


def test_time_steps_of_flow_models_are_counted_like_those_of_others(pipelines):
    for name in JOINT:
        pipeline, options = pipelines(name)
        with trace(pipeline, keep_steps=True) as tracer:
            latents(pipeline, options)
        times = [step.time_step for step in tracer.heat_maps[0].steps]
        assert times == pytest.approx(pipeline.scheduler.timesteps.tolist())


def test_a_prompt_of_its_own_for_the_second_encoder_of_xl_is_warned_of(pipelines):
    pipeline, options = pipelines("stable_diffusion_xl")
    with trace(pipeline) as tracer:
        with pytest.warns(UserWarning, match="prompt_2 differs"):
            latents(pipeline, options, prompt_2="a boat")
        latents(pipeline, options, prompt_2=PROMPT)
    assert [heat_map.prompt for heat_map in tracer.heat_maps] == [PROMPT, PROMPT]


def test_flux_is_traced_by_the_text_that_its_long_encoder_sees(pipelines):
    pipeline, options = pipelines("flux")
    with trace(pipeline) as tracer:
        latents(pipeline, options, "a boat", prompt_2="a red cat")
    assert tracer.heat_maps[0].prompt == "a red cat"


def test_another_attention_backend_is_refused_with_the_setting_to_change(pipelines, monkeypatch):
    pipeline, _ = pipelines("flux")
    monkeypatch.setattr(
        pipeline.transformer.transformer_blocks[0].attn.processor, "_attention_backend", "sage"
    )
    with pytest.raises(UnsupportedPipeline, match=r'set_attention_backend\("native"\)'), trace(pipeline):
        pass


@pytest.mark.parametrize("name", JOINT)
def test_joint_attention_cannot_be_controlled(pipelines, name):
    with (
        pytest.raises(UnsupportedPipeline, match="joint attention"),
        trace(pipelines(name)[0], record=RecordedAttention()),
    ):
        pass


def test_two_pipelines_can_be_traced_in_two_threads(pipelines, tiny_pipeline, monkeypatch):
    both_traced = Barrier(2, timeout=20)

    def run(name, seed):
        pipeline, options = pipelines(name)
        with trace(pipeline) as tracer:
            both_traced.wait()
            latents(pipeline, options, seeds=(seed,))
            both_traced.wait()
        return tracer.heat_maps

    names = ["stable_diffusion_xl", "lora"]
    for name in names:
        # a tokenizer keeps its padding from call to call, so threads cannot share one, traced or not
        monkeypatch.setitem(vars(pipelines(name)[0]), "tokenizer", copy.deepcopy(tiny_pipeline.tokenizer))
    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(run, names, (0, 1)))
    for name, seed, [heat_map] in zip(names, (0, 1), at_once, strict=True):
        pipeline, options = pipelines(name)
        with trace(pipeline) as tracer:
            latents(pipeline, options, seeds=(seed,))
        for grid, sums in tracer.heat_maps[0].levels.items():
            assert np.array_equal(heat_map.levels[grid], sums)


def test_one_pipeline_cannot_be_traced_by_another_name(pipelines):
    """Image-to-image made of the parts of text-to-image shares its UNet."""
    with (
        trace(pipelines("text_to_image")[0]),
        pytest.raises(TraceError, match="already"),
        trace(pipelines("image_to_image")[0]),
    ):
        pass
