import math

import pytest
from scipy import stats

from evaluation.statistics.comparisons import compare_proportions, holm
from tests.evaluation.statistics.ways_of_missing import NO_NUMBERS


def test_the_papers_accuracies_of_cohyponyms_and_others():
    comparison = compare_proportions(260, 500, 305, 500)
    assert comparison.fisher_p == pytest.approx(0.00497969, abs=1e-8)
    assert comparison.boschloo_p == pytest.approx(0.004208, abs=1e-6)
    assert comparison.difference == pytest.approx(-0.09)
    assert (comparison.low, comparison.high) == pytest.approx((-0.150499, -0.028547), abs=1e-6)
    assert comparison.odds_ratio == pytest.approx(0.692623, abs=1e-6)
    assert comparison.cohens_h == pytest.approx(-0.181804, abs=1e-6)
    assert comparison.flag is None


def test_fishers_tea_tasting():
    comparison = compare_proportions(3, 4, 1, 4)
    assert comparison.fisher_p == pytest.approx(34 / 70)  # (16 + 1 + 16 + 1) / 70
    assert comparison.odds_ratio == pytest.approx(9.0)


def test_boschloo_takes_the_groups_as_groups():
    # 3 of 3 against 0 of 3: no other table is as extreme; twice p³(1 - p)³, which is largest at p = 1/2
    comparison = compare_proportions(3, 3, 0, 3)
    assert comparison.boschloo_p == pytest.approx(1 / 32)
    assert comparison.fisher_p == pytest.approx(2 / 20)
    assert comparison.odds_ratio == math.inf
    assert comparison.cohens_h == pytest.approx(math.pi)


def test_boschloo_differs_from_the_table_turned_round():
    comparison = compare_proportions(2, 20, 9, 15)
    assert comparison.boschloo_p != pytest.approx(stats.boschloo_exact([[2, 18], [9, 6]]).pvalue, rel=1e-3)


def test_swapping_the_groups_turns_the_effects_round():
    forth, back = compare_proportions(7, 20, 12, 18), compare_proportions(12, 18, 7, 20)
    assert back.fisher_p == pytest.approx(forth.fisher_p)
    assert back.difference == pytest.approx(-forth.difference)
    assert (back.low, back.high) == pytest.approx((-forth.high, -forth.low))
    assert back.odds_ratio == pytest.approx(1 / forth.odds_ratio)
    assert back.cohens_h == pytest.approx(-forth.cohens_h)


@pytest.mark.parametrize("counts", [(0, 10, 0, 8), (10, 10, 8, 8)])
def test_with_a_zero_margin_p_is_one_as_in_scipy(counts):
    comparison = compare_proportions(*counts)
    assert comparison.flag == "zero_margin"
    hits_a, total_a, hits_b, total_b = counts
    rows = [[hits_a, total_a - hits_a], [hits_b, total_b - hits_b]]
    columns = list(zip(*rows, strict=True))
    assert comparison.fisher_p == stats.fisher_exact(rows).pvalue == 1.0
    assert comparison.boschloo_p == stats.boschloo_exact(columns).pvalue == 1.0
    assert comparison.odds_ratio is None
    assert (comparison.difference, comparison.cohens_h) == (0.0, 0.0)
    assert comparison.low < 0 < comparison.high


@pytest.mark.parametrize("counts", [(0, 0, 5, 10), (5, 10, 0, 0), (0, 0, 0, 0)])
def test_without_a_group_everything_is_undefined(counts):
    comparison = compare_proportions(*counts)
    assert comparison.flag == "no_data"
    assert {comparison.fisher_p, comparison.difference, comparison.low, comparison.cohens_h} == {None}


@pytest.mark.parametrize("counts", [(11, 10, 1, 10), (-1, 10, 1, 10), (2.0, 10, 1, 10), (1, 10, 1, 10.5)])
def test_only_counts_are_compared(counts):
    with pytest.raises(ValueError, match=r"successes|total"):
        compare_proportions(*counts)


def test_holm_by_hand():
    # .005 × 4, .01 × 3, .03 × 2, and .04 × 1 raised to the one before it
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_undefined_p_values_leave_the_family():
    adjusted = holm([0.01, None, 0.03, math.nan])
    assert [adjusted[0], adjusted[2]] == pytest.approx([0.02, 0.03])
    assert (adjusted[1], adjusted[3]) == (None, None)


@pytest.mark.parametrize("missing", NO_NUMBERS, ids=repr)
def test_every_way_of_missing_leaves_the_family(missing):
    assert holm([0.01, missing, 0.03]) == [pytest.approx(0.02), None, pytest.approx(0.03)]
    assert holm([missing]) == [None]


def test_holm_of_no_tests():
    assert holm([]) == []
    assert holm([None]) == [None]


def test_holm_refuses_what_is_no_p_value():
    with pytest.raises(ValueError, match="p-value"):
        holm([0.2, 1.2])
