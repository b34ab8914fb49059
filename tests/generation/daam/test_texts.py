"""What the texts of a generation can be: embeddings, long prompts, special tokens, negative prompts."""

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from generation.daam import PromptTokens, TraceError, WordNotAttended, trace
from tests.generation.daam.helpers import (
    GRIDS,
    assert_same_levels,
    generate,
    naive_heat_maps,
    relative_deviation,
    scores_logged,
    token_heat_maps,
)

SIZE = (128, 128)


def traced(pipeline, prompt, seeds=(0,), describe=None, trace_options=None, **options):
    with scores_logged(pipeline) as log, trace(pipeline, **(trace_options or {})) as tracer:
        if describe is not None:
            tracer.describe(describe)
        generate(pipeline, prompt, seeds, **options)
    return log, tracer


def embedded(pipeline, *prompts):
    """Embeddings of the prompts and of as many empty negative ones: (prompts, 77, features)."""
    embeds, negative = pipeline.encode_prompt(list(prompts), "cpu", 1, True)
    return {"prompt_embeds": embeds, "negative_prompt_embeds": negative}


# embeddings


def test_embeddings_are_traced_like_the_text_that_they_are_said_to_be(tiny_pipeline):
    prompts = ["a dog", "a red cat"]
    _, described = traced(tiny_pipeline, None, (0, 1), describe=prompts, **embedded(tiny_pipeline, *prompts))
    _, plain = traced(tiny_pipeline, prompts, (0, 1))
    for one, other in zip(described.heat_maps, plain.heat_maps, strict=True):
        assert one.prompt == other.prompt
        assert_same_levels(one.levels, other.levels, 0)


def test_a_described_text_has_as_many_images_as_are_asked_for(tiny_pipeline):
    _, tracer = traced(
        tiny_pipeline,
        None,
        (0, 1),
        describe="a dog",
        num_images_per_prompt=2,
        num_inference_steps=1,
        **embedded(tiny_pipeline, "a dog"),
    )
    assert [heat_map.prompt for heat_map in tracer.heat_maps] == ["a dog", "a dog"]


def test_tokens_can_be_told_column_by_column(tiny_pipeline):
    tokens = PromptTokens("X Y", np.array([[0, 1], [2, 3]], np.int32), np.array([5, 2]))
    log, tracer = traced(tiny_pipeline, None, describe=tokens, **embedded(tiny_pipeline, "a dog and a cat"))
    [heat_map] = tracer.heat_maps
    for word, column in (("X", 5), ("Y", 2)):
        expected = naive_heat_maps(log, 1, 1, GRIDS, SIZE, first=column)[0]
        assert relative_deviation(heat_map.word(word).soft(), expected) <= 1e-6


def test_text_that_the_pipeline_is_given_counts_more_than_a_description(tiny_pipeline):
    _, tracer = traced(tiny_pipeline, "a dog", describe="a cat", num_inference_steps=1)
    assert tracer.heat_maps[0].prompt == "a dog"


def test_descriptions_that_do_not_fit_the_embeddings_are_an_error(tiny_pipeline):
    embeddings = embedded(tiny_pipeline, "a dog", "a cat")
    for wrong in (["a dog", "a cat", "a bird"], []):
        with pytest.raises(TraceError, match=f"There are {len(wrong)} texts for the embeddings of 2 images"):
            traced(tiny_pipeline, None, (0, 1), describe=wrong, **embeddings)
    beyond = PromptTokens("a", np.array([[0, 1]], np.int32), np.array([77]))
    with pytest.raises(TraceError, match="column 77, but the embeddings have only 77"):
        traced(tiny_pipeline, None, (0, 1), describe=beyond, **embeddings)


# long prompts


def test_long_prompts_by_embeddings_in_chunks(tiny_pipeline):
    """75 tokens and 5 more, encoded apart and put one after the other."""
    words = ["dog"] * 75 + ["a", "red", "cat", "and", "sofa"]
    chunks = embedded(tiny_pipeline, " ".join(words[:75]), " ".join(words[75:]))
    long = {name: torch.cat([each[:1], each[1:]], dim=1) for name, each in chunks.items()}
    prompt = " ".join(words)
    log, tracer = traced(tiny_pipeline, None, describe=prompt, **long)
    [heat_map] = tracer.heat_maps
    assert heat_map.attended == len(words)
    expected = np.concatenate(
        [
            naive_heat_maps(log, 1, 75, GRIDS, SIZE, first=1),
            naive_heat_maps(log, 1, 5, GRIDS, SIZE, first=78),
        ]
    )
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6
    assert relative_deviation(heat_map.word("sofa").soft(), expected[-1]) <= 1e-6


def test_words_beyond_long_embeddings_are_not_attended(tiny_pipeline):
    chunks = embedded(tiny_pipeline, "dog " * 75, "dog " * 75)
    long = {name: torch.cat([each[:1], each[1:]], dim=1) for name, each in chunks.items()}
    _, tracer = traced(tiny_pipeline, None, describe="dog " * 150 + "cat", num_inference_steps=1, **long)
    with pytest.raises(WordNotAttended, match="first 150 tokens"):
        tracer.heat_maps[0].word("cat")


