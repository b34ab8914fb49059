import numpy as np
import pytest

from benchmarks import demo_maps


class PerfectMaps:
    """Stands in for a heat map: each span's map is the mask of its object, or of the other one."""

    def __init__(self, drawn, swapped):
        self.objects = [word for word in drawn.words if word.role == "object"]
        self.swapped = swapped

    def span(self, start, end):
        assert (start, end) in [(word.start, word.end) for word in self.objects]
        order = self.objects[::-1] if self.swapped else self.objects
        (self.mask,) = [
            shown.mask for said, shown in zip(self.objects, order, strict=True) if said.start == start
        ]
        return self

    def soft(self):
        return self.mask.astype(np.float32)


@pytest.fixture
def pairs(monkeypatch):
    scenes = [
        drawn
        for drawn in demo_maps.held_out_scenes(40)
        if sum(word.role == "object" for word in drawn.words) == 2
    ]
    assert len(scenes) > 10

    def score(swapped):
        by_caption = {drawn.caption: drawn for drawn in scenes}
        monkeypatch.setattr(
            demo_maps,
            "attribute",
            lambda pipeline, images, captions, **_: [
                PerfectMaps(by_caption[text], swapped) for text in captions
            ],
        )
        return demo_maps.score_maps(None, scenes)

    return score


def test_perfect_maps_score_one_on_their_own_object_and_nothing_on_the_other(pairs):
    scores = pairs(swapped=False)
    assert (scores.own == 1).all()
    assert (scores.other == 0).all()
    assert 0.02 < scores.whole.mean() < 0.2


def test_maps_of_the_other_object_score_nothing(pairs):
    scores = pairs(swapped=True)
    assert (scores.own == 0).all()
    assert (scores.other == 1).all()


def test_interval_holds_the_mean_and_counts_scenes_not_words():
    rng = np.random.default_rng(5)
    scenes = np.arange(200)
    values = rng.normal(0.5, 0.1, 200)
    low, high = demo_maps.interval(values, scenes)
    assert low < values.mean() < high
    assert high - low == pytest.approx(4 * 0.1 / np.sqrt(200), rel=0.2)
    # each word said twice tells nothing new
    assert demo_maps.interval(np.repeat(values, 2), np.repeat(scenes, 2)) == pytest.approx((low, high))


def test_words_without_another_object_are_left_out():
    values = np.array([0.2, np.nan, 0.4, np.nan])
    low, high = demo_maps.interval(values, np.array([0, 0, 1, 2]))
    assert 0.2 <= low < high <= 0.4


def test_interval_of_a_ratio_resamples_both_and_leaves_out_words_without_either():
    values = np.array([2.0, 4.0, 6.0, np.nan, 1.0])
    halves = np.array([1.0, 2.0, 3.0, 1.0, np.nan])
    assert demo_maps.interval(values, np.arange(5), halves) == pytest.approx((2, 2))


def test_interval_of_a_ratio_to_nearly_nothing_is_open_above():
    own, other = np.ones(8), np.array([1.0, *[0.0] * 7])
    low, high = demo_maps.interval(own, np.arange(8), other)
    assert low < 8 < high == np.inf


def test_the_order_of_words_tells_no_side_where_another_place_is_said():
    scenes = demo_maps.held_out_scenes(60)
    found = [drawn.caption for drawn in scenes if demo_maps.order_tells_no_side(drawn)]
    assert any(" above " in caption for caption in found)
    assert any(" to the right of " in caption for caption in found)
    assert not any(" to the left of " in caption or " next to " in caption for caption in found)
