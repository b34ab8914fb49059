from math import inf, nan

import pytest
from scipy.stats import binom, binomtest

from annotations.quality import CheckRule

RULE = CheckRule()


@pytest.mark.parametrize("checks", [0, 1, 2, 3, 4, 5, 10, 20, 40, 58, 300])
@pytest.mark.parametrize("least_share", [0.5, 0.8, 0.95])
def test_who_is_excluded_is_what_the_exact_test_says(checks, least_share):
    rule = CheckRule(least_share=least_share, fewest=1)
    for passed in range(checks + 1):
        rejects = checks > 0 and binomtest(passed, checks, least_share, alternative="less").pvalue < 0.05
        is_below = passed < least_share * checks
        assert rule.excludes(passed, checks, has_ended=True) == (rejects and is_below)


def test_who_fails_all_of_four_is_excluded_and_whoever_passed_two_is_not():
    assert RULE.excludes(0, 4, has_ended=True)
    assert RULE.excludes(1, 4, has_ended=True)  # 0.0016 + 0.0256 = 0.0272
    assert not RULE.excludes(2, 4, has_ended=True)  # with 0.1536 more


def test_fewer_than_four_checks_exclude_nobody():
    assert [RULE.excludes(0, checks, has_ended=True) for checks in range(5)] == [False] * 4 + [True]


def test_it_is_looked_at_three_times_and_in_the_end():
    looked = [checks for checks in range(60) if RULE.excludes(0, checks, has_ended=False)]
    assert looked == [10, 20, 40]
    assert all(RULE.excludes(0, checks, has_ended=True) for checks in range(4, 60))


@pytest.mark.parametrize(("passed", "checks"), [(-1, 4), (5, 4), (0, -1)])
def test_counts_that_cannot_be_are_refused(passed, checks):
    with pytest.raises(ValueError, match="cannot have been passed"):
        RULE.excludes(passed, checks, has_ended=True)


def test_one_look_is_the_tail_of_the_binomial():
    once = CheckRule(looks=())
    assert once.chance(0.85, 58) == pytest.approx(binom.cdf(once.most_excluded(58), 58, 0.85), rel=1e-9)
    assert once.chance(0.85, 58) == pytest.approx(0.0016, abs=5e-5)


def test_to_look_after_each_check_excludes_more_of_the_careful():
    """RATING.md: 5.4 % of people who pass 85 %, at the paper's 58 checks."""
    always = CheckRule(looks=tuple(range(1, 58)), fewest=1)
    assert always.chance(0.85, 58) == pytest.approx(0.054, abs=5e-4)
    assert CheckRule(looks=()).chance(0.85, 58) < RULE.chance(0.85, 58) < always.chance(0.85, 58) / 3


def test_two_looks_worked_by_hand():
    """At most 1 of 4, and later at most 3 of 8, are excluded. Of 16 ways to answer four checks 1, 4, 6, 4 and
    1 pass none to all: 5 are excluded at once; those who passed two or three are if they pass one more, or
    none."""
    rule = CheckRule(looks=(4,))
    assert (rule.most_excluded(4), rule.most_excluded(8)) == (1, 3)
    at_once = 1 / 16 + 4 / 16
    later = 6 / 16 * (1 + 4) / 16 + 4 / 16 * 1 / 16  # at most 3 of 8
    assert rule.chance(0.5, 8) == pytest.approx(at_once + later)


def test_nobody_is_excluded_who_always_passes_and_everybody_who_never_does():
    assert RULE.chance(1, 58) == 0
    assert RULE.chance(0, 58) == pytest.approx(1)
    assert RULE.chance(0, 3) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"least_share": 0}, {"least_share": 1}, {"least_share": nan}, {"alpha": inf}, {"fewest": 0},
        {"looks": (20, 10)}, {"looks": (10, 10)}, {"looks": (0, 10)},
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"between 0 and 1|counts of checks"):
        CheckRule(**wrong)


@pytest.mark.parametrize("passes", [-0.1, 1.1, nan])
def test_a_probability_lies_between_0_and_1(passes):
    with pytest.raises(ValueError, match="between 0 and 1"):
        RULE.chance(passes, 10)
