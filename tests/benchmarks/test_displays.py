import numpy as np
import pytest
from PIL import Image

from annotations.kinds.attribution.options import AttributionOptions
from benchmarks import displays
from benchmarks.displays import VISIONS, colour_change, lab, order_kept, reaches, served, summary
from generation.daam import WordHeatMap
from generation.daam.displays import DEFAULT, DISPLAYS
from generation.daam.overlay import draw_overlay

NORMAL = VISIONS["normal"]
SIDE = 8


def one(*colour):
    return np.array([[colour]], dtype=np.uint8)


WHITE = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
# It grows in reading order.
HEAT = (np.arange(SIDE**2, dtype=np.float32) / (SIDE**2 - 1)).reshape(SIDE, SIDE)


def kept(display):
    drawn = display(WHITE.astype(np.float32), HEAT).round().astype(np.uint8)
    return order_kept(HEAT, WHITE, drawn)


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        # as tables of CIELAB under D65 have them
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((119, 119, 119), (50.03, 0, 0)),
    ],
)
def test_colours_are_where_cielab_has_them(colour, expected):
    np.testing.assert_allclose(lab(one(*colour), NORMAL)[0, 0], expected, atol=0.02)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("level", [0, 60, 128, 255])
def test_grey_looks_the_same_in_every_vision(vision, level):
    grey = one(level, level, level)
    np.testing.assert_allclose(lab(grey, VISIONS[vision]), lab(grey, NORMAL), atol=0.01)


def test_red_and_green_are_closer_to_those_who_do_not_tell_them_apart():
    red, green = one(200, 80, 60), one(120, 130, 60)
    apart = {name: colour_change(red, green, vision).item() for name, vision in VISIONS.items()}
    assert apart["deuteranopia"] < 0.5 * apart["normal"]
    assert apart["protanopia"] < 0.7 * apart["normal"]


def test_grey_is_lightness_alone():
    red = lab(one(255, 0, 0), VISIONS["grey"])[0, 0]
    np.testing.assert_allclose(red, (53.24, 0, 0), atol=0.05)


@pytest.mark.parametrize("vision", VISIONS)
def test_one_colour_over_a_plain_picture_keeps_the_order_in_every_vision(vision):
    assert kept(DISPLAYS["veil"])[vision] == pytest.approx(1)
    # What is cold changes most: the same order, turned about.
    assert kept(DISPLAYS["spotlight"])[vision] == pytest.approx(-1)


def test_a_rainbow_over_white_keeps_no_order_in_grey():
    rainbow = kept(DISPLAYS["rainbow"])
    assert rainbow["grey"] < rainbow["normal"] < 1


def test_what_changes_nothing_keeps_no_order():
    assert set(kept(lambda pixels, heat: pixels).values()) == {0}


def test_what_is_measured_is_what_pages_are_sent():
    """Compressed: close to what was drawn, and not the same."""
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    heat_map = WordHeatMap("dog", HEAT.shape, {HEAT.shape: HEAT})
    drawn = np.asarray(draw_overlay(Image.fromarray(picture), heat_map), dtype=float)
    difference = np.abs(served(picture, heat_map, DISPLAYS["veil"]) - drawn)
    assert 0 < difference.mean() < 40


def test_a_summary_is_the_median_and_the_fifth_percentile():
    assert summary([number / 100 for number in range(101)]) == pytest.approx((0.5, 0.05))


@pytest.mark.parametrize(
    ("grey", "words", "reached"),
    [
        ((0.9, 0.8), 60, True),
        ((0.89, 0.8), 60, False),
        ((0.9, 0.79), 60, False),
        ((0.99, 0.99), 59, False),
        ((float("nan"), float("nan")), 60, False),
    ],
)
def test_the_bars_are_reached_in_every_vision_or_not_at_all(grey, words, reached):
    assert reaches({"normal": (1.0, 1.0), "grey": grey}, words) is reached


def test_the_bars_are_those_of_what_studies_use_unless_they_say_otherwise():
    assert AttributionOptions.base_fields["display"].initial == DEFAULT == displays.DEFAULT
