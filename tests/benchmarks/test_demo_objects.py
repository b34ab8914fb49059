import numpy as np
import pytest

from benchmarks import demo_objects
from generation.prompts.cohyponyms import NounPair


def drawn_pair():
    """A scene of two objects, with the pair that its caption asks for."""
    drawn = demo_objects.plain_pairs(1)[0]
    first, second = [word.object_name for word in drawn.words if word.role == "object"]
    return drawn.image, first, second


def pair(first, second, cohyponyms):
    return NounPair(first, second, cohyponyms, "thing" if cohyponyms else None, f"a {first} and a {second}")


def test_scenes_for_the_finder_say_nothing_but_two_objects():
    for drawn in demo_objects.plain_pairs(10):
        roles = [word.role for word in drawn.words if word.role not in ("other", "ground")]
        assert roles == ["object", "object"]


def test_one_of_two_objects_is_not_both():
    image, first, second = drawn_pair()
    absent = next(name for name in ("apple", "zebra", "bus") if name not in (first, second))
    assert demo_objects.both_found(image, first, second)
    assert demo_objects.both_found(image, second, first)
    assert not demo_objects.both_found(image, first, absent)


def test_pairs_are_counted_apart_and_only_those_that_are_no_cohyponyms_decide(capsys):
    image, first, second = drawn_pair()
    empty = np.full_like(image, 100)
    pairs = [pair(first, second, False)] * 2 + [pair(first, second, True)] * 2
    assert demo_objects.check_checkpoint(None, pairs, [image, image, empty, empty])
    printed = capsys.readouterr().out
    assert "other pairs   2 of 2, 1.000" in printed
    assert "cohyponyms    0 of 2, 0.000" in printed
    assert not demo_objects.check_checkpoint(None, pairs, [image, empty, image, image])


def test_without_pairs_there_is_no_share():
    assert demo_objects.share(0, 0) == "no such pairs"


def test_the_sheet_holds_every_image_in_order(tmp_path):
    images = [np.full((128, 128, 3), shade, dtype=np.uint8) for shade in (10, 60, 110, 160, 210, 250)]
    demo_objects.write_sheet(images, tmp_path / "sheet.png")
    from PIL import Image

    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * 132, 5 * 132, 3)
    assert [sheet[64, 64 + 132 * column, 0] for column in range(5)] == [10, 60, 110, 160, 210]
    assert sheet[132 + 64, 64, 0] == 250


@pytest.mark.parametrize("count", [1, 3])
def test_as_many_images_as_prompts_each_of_its_own_seed(count):
    class Pipeline:
        def __call__(self, prompts, *, generator, **_):
            from types import SimpleNamespace

            assert len(prompts) == len(generator)
            return SimpleNamespace(images=[np.full((2, 2, 3), one.initial_seed()) for one in generator])

    images = demo_objects.generate(Pipeline(), ["a cat"] * count, steps=1, guidance_scale=1)
    assert len({int(image[0, 0, 0]) for image in images}) == count
