from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from benchmarks import demo_objects
from generation.demo.object_finder import FoundObject
from generation.prompts.cohyponyms import NounPair

CAT, CAR = FoundObject("cat", 0.9, 30, 60, 40), FoundObject("car", 0.8, 90, 60, 40)


def pair(cohyponyms=False):
    return NounPair("cat", "car", cohyponyms, "thing" if cohyponyms else None, "a cat and a car")


def test_scenes_for_the_finder_say_nothing_but_two_objects():
    for drawn in demo_objects.plain_pairs(10):
        roles = [word.role for word in drawn.words if word.role not in ("other", "ground")]
        assert roles == ["object", "object"]
        assert len(demo_objects.names(drawn)) == 2


def test_one_of_two_objects_is_not_both():
    assert demo_objects.both_found([CAR, CAT], pair())
    assert not demo_objects.both_found([CAT, CAT], pair())
    assert not demo_objects.both_found([], pair())


def test_pairs_are_counted_apart_and_only_those_that_are_no_cohyponyms_decide(capsys):
    pairs = [pair()] * 2 + [pair(cohyponyms=True)] * 2
    assert demo_objects.check_images(pairs, [[CAT, CAR], [CAR, CAT], [CAT], []])
    printed = capsys.readouterr().out
    assert "other pairs   2 of 2, 1.000" in printed
    assert "cohyponyms    0 of 2, 0.000" in printed
    assert not demo_objects.check_images(pairs, [[CAT, CAR], [], [CAT, CAR], [CAT, CAR]])
    assert "(bar 0.6: missed)" in capsys.readouterr().out


def test_maps_count_where_both_objects_were_found(capsys):
    def peak(x, y):
        heat_map = np.zeros((128, 128), dtype=np.float32)
        heat_map[y, x] = 1
        return heat_map

    # the cat's map is highest at the cat, the car's at the cat too
    maps = {"cat": peak(33, 50), "car": peak(20, 70)}
    heat_maps = SimpleNamespace(word=lambda noun: SimpleNamespace(soft=lambda: maps[noun]))
    demo_objects.check_maps([pair(), pair()], [[CAT, CAR], [CAT]], [heat_maps, None])
    printed = capsys.readouterr().out
    assert "at its object      1 of 2" in printed
    assert "at the other one   1 of 2" in printed


def test_without_pairs_there_is_no_share():
    assert demo_objects.share(0, 0) == "none to count"


def test_the_sheet_holds_every_image_in_order(tmp_path):
    images = [np.full((128, 128, 3), shade, dtype=np.uint8) for shade in (10, 60, 110, 160, 210, 250)]
    demo_objects.write_sheet(images, tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * 132, 5 * 132, 3)
    assert [sheet[64, 64 + 132 * column, 0] for column in range(5)] == [10, 60, 110, 160, 210]
    assert sheet[132 + 64, 64, 0] == 250


@pytest.mark.parametrize("count", [1, demo_objects.BATCH + 2])
def test_every_prompt_has_an_image_and_maps_of_a_seed_of_its_own(count, monkeypatch):
    class Trace:
        def __init__(self, pipeline):
            self.pipeline = pipeline

        def __enter__(self):
            return self.pipeline

        def __exit__(self, *_):
            return False

    class Pipeline:
        def __call__(self, prompts, *, generator, **_):
            assert len(prompts) == len(generator)
            self.heat_maps = list(prompts)
            return SimpleNamespace(images=[np.full((2, 2, 3), one.initial_seed()) for one in generator])

    monkeypatch.setattr(demo_objects, "trace", Trace)
    prompts = [f"{number} cats" for number in range(count)]
    images, heat_maps = demo_objects.generate(Pipeline(), prompts, steps=1, guidance_scale=1)
    assert len({int(image[0, 0, 0]) for image in images}) == count
    assert heat_maps == prompts
