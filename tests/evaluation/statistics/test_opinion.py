import numpy as np
import pytest

from evaluation.statistics.estimates import Estimate
from evaluation.statistics.opinion import ItemScore, fair_to_excellent, item_score, mean_opinion_score
from tests.evaluation.statistics.ways_of_missing import NO_NUMBERS, NO_TIMES


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        ([6, 4, 5], ItemScore(4.5, None)),
        ([4, 7, 5], ItemScore(None, "too_abstract")),
        ([6, 6, 2], ItemScore(None, "too_few_valid")),
        ([5, 1, 4], ItemScore(4.0, None)),
        ([6, 6, 7], ItemScore(None, "too_abstract")),
        ([3], ItemScore(None, "too_few_valid")),
        ([], ItemScore(None, "too_few_valid")),
        (np.array([2, 3, 3, 5]), ItemScore(3.0, None)),
    ],
)
def test_item_score_is_the_median_unless_a_rule_drops_the_item(ratings, expected):
    assert item_score(ratings) == expected


def test_item_score_takes_single_ratings_where_the_plan_says_so():
    assert item_score([3], min_valid=1) == ItemScore(3.0, None)


@pytest.mark.parametrize("choice", [0, 8, -1, 4.5, 4.0, "4", True, *NO_NUMBERS, *NO_TIMES], ids=repr)
def test_item_score_refuses_what_is_no_choice(choice):
    with pytest.raises(ValueError, match="from 1 to 7"):
        item_score([4, choice])


def test_item_score_refuses_a_median_of_nothing():
    with pytest.raises(ValueError, match="min_valid"):
        item_score([4, 4], min_valid=0)


def test_mean_opinion_score_has_the_t_interval():
    estimate = mean_opinion_score([5, 4, 4, 3, 5, 4, 2, 4, 5, 3])
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((3.9, 3.188628, 4.611372), abs=1e-6)
    assert (estimate.n, estimate.flag) == (10, None)


def test_mean_opinion_score_is_not_clipped_to_the_scale():
    estimate = mean_opinion_score([3, 5])  # standard error 1, t(0.975, 1) = 12.7062
    assert (estimate.low, estimate.high) == pytest.approx((4 - 12.7062, 4 + 12.7062), abs=1e-4)


def test_mean_opinion_score_without_scores_is_undefined():
    estimate = mean_opinion_score([])
    assert (estimate.value, estimate.low, estimate.high, estimate.n, estimate.flag) == (
        None,
        None,
        None,
        0,
        "no_data",
    )


def test_mean_opinion_score_of_one_score_has_no_interval():
    assert mean_opinion_score([4.5]) == Estimate(4.5, None, None, 1, "single_value")


def test_mean_opinion_score_of_equal_scores_is_flagged():
    assert mean_opinion_score([4.1, 4.1, 4.1]) == Estimate(4.1, 4.1, 4.1, 3, "no_variance")


@pytest.mark.parametrize("score", [0.5, 5.5, *NO_NUMBERS, *NO_TIMES], ids=repr)
def test_scores_that_are_missing_or_outside_the_scale_are_refused(score):
    for statistic in (mean_opinion_score, fair_to_excellent):
        with pytest.raises(ValueError, match="from 1 to 5"):
            statistic([4, score])


def test_fair_to_excellent_counts_from_three():
    estimate = fair_to_excellent([2.5] * 2 + [2.0] + [3.0] * 13 + [5.0] * 14)
    assert estimate.value == pytest.approx(27 / 30)
    assert (estimate.low, estimate.high) == pytest.approx((0.743789, 0.965400), abs=1e-6)
    assert estimate.n == 30


def test_fair_to_excellent_of_nothing_is_undefined():
    assert fair_to_excellent([]).value is None
    assert fair_to_excellent([]).flag == "no_data"


@pytest.mark.parametrize("choice", [6, 7])
def test_fair_to_excellent_refuses_choices_that_are_no_ratings(choice):
    with pytest.raises(ValueError, match="choices 6 and 7"):
        fair_to_excellent([4, choice])
