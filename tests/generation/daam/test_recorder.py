"""Which row is whose, and the scores of single attention calls."""

import pytest
import torch
from torch.nn import functional

from generation.daam.recorder import Recorder, TraceError, image_rows


def texts(*values):
    """Text states (rows, tokens, features) that are equal where the values are."""
    return torch.stack([torch.full((3, 2), float(value)) for value in values])


@pytest.mark.parametrize(
    ("text_states", "prompts", "negatives", "rows"),
    [
        (texts(1), texts(1), None, [0]),
        (texts(0, 1), texts(1), texts(0), [1]),
        (texts(0, 0, 1, 2), texts(1, 2), texts(0, 0), [2, 3]),
        # the prompts' order, not that of the batch
        (texts(0, 0, 2, 1), texts(1, 2), texts(0, 0), [3, 2]),
        # two images of one prompt
        (texts(0, 0, 1, 1), texts(1, 1), texts(0, 0), [2, 3]),
        # the negative prompt equals the prompt, or another image's
        (texts(1, 1), texts(1), texts(1), [1]),
        (texts(2, 1, 1, 2), texts(1, 2), texts(2, 1), [2, 3]),
        # embeddings of a negative prompt that is not used, for lack of guidance
        (texts(1), texts(1), texts(1), [0]),
        (texts(1), texts(1), texts(0), [0]),
        # perturbed-attention guidance: negative, prompt, perturbed
        (texts(0, 1, 1), texts(1), texts(0), [1]),
        # prompt first, as in editing by instruction
        (texts(1, 0, 0), texts(1), texts(0), [0]),
        # guidance in two calls: this one has nothing to record
        (texts(0), texts(1), texts(0), None),
    ],
)
def test_rows_belong_to_the_image_whose_text_they_hold(text_states, prompts, negatives, rows):
    assert image_rows(text_states, prompts, negatives) == rows


def test_a_text_that_nobody_encoded_is_an_error():
    with pytest.raises(TraceError, match="image 1"):
        image_rows(texts(0, 0, 1, 5), texts(1, 2), texts(0, 0))


def record(query, key, value, *, rows, columns, grid, **options):
    recorder = Recorder(columns, clamp=False, resolutions=None, keep_steps=False)
    recorder.begin_call(grid, rows, key.shape[2], 1)
    with recorder.watch("layer"):
        output = functional.scaled_dot_product_attention(query, key, value, **options)
    assert recorder.end_call(["layer"]) == []
    return output, recorder.levels()[None][grid]


@pytest.fixture
def attention():
    """Queries, keys and values with lively scores: 3 rows, 2 attention heads, 6 cells, 5 tokens."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((3, 2, 6, 8), (3, 2, 5, 8), (3, 2, 5, 8))
    return [2 * torch.randn(shape, generator=generator) for shape in shapes]


def expected_level(query, key, rows, columns, grid, scale=None, bias=0.0):
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = (query.double() @ key.double().transpose(-1, -2) * scale + bias).softmax(dim=-1)
    return scores[rows][..., columns].sum(dim=1).transpose(-1, -2).unflatten(-1, grid)


@pytest.mark.parametrize("rows", [[0, 1, 2], [1], [2, 0]])
def test_scores_of_the_wanted_rows_and_columns(attention, rows):
    output, level = record(*attention, rows=rows, columns=slice(1, 4), grid=(2, 3))
    assert torch.equal(output, functional.scaled_dot_product_attention(*attention))
    expected = expected_level(*attention[:2], rows, slice(1, 4), (2, 3))
    torch.testing.assert_close(level.double(), expected, rtol=1e-6, atol=1e-6)


def test_a_scale_of_its_own_is_respected(attention):
    _, level = record(*attention, rows=[0], columns=slice(0, 5), grid=(2, 3), scale=0.7)
    expected = expected_level(*attention[:2], [0], slice(0, 5), (2, 3), scale=0.7)
    torch.testing.assert_close(level.double(), expected, rtol=1e-6, atol=1e-6)


def test_masks_of_either_kind_are_respected(attention):
    seen = torch.tensor([True, True, False, True, False])
    bias = torch.zeros(3, 1, 1, 5).masked_fill(~seen, -10000.0)
    expected = expected_level(*attention[:2], [1, 2], slice(0, 5), (2, 3), bias=bias.double())
    for mask in (bias, seen.expand(3, 1, 1, 5), seen.expand(1, 1, 1, 5)):
        output, level = record(*attention, rows=[1, 2], columns=slice(0, 5), grid=(2, 3), attn_mask=mask)
        assert torch.equal(output, functional.scaled_dot_product_attention(*attention, attn_mask=mask))
        torch.testing.assert_close(level.double(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_models_are_summed_in_float32(attention, dtype):
    halves = [each.to(dtype) for each in attention]
    output, level = record(*halves, rows=[0, 1], columns=slice(0, 5), grid=(2, 3))
    assert torch.equal(output, functional.scaled_dot_product_attention(*halves))
    assert level.dtype == torch.float32
    expected = expected_level(*halves[:2], [0, 1], slice(0, 5), (2, 3))
    torch.testing.assert_close(level.double(), expected, rtol=1e-5, atol=1e-5)


def test_only_the_first_attention_over_the_text_counts(attention):
    """An IP-Adapter's image follows the text, and may have as many tokens."""
    query, key, value = attention
    recorder = Recorder(slice(0, 5), clamp=False, resolutions=None, keep_steps=False)
    recorder.begin_call((2, 3), [0], 5, 1)
    with recorder.watch("layer"):
        functional.scaled_dot_product_attention(query, query, query)
        functional.scaled_dot_product_attention(query, key, value)
        functional.scaled_dot_product_attention(query, key.flip(2), value)
    expected = expected_level(query, key, [0], slice(0, 5), (2, 3))
    torch.testing.assert_close(recorder.levels()[None][2, 3].double(), expected, rtol=1e-6, atol=1e-6)


def test_a_layer_without_attention_over_the_text_is_missed(attention):
    query, _, _ = attention
    recorder = Recorder(slice(0, 5), clamp=False, resolutions=None, keep_steps=False)
    recorder.begin_call((2, 3), [0], 5, 1)
    with recorder.watch("layer"):
        functional.scaled_dot_product_attention(query, query, query)
    assert recorder.end_call(["layer"]) == ["layer"]
    assert recorder.is_empty
