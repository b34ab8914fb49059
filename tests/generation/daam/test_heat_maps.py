import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn import functional

from generation.daam import GlobalHeatMap, StepLevels, WordHeatMap, WordNotAttended, WordNotFound, trace
from tests.generation.daam.helpers import generate


def heat_map_of(prompt, spans, attended=None, image_size=(40, 24), grids=((5, 3), (3, 2)), **parts):
    random = np.random.default_rng(0)
    tokens = len(spans) if attended is None else attended
    levels = {grid: random.random((tokens, *grid), dtype=np.float32) for grid in grids}
    return GlobalHeatMap(prompt, image_size, levels, np.array(spans, np.int32).reshape(-1, 2), **parts)


@pytest.fixture
def dogs():
    return heat_map_of("a dog and a dog", [(0, 1), (2, 5), (6, 9), (10, 11), (12, 15)])


# words


def test_a_word_is_its_token(dogs):
    word = dogs.word("dog", occurrence=1)
    assert word.text == "dog"
    for grid, sums in dogs.levels.items():
        np.testing.assert_array_equal(word.levels[grid], sums[4])


def test_occurrences_differ(dogs):
    assert not np.array_equal(dogs.word("dog").soft(), dogs.word("dog", 1).soft())


def test_several_tokens_are_averaged(dogs):
    for grid, cells in dogs.word("and a dog").levels.items():
        np.testing.assert_allclose(cells, dogs.levels[grid][2:5].mean(axis=0), rtol=1e-6)
        assert cells.dtype == np.float32


def test_a_span_may_cut_words(dogs):
    np.testing.assert_array_equal(dogs.span(3, 4).soft(), dogs.word("dog").soft())


def test_a_word_that_is_absent(dogs):
    with pytest.raises(WordNotFound, match="'cat' is not in the prompt 'a dog and a dog'"):
        dogs.word("cat")


@pytest.mark.parametrize(("start", "end"), [(0, 99), (-1, 3), (3, 3), (1, 2)])
def test_bad_spans_are_value_errors(dogs, start, end):
    with pytest.raises(ValueError, match=r"\[-?\d+, \d+\)"):
        dogs.span(start, end)


def test_a_word_beyond_the_encoder_was_not_attended():
    heat_map = heat_map_of("a hot dog", [(0, 1), (2, 5), (6, 9)], attended=2)
    assert heat_map.word("hot").text == "hot"
    for text in ("dog", "hot dog"):
        with pytest.raises(WordNotAttended, match=f"first 2 tokens.*{text}.*needs token 3") as error:
            heat_map.word(text)
        assert isinstance(error.value, KeyError)


# Eq. 6 and Eq. 7


@pytest.mark.parametrize("size", [None, (80, 48), (7, 50)])
def test_soft_is_torchs_upscaling_of_every_level(dogs, size):
    word = dogs.word("dog")
    expected = sum(
        functional.interpolate(
            torch.from_numpy(cells)[None, None].double(), size=size or (40, 24), mode="bicubic"
        )[0, 0].numpy()
        for cells in word.levels.values()
    )
    heat = word.soft(size)
    assert heat.dtype == np.float32
    np.testing.assert_allclose(heat, expected, rtol=0, atol=1e-6 * expected.max())


def word_heat_map(cells, image_size=(2, 3)):
    cells = np.array(cells, dtype=np.float32)
    return WordHeatMap("dog", image_size, {cells.shape: cells})


def test_mask_compares_with_the_share_of_the_maximum():
    word = word_heat_map([[0.0, 4.0, 3.9], [10.0, 5.0, -1.0]])
    np.testing.assert_array_equal(word.mask(0.4), [[False, True, False], [True, True, False]])
    np.testing.assert_array_equal(word.mask(1), [[False, False, False], [True, False, False]])
    np.testing.assert_array_equal(word.mask(0), [[True, True, True], [True, True, False]])
    assert word.mask(size=(8, 9)).shape == (8, 9)
    assert word.mask().dtype == np.bool_


