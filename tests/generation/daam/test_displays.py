import numpy as np
import pytest

from generation.daam.displays import DEFAULT, DISPLAYS, rainbow, spotlight, veil

PICTURE = np.array([[[100, 150, 50], [100, 150, 50], [100, 150, 50]]], dtype=np.float32)
HEAT = np.array([[0, 0.5, 1]], dtype=np.float32)


def test_the_veil_is_blue_by_four_fifths_of_the_heat():
    np.testing.assert_allclose(
        veil(PICTURE, HEAT)[0], [[100, 150, 50], [60, 106, 110], [20, 62, 170]], rtol=1e-5
    )


def test_the_spotlight_leaves_what_is_hot_and_little_of_what_is_cold():
    np.testing.assert_allclose(
        spotlight(PICTURE, HEAT)[0], [[12, 18, 6], [56, 84, 28], [100, 150, 50]], rtol=1e-5
    )


def test_the_rainbow_is_matplotlibs_by_three_quarters_of_the_heat():
    cold, middle, hot = rainbow()(PICTURE, HEAT)[0]
    np.testing.assert_allclose(cold, PICTURE[0, 0])
    # turbo, as published: green in its middle (164, 252, 59 at 128 of 255), dark red at its end (122, 4, 2)
    np.testing.assert_allclose(middle, PICTURE[0, 1] * 0.625 + np.array([164, 252, 60]) * 0.375, atol=2)
    np.testing.assert_allclose(hot, PICTURE[0, 2] * 0.25 + np.array([122, 4, 3]) * 0.75, atol=1)


@pytest.mark.parametrize("display", DISPLAYS)
def test_what_is_drawn_are_pixels_and_the_picture_stays(display):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.float32)
    before = pixels.copy()
    heat = np.random.default_rng(1).random((20, 30), dtype=np.float32)
    drawn = DISPLAYS[display](pixels, heat)
    assert (drawn.shape, drawn.dtype) == (pixels.shape, np.float32)
    assert drawn.min() >= 0
    assert drawn.max() <= 255
    assert np.array_equal(pixels, before)


def test_the_default_is_one_of_them():
    assert DEFAULT in DISPLAYS