def test_short_and_long_prompts_in_one_batch(tiny_pipeline):
    """Whose tokens leave gaps between the columns that are recorded."""
    first, second, other, filler = (
        embedded(tiny_pipeline, each)["prompt_embeds"] for each in ("dog " * 75, "a red cat", "a bird", "")
    )
    embeds = torch.cat([torch.cat([other, filler], dim=1), torch.cat([first, second], dim=1)])
    negative = torch.cat([torch.cat([filler, filler], dim=1)] * 2)
    log, tracer = traced(
        tiny_pipeline,
        None,
        (0, 1),
        describe=["a bird", "dog " * 75 + "a red cat"],
        prompt_embeds=embeds,
        negative_prompt_embeds=negative,
    )
    bird, cat = tracer.heat_maps
    assert (bird.attended, cat.attended) == (2, 78)
    expected = naive_heat_maps(log, 2, 2, GRIDS, SIZE)
    assert relative_deviation(token_heat_maps(bird), expected) <= 1e-6
    expected = naive_heat_maps(log, 3, 3, GRIDS, SIZE, first=78)
    assert relative_deviation(token_heat_maps(cat)[75:], expected) <= 1e-6


# textual inversion


def test_a_learned_word_is_the_tokens_that_the_pipeline_makes_of_it(tiny_checkpoint):
    pipeline = StableDiffusionPipeline.from_pretrained(tiny_checkpoint, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    vectors = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    pipeline.load_textual_inversion(vectors, token="<toy>")
    log, tracer = traced(pipeline, "a <toy> and a dog")
    [heat_map] = tracer.heat_maps
    assert heat_map.prompt == "a <toy> <toy>_1 and a dog"
    expected = naive_heat_maps(log, 1, 6, GRIDS, SIZE)
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6
    word = heat_map.word("<toy> <toy>_1").soft()
    assert relative_deviation(word, expected[1:3].mean(axis=0)) <= 1e-6


# start and end tokens


def test_maps_of_start_and_end_tokens_on_request(tiny_pipeline):
    prompts = ["a dog", "a red cat on a sofa"]
    log, tracer = traced(tiny_pipeline, prompts, (0, 1), trace_options={"special_tokens": True})
    for image, heat_map in enumerate(tracer.special_heat_maps):
        for word, column in (("<|startoftext|>", 0), ("<|endoftext|>", 1 + len(prompts[image].split()))):
            expected = naive_heat_maps(log, 2 + image, 1, GRIDS, SIZE, first=column)[0]
            assert relative_deviation(heat_map.word(word).soft(), expected) <= 1e-6
    _, plain = traced(tiny_pipeline, prompts, (0, 1))
    assert plain.special_heat_maps == []
    for one, other in zip(tracer.heat_maps, plain.heat_maps, strict=True):
        assert_same_levels(one.levels, other.levels, 1e-6)


def test_an_empty_prompt_has_start_and_end_tokens(tiny_pipeline):
    options = {"special_tokens": True, "keep_steps": True}
    log, tracer = traced(tiny_pipeline, "", trace_options=options)
    [heat_map] = tracer.special_heat_maps
    expected = naive_heat_maps(log, 1, 2, GRIDS, SIZE, first=0)
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6
    assert len(heat_map.steps) == 4


# negative prompts


def test_maps_of_the_negative_prompt_on_request(tiny_pipeline):
    negative = ["a red boat", "a cat"]
    log, tracer = traced(
        tiny_pipeline,
        ["a dog", "a bird on a sofa"],
        (0, 1),
        negative_prompt=negative,
        trace_options={"negative_prompt": True},
    )
    assert [heat_map.prompt for heat_map in tracer.negative_heat_maps] == negative
    for row, heat_map in enumerate(tracer.negative_heat_maps):
        expected = naive_heat_maps(log, row, heat_map.attended, GRIDS, SIZE)
        assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6
    for row, heat_map in enumerate(tracer.heat_maps):
        expected = naive_heat_maps(log, 2 + row, heat_map.attended, GRIDS, SIZE)
        assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


def test_prompt_and_negative_prompt_that_are_equal_have_maps_of_their_own_halves(tiny_pipeline):
    log, tracer = traced(
        tiny_pipeline, "a dog", negative_prompt="a dog", trace_options={"negative_prompt": True}
    )
    for row, [heat_map] in enumerate([tracer.negative_heat_maps, tracer.heat_maps]):
        expected = naive_heat_maps(log, row, 2, GRIDS, SIZE)
        assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6


def test_a_negative_prompt_that_nobody_gave_is_empty(tiny_pipeline):
    _, tracer = traced(tiny_pipeline, "a dog", trace_options={"negative_prompt": True}, num_inference_steps=1)
    assert [(each.prompt, each.attended) for each in tracer.negative_heat_maps] == [("", 0)]


def test_without_guidance_there_is_no_negative_prompt_to_map(tiny_pipeline):
    with pytest.raises(TraceError, match="without guidance"):
        traced(tiny_pipeline, "a dog", guidance_scale=1.0, trace_options={"negative_prompt": True})
    with pytest.raises(TraceError, match="negative_prompt_embeds without their text"):
        traced(
            tiny_pipeline,
            None,
            describe="a dog",
            trace_options={"negative_prompt": True},
            **embedded(tiny_pipeline, "a dog"),
        )


# bad prompts


def test_no_prompt_is_the_pipelines_own_error(tiny_pipeline):
    with pytest.raises(ValueError, match="Provide either `prompt`"):
        traced(tiny_pipeline, None)


@pytest.mark.parametrize("prompt", [".", "., !"])
def test_a_prompt_of_only_stop_characters(tiny_pipeline, prompt):
    log, tracer = traced(tiny_pipeline, prompt)
    [heat_map] = tracer.heat_maps
    assert heat_map.attended == len(prompt.replace(" ", "")) if len(prompt) == 1 else heat_map.attended > 0
    expected = naive_heat_maps(log, 1, heat_map.attended, GRIDS, SIZE)
    assert relative_deviation(token_heat_maps(heat_map), expected) <= 1e-6
    assert heat_map.word(".").soft().max() > 0
