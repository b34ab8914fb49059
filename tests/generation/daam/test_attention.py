"""The scores of single attention calls."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from generation.daam.attention import Watch, attend


@pytest.fixture
def attention():
    """Queries, keys and values with lively scores: 3 rows, 2 attention heads, 6 cells, 5 tokens."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((3, 2, 6, 8), (3, 2, 5, 8), (3, 2, 5, 8))
    return [2 * torch.randn(shape, generator=generator) for shape in shapes]


def expected_probabilities(query, key, rows, columns, scale=None, bias=0.0):
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = (query.double() @ key.double().transpose(-1, -2) * scale + bias).softmax(dim=-1)
    return scores[rows][..., columns].transpose(-1, -2)


def assert_close(actual, expected, tolerance=1e-6):
    assert actual.dtype == torch.float32
    torch.testing.assert_close(actual.double(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("backend", [SDPBackend.FLASH_ATTENTION, SDPBackend.MATH])
@pytest.mark.parametrize("rows", [[0, 1, 2], [1], [2, 0]])
@pytest.mark.parametrize("columns", [slice(1, 4), torch.tensor([0, 3])])
def test_probabilities_of_the_wanted_rows_and_columns(attention, rows, columns, backend):
    with sdpa_kernel(backend):
        output, seen = attend(*attention)
        assert torch.equal(output, functional.scaled_dot_product_attention(*attention))
    assert (seen.logsumexp is None) == (backend == SDPBackend.MATH)
    expected = expected_probabilities(*attention[:2], rows, columns)
    assert_close(seen.probabilities(rows, columns), expected)
    assert_close(seen.attention_head_sum(rows, columns), expected.sum(dim=1))


@pytest.mark.parametrize("backend", [SDPBackend.FLASH_ATTENTION, SDPBackend.MATH])
@pytest.mark.parametrize("rows", [[0, 1, 2], [1, 2], [2, 0]])
def test_devices_that_take_all_rows_at_once_get_the_same(attention, backend, rows):
    """Any but a CPU; here a CPU pretends."""
    query, key, value = (each.transpose(1, 2).contiguous().transpose(1, 2) for each in attention)
    with sdpa_kernel(backend):
        _, seen = attend(query, key, value)
    expected = seen.probabilities(rows, slice(1, 4))
    seen = replace(seen, one_by_one=False)
    torch.testing.assert_close(seen.probabilities(rows, slice(1, 4)), expected)
    torch.testing.assert_close(seen.attention_head_sum(rows, slice(1, 4)), expected.sum(dim=1))


@pytest.mark.parametrize("backend", [SDPBackend.FLASH_ATTENTION, SDPBackend.MATH])
def test_only_some_of_the_queries(attention, backend):
    with sdpa_kernel(backend):
        _, seen = attend(*attention)
    expected = expected_probabilities(*attention[:2], [0, 1], slice(0, 5))[..., 2:]
    assert_close(seen.probabilities([0, 1], slice(0, 5), slice(2, None)), expected)


def test_a_scale_of_its_own_is_respected(attention):
    output, seen = attend(*attention, scale=0.7)
    assert torch.equal(output, functional.scaled_dot_product_attention(*attention, scale=0.7))
    # products of up to 34, of which float32 keeps 2e-6: how they are rounded differs from CPU to CPU
    assert_close(
        seen.probabilities([0], slice(0, 5)),
        expected_probabilities(*attention[:2], [0], slice(0, 5), scale=0.7),
        tolerance=1e-5,
    )


def test_masks_of_either_kind_are_respected(attention):
    mask = torch.tensor([True, True, False, True, False])
    bias = torch.zeros(3, 1, 1, 5).masked_fill(~mask, -10000.0)
    expected = expected_probabilities(*attention[:2], [1, 2], slice(0, 5), bias=bias.double()[:1])
    for each in (bias, mask.expand(3, 1, 1, 5), mask.expand(1, 1, 1, 5)):
        output, seen = attend(*attention, attn_mask=each)
        assert torch.equal(output, functional.scaled_dot_product_attention(*attention, attn_mask=each))
        assert_close(seen.probabilities([1, 2], slice(0, 5)), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_models_are_looked_at_in_float32(attention, dtype):
    halves = [each.to(dtype) for each in attention]
    output, seen = attend(*halves)
    assert torch.equal(output, functional.scaled_dot_product_attention(*halves))
    expected = expected_probabilities(*halves[:2], [0, 1], slice(0, 5))
    assert_close(seen.probabilities([0, 1], slice(0, 5)), expected, 1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_autocast_converts_what_the_kernel_gets_and_not_the_scores(attention, dtype):
    """Queries that are not yet of its type, as after a normalisation, and ones that are."""
    given = [each.to(dtype) for each in attention]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output, seen = attend(*given)
        assert output.dtype == torch.bfloat16
        assert torch.equal(output, functional.scaled_dot_product_attention(*given))
        actual = seen.probabilities([0, 1], slice(0, 5))
    assert_close(actual, expected_probabilities(*given[:2], [0, 1], slice(0, 5)), 1e-5)


@pytest.mark.parametrize("rows", [[0], [0, 1]])
def test_probabilities_hold_no_more_memory_than_their_own(attention, rows):
    with sdpa_kernel(SDPBackend.MATH):
        _, seen = attend(*attention)
    for one_by_one in (True, False):
        kept = replace(seen, one_by_one=one_by_one).probabilities(rows, slice(1, 4))
        assert kept.untyped_storage().nbytes() == kept.nbytes == len(rows) * 2 * 3 * 6 * 4


@pytest.mark.parametrize("options", [{"is_causal": True}, {"enable_gqa": True}])
def test_attention_of_other_kinds_is_left_alone(attention, options):
    output, seen = attend(*attention, **options)
    assert seen is None
    assert torch.equal(output, functional.scaled_dot_product_attention(*attention, **options))
    output, seen = attend(*(each[0] for each in attention))
    assert seen is None
    assert torch.equal(output, functional.scaled_dot_product_attention(*(each[0] for each in attention)))


def test_watching_sees_every_call_and_only_inside_the_block(attention):
    calls = []

    def count(*args, **kwargs):
        calls.append(kwargs)
        return args[0]

    with Watch(count):
        functional.scaled_dot_product_attention(*attention, scale=0.5)
        functional.softmax(attention[0], dim=-1)
    functional.scaled_dot_product_attention(*attention)
    assert calls == [{"scale": 0.5}]
