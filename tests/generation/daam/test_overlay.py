import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from generation.daam import WordHeatMap
from generation.daam.displays import DISPLAYS, rainbow
from generation.daam.overlay import draw_overlay

GRAY = 100


def heat_map_of(cells):
    cells = np.array(cells, dtype=np.float32)
    return WordHeatMap("dog", cells.shape, {cells.shape: cells})


@pytest.fixture
def image():
    return Image.new("RGB", (4, 3), (GRAY, GRAY, GRAY))


@pytest.fixture
def ramp():
    """From 5 to 16, in reading order."""
    return heat_map_of(np.arange(5, 17).reshape(3, 4))


def test_lowest_shows_the_image_and_highest_the_colour(image, ramp):
    drawn = np.asarray(draw_overlay(image, ramp, display=rainbow("jet", 0.5)))
    assert drawn.shape == (3, 4, 3)
    assert drawn[0, 0].tolist() == [GRAY] * 3
    red = 255 * np.array(colormaps["jet"](1.0)[:3])
    np.testing.assert_allclose(drawn[2, 3], (GRAY + red) / 2, atol=1)


def test_values_between_are_blended_by_their_share_of_the_range(image, ramp):
    drawn = np.asarray(draw_overlay(image, ramp, display=rainbow("gray", 1.0))).astype(float)
    share = np.arange(12).reshape(3, 4) / 11
    np.testing.assert_allclose(drawn[..., 0], GRAY + (255 * share - GRAY) * share, atol=1)


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-30, 1e30])
@pytest.mark.parametrize(("display", "level"), [("veil", GRAY), ("rainbow", GRAY), ("spotlight", 12)])
def test_a_constant_map_is_cold_everywhere(image, value, display, level):
    drawn = draw_overlay(image, heat_map_of(np.full((3, 4), value)), display=DISPLAYS[display])
    assert (np.asarray(drawn) == level).all()


def test_opacity_zero_leaves_the_image(image, ramp):
    assert np.array_equal(
        np.asarray(draw_overlay(image, ramp, display=rainbow(opacity=0))), np.asarray(image)
    )


def test_the_map_is_drawn_at_the_images_own_size(ramp):
    big = Image.new("L", (40, 30), GRAY)
    drawn = draw_overlay(big, ramp)
    assert (drawn.size, drawn.mode) == ((40, 30), "RGB")


def test_the_outline_follows_the_mask():
    cells = np.zeros((8, 8))
    cells[2:6, 3:7] = 1
    image = Image.new("RGB", (8, 8), (GRAY, GRAY, GRAY))
    plain = rainbow(opacity=0)
    drawn = np.asarray(draw_overlay(image, heat_map_of(cells), display=plain, threshold=0.5))[..., 0]
    assert drawn[2, 3:7].tolist() == [255] * 4
    assert drawn[1, 3:7].tolist() == [0] * 4
    assert drawn[3, 4] == GRAY
    assert drawn[0, 0] == GRAY


def test_maps_of_different_words_are_drawn_differently(image):
    one, other = (draw_overlay(image, heat_map_of(np.eye(3, 4, k))) for k in (0, 1))
    assert not np.array_equal(np.asarray(one), np.asarray(other))


def test_settings_that_cannot_be(image, ramp):
    with pytest.raises(ValueError, match="colour map 'rainbowish'"):
        rainbow("rainbowish")
    with pytest.raises(ValueError, match="opacity"):
        rainbow(opacity=1.5)
    with pytest.raises(ValueError, match="threshold"):
        draw_overlay(image, ramp, threshold=2)
