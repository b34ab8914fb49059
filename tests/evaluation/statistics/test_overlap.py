import numpy as np
import pytest

from evaluation.statistics.overlap import MeanOverlap, Overlap, binarize, mean_overlap, overlap
from tests.evaluation.statistics.ways_of_missing import NO_NUMBERS


def test_the_mask_is_relative_to_the_maximum():
    mask = binarize([[1.0, 3.9], [4.0, 10.0]])
    assert mask.dtype == np.bool_
    assert mask.tolist() == [[False, False], [True, True]]


def test_the_threshold_itself_is_inside_the_mask_in_single_precision():
    heat_map = np.array([[0.7, 1.0], [0.69, 0.0]], dtype=np.float32)
    assert binarize(heat_map, threshold=0.7).tolist() == [[True, True], [False, False]]


def test_integer_maps_are_maps():
    assert binarize(np.array([[1, 4, 10]], dtype=np.uint8)).tolist() == [[False, True, True]]


@pytest.mark.parametrize("heat_map", [np.zeros((2, 3)), np.array([[-0.0, 0.0]]), np.zeros((1, 2), dtype=int)])
@pytest.mark.parametrize("threshold", [0.0, 0.4, 1.0])
def test_a_map_without_attention_gives_an_empty_mask(heat_map, threshold):
    mask = binarize(heat_map, threshold)
    assert mask.shape == heat_map.shape
    assert not mask.any()


@pytest.mark.parametrize(
    "heat_map", [[[-3.0, 1.0]], [[-0.5, 0.0]], [[-2.0, -1.0]], [[-1e-30, 0.0]], np.array([[-1, 0]])]
)
def test_a_negative_sum_is_refused_whatever_the_maximum(heat_map):
    with pytest.raises(ValueError, match="sums to less than 0"):
        binarize(heat_map)


def test_a_little_undershoot_of_the_upscaling_is_no_error():
    assert binarize([[-0.01, 1.0]]).tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("heat_map", "message"),
    [
        ([[0.5, np.nan]], "NaN"),
        ([[0.0, np.nan]], "NaN"),
        ([[-1.0, np.nan]], "NaN"),
        ([[0.5, np.inf]], "infinite"),
        (np.zeros((0, 4)), "at least one cell"),
        ([["a"]], "real numbers"),
    ],
)
def test_maps_that_are_none_are_refused(heat_map, message):
    with pytest.raises(ValueError, match=message):
        binarize(heat_map)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, np.nan])
def test_the_threshold_is_a_share(threshold):
    with pytest.raises(ValueError, match="threshold"):
        binarize([[1.0]], threshold)


def test_overlap_over_union_dependent_and_head():
    dependent = np.array([[1, 1, 0, 0]], dtype=bool)
    head = np.array([[0, 1, 1, 1]], dtype=bool)
    assert overlap(dependent, head) == Overlap(iou=1 / 4, iod=1 / 2, ioh=1 / 3)


def test_a_measure_without_denominator_is_undefined():
    empty, full = np.zeros((2, 2), dtype=bool), np.ones((2, 2), dtype=bool)
    assert overlap(empty, full) == Overlap(iou=0.0, iod=None, ioh=0.0)
    assert overlap(full, empty) == Overlap(iou=0.0, iod=0.0, ioh=None)
    assert overlap(empty, empty) == Overlap(None, None, None)


def test_masks_are_never_resized():
    # these shapes would broadcast
    with pytest.raises(ValueError, match="differ in shape"):
        overlap(np.ones((1, 4), dtype=bool), np.ones((4, 4), dtype=bool))


def test_a_heat_map_is_no_mask():
    with pytest.raises(ValueError, match="head mask"):
        overlap(np.ones((2, 2), dtype=bool), np.full((2, 2), 0.3))


@pytest.mark.parametrize("missing", NO_NUMBERS, ids=repr)
def test_a_map_or_mask_that_lacks_a_value_is_none(missing):
    with pytest.raises(ValueError, match=r"real numbers|NaN"):
        binarize([[missing, 1.0]])
    with pytest.raises(ValueError, match="dependent mask"):
        overlap([[missing, 1]], [[True, False]])


@pytest.mark.parametrize("missing", NO_NUMBERS, ids=repr)
def test_every_way_of_missing_is_undefined(missing):
    pairs = [Overlap(0.5, 1.0, 0.25), Overlap(0.0, missing, 0.0), Overlap(missing, missing, missing)]
    assert mean_overlap(pairs) == MeanOverlap(miou=0.25, miod=1.0, mioh=0.125, n_iou=2, n_iod=1, n_ioh=2)
    zero = mean_overlap(pairs, empty="zero")
    assert (zero.miou, zero.miod, zero.mioh) == pytest.approx((0.5 / 3, 1 / 3, 0.25 / 3))
    assert (zero.n_iou, zero.n_iod, zero.n_ioh) == (3, 3, 3)


def test_undefined_overlaps_leave_the_mean_and_its_count():
    pairs = [Overlap(0.5, 1.0, 0.25), Overlap(0.0, None, 0.0), Overlap(None, None, None)]
    assert mean_overlap(pairs) == MeanOverlap(miou=0.25, miod=1.0, mioh=0.125, n_iou=2, n_iod=1, n_ioh=2)


def test_undefined_overlaps_are_zero_as_in_the_authors_code():
    pairs = [
        Overlap(0.5, 1.0, 0.25),
        Overlap(0.0, None, 0.0),
        Overlap(None, None, None),
        Overlap(1.0, 1.0, 1.0),
    ]
    assert mean_overlap(pairs, empty="zero") == MeanOverlap(0.375, 0.5, 0.3125, 4, 4, 4)


def test_a_mean_of_no_pairs_is_undefined():
    for empty in ("exclude", "zero"):
        assert mean_overlap([], empty) == MeanOverlap(None, None, None, 0, 0, 0)


def test_mean_overlap_refuses_unknown_rules_and_percentages():
    with pytest.raises(ValueError, match="empty must be"):
        mean_overlap([], empty="drop")
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        mean_overlap([Overlap(38.0, 0.5, 0.5)])
