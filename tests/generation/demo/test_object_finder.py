import numpy as np
import pytest

from benchmarks.demo_objects import blurred
from generation.demo.object_finder import find_objects
from generation.demo.scenes import scene


def plain_scenes(count, seed=31):
    """Scenes of two objects of which the caption says nothing but their names."""
    rng, scenes = np.random.default_rng(seed), []
    while len(scenes) < count:
        drawn = scene(rng)
        roles = [word.role for word in drawn.words if word.role not in ("other", "ground")]
        if roles == ["object", "object"]:
            scenes.append(drawn)
    return scenes


@pytest.fixture(scope="module")
def scenes():
    return plain_scenes(12)


def names(drawn):
    return {word.object_name for word in drawn.words if word.role == "object"}


def test_both_objects_of_drawn_scenes_are_found_and_no_others(scenes):
    found = [{one.name for one in find_objects(drawn.image)} for drawn in scenes]
    assert sum(names(drawn) == seen for drawn, seen in zip(scenes, found, strict=True)) >= 11
    assert not any(seen - names(drawn) for drawn, seen in zip(scenes, found, strict=True))


def test_an_object_is_found_where_it_is(scenes):
    for drawn in scenes[:4]:
        masks = {word.object_name: word.mask for word in drawn.words if word.role == "object"}
        for one in find_objects(drawn.image):
            rows, columns = np.nonzero(masks[one.name])
            assert abs(one.x - columns.mean()) < 12
            assert abs(one.y - rows.mean()) < 12


def test_noise_and_an_empty_ground_hold_no_object():
    rng = np.random.default_rng(0)
    assert find_objects(rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)) == []
    assert find_objects(np.full((128, 128, 3), (106, 168, 79), dtype=np.uint8)) == []


def test_smears_of_the_objects_colours_are_no_objects(scenes):
    """What remains when scenes are blurred to spots."""
    found = [{one.name for one in find_objects(blurred(drawn.image))} for drawn in scenes]
    assert sum(len(names(drawn) & seen) for drawn, seen in zip(scenes, found, strict=True)) == 0


def test_the_number_of_false_finds_falls_as_the_threshold_rises(scenes):
    def wrong(threshold):
        return sum(
            len({one.name for one in find_objects(drawn.image, threshold)} - names(drawn))
            for drawn in scenes[:4]
        )

    assert wrong(0.3) > wrong(0.6)
