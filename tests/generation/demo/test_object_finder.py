import numpy as np
import pytest

from benchmarks.demo_objects import blurred, names, plain_pairs
from generation.demo.object_finder import find_objects


@pytest.fixture(scope="module")
def scenes():
    return plain_pairs(12, seed=31)


@pytest.fixture(scope="module")
def found(scenes):
    return [find_objects(drawn.image) for drawn in scenes]


def test_both_objects_of_drawn_scenes_are_found_and_no_others(scenes, found):
    seen = [{one.name for one in objects} for objects in found]
    assert sum(names(drawn) == there for drawn, there in zip(scenes, seen, strict=True)) >= 11
    assert not any(there - names(drawn) for drawn, there in zip(scenes, seen, strict=True))


def test_an_object_is_found_where_it_is(scenes, found):
    for drawn, objects in zip(scenes, found, strict=True):
        masks = {word.object_name: word.mask for word in drawn.words if word.role == "object"}
        likeliest = {one.name: one for one in reversed(objects)}  # a couch is found again beside itself
        for one in likeliest.values():
            rows, columns = np.nonzero(masks[one.name])
            assert abs(one.x - columns.mean()) < 12
            assert abs(one.y - rows.mean()) < 12


def test_noise_and_an_empty_ground_hold_no_object():
    rng = np.random.default_rng(0)
    assert find_objects(rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)) == []
    assert find_objects(np.full((128, 128, 3), (106, 168, 79), dtype=np.uint8)) == []


def test_smears_of_the_objects_colours_are_no_objects(scenes):
    """What remains when scenes are blurred to spots."""
    for drawn in scenes[:6]:
        assert find_objects(blurred(drawn.image)) == []


def test_the_number_of_false_finds_falls_as_the_threshold_rises(scenes):
    def wrong(threshold):
        return sum(
            len({one.name for one in find_objects(drawn.image, threshold)} - names(drawn))
            for drawn in scenes[:4]
        )

    assert wrong(0.3) > wrong(0.6)
