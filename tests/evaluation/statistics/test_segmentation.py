import math

import pytest

from evaluation.statistics.segmentation import mean_iou
from tests.evaluation.statistics.ways_of_missing import NO_NUMBERS


def test_a_missing_prediction_counts_zero_and_is_counted():
    estimate = mean_iou([0.8, 0.5, None, None, 0.6])
    assert estimate.value == pytest.approx(38.0)
    assert (estimate.n, estimate.missing, estimate.flag) == (5, 2, None)
    # deviations 42, 12, -38, -38, 22: s = sqrt(5280 / 4), t(0.975, 4) = 2.776445
    half_width = 2.776445 * math.sqrt(5280 / 4 / 5)
    assert (estimate.low, estimate.high) == pytest.approx((38 - half_width, 38 + half_width), abs=1e-4)


def test_without_masks_the_mean_is_undefined():
    assert mean_iou([]).value is None
    assert mean_iou([]).flag == "no_data"


def test_predictions_that_are_all_missing_give_zero_by_definition_and_say_so():
    estimate = mean_iou([None, None])
    assert (estimate.value, estimate.flag, estimate.missing) == (0.0, "no_variance", 2)


@pytest.mark.parametrize("missing", NO_NUMBERS, ids=repr)
def test_every_way_of_missing_is_a_missing_prediction(missing):
    estimate = mean_iou([0.8, 0.5, missing, missing, 0.6])
    assert (estimate.value, estimate.n, estimate.missing) == (pytest.approx(38.0), 5, 2)


@pytest.mark.parametrize("iou", [-0.1, 38.0, math.inf])
def test_an_iou_is_a_share(iou):
    with pytest.raises(ValueError, match="IoU"):
        mean_iou([0.5, iou])