def test_a_map_of_zeros_has_an_empty_mask():
    assert not word_heat_map(np.zeros((2, 3))).mask(0).any()


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_thresholds_that_cannot_be(threshold):
    with pytest.raises(ValueError, match="threshold"):
        word_heat_map(np.ones((2, 3))).mask(threshold)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_sums_that_are_not_finite_are_an_error(value):
    word = word_heat_map([[1.0, value, 1.0]] * 2)
    for draw in (word.soft, word.mask):
        with pytest.raises(ValueError, match="'dog' is not finite"):
            draw()


def test_a_size_that_cannot_be():
    with pytest.raises(ValueError, match="positive"):
        word_heat_map(np.ones((2, 3))).soft((0, 5))


# steps


def steps_of(grids, count=4):
    random = np.random.default_rng(1)
    return tuple(
        StepLevels(float(time_step), {grid: random.random((2, *grid), dtype=np.float32) for grid in grids})
        for time_step in range(900, 900 - 100 * count, -100)
    )


def test_during_sums_the_steps_of_the_range():
    grids = ((5, 3), (3, 2))
    steps = steps_of(grids)
    heat_map = heat_map_of("a dog", [(0, 1), (2, 5)], grids=grids, steps=steps)
    last = heat_map.during(-2)
    assert last.steps == steps[2:]
    for grid in grids:
        np.testing.assert_allclose(
            last.levels[grid], steps[2].levels[grid] + steps[3].levels[grid], rtol=1e-6
        )


def test_during_needs_steps(dogs):
    with pytest.raises(ValueError, match="keep_steps=True"):
        dogs.during(0, 1)
    heat_map = heat_map_of("a dog", [(0, 1), (2, 5)], grids=((5, 3),), steps=steps_of(((5, 3),)))
    with pytest.raises(ValueError, match="None of the 4"):
        heat_map.during(4)


# parts that do not fit together


def test_parts_that_do_not_fit_together():
    with pytest.raises(ValueError, match="outside the prompt"):
        heat_map_of("a dog", [(0, 1), (2, 6)])
    with pytest.raises(ValueError, match="offsets of 1 only"):
        heat_map_of("a dog", [(0, 1)], attended=2)
    with pytest.raises(ValueError, match="cannot be"):
        heat_map_of("a dog", [(0, 1)], image_size=(10**9, 10**9))
    with pytest.raises(ValueError, match="one resolution"):
        heat_map_of("a dog", [(0, 1)], grids=())
    with pytest.raises(ValueError, match="time step has the grids"):
        heat_map_of("a dog", [(0, 1), (2, 5)], steps=steps_of(((5, 3),)))
    with pytest.raises(ValueError, match=r"shape \(1, 3, 5\)"):
        GlobalHeatMap("a", (8, 8), {(5, 3): np.zeros((1, 3, 5), np.float32)}, np.array([[0, 1]], np.int32))


# the whole way


def test_maps_of_a_call_differ_from_word_to_word_and_occurrence_to_occurrence(tiny_pipeline):
    with trace(tiny_pipeline) as tracer:
        generate(tiny_pipeline, "a dog and a dog near a cat")
    [heat_map] = tracer.heat_maps
    maps = [
        word.soft()
        for word in (
            heat_map.word("dog"),
            heat_map.word("dog", 1),
            heat_map.word("cat"),
            heat_map.word("and"),
        )
    ]
    for i, one in enumerate(maps):
        assert one.shape == (128, 128)
        for other in maps[:i]:
            assert np.corrcoef(one.ravel(), other.ravel())[0, 1] < 0.95


def test_heat_maps_are_read_and_drawn_without_torch():
    code = (
        "import sys\n"
        "from generation.daam import GlobalHeatMap, WordHeatMap\n"
        "import generation.daam.overlay, generation.daam.tokens, generation.daam.schedulers\n"
        "import generation.daam.checkpoints\n"
        "assert not {'torch', 'diffusers', 'transformers'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
