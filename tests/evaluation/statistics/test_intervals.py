import math

import numpy as np
import pytest

from evaluation.statistics.estimates import Estimate
from evaluation.statistics.intervals import newcombe, share, student_t, wilson
from tests.evaluation.statistics.ways_of_missing import NO_NUMBERS


@pytest.mark.parametrize(
    ("successes", "total", "expected"),
    [
        # Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I, method 3
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
        (27, 30, (0.743789, 0.965400)),
    ],
)
def test_wilson_gives_the_published_intervals(successes, total, expected):
    assert wilson(successes, total) == pytest.approx(expected, abs=5e-5)


def test_wilson_ends_exactly_at_the_bounds():
    for total in range(1, 60):
        none, everybody = wilson(0, total), wilson(total, total)
        assert none is not None
        assert everybody is not None
        assert none[0] == 0.0
        assert everybody[1] == 1.0


def test_wilson_of_nothing_is_undefined():
    assert wilson(0, 0) is None


@pytest.mark.parametrize(
    ("successes", "total"), [(-1, 10), (11, 10), (2.0, 10), (2, 10.0), (math.nan, 10), (True, 10)]
)
def test_counts_must_be_counts(successes, total):
    with pytest.raises(ValueError, match=r"successes|total"):
        wilson(successes, total)


def test_numpy_integers_are_counts():
    assert wilson(np.int64(27), np.int32(30)) == wilson(27, 30)


@pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
def test_confidence_must_be_a_share(confidence):
    with pytest.raises(ValueError, match="confidence"):
        wilson(1, 2, confidence)
    with pytest.raises(ValueError, match="confidence"):
        student_t([1, 2], confidence)


def test_a_wider_confidence_gives_a_wider_interval():
    # z(0.995) = 2.575829: half width z sqrt(0.025 + z²/400) / (1 + z²/10) around 0.5
    z = 2.575829
    half_width = z * math.sqrt(0.025 + z**2 / 400) / (1 + z**2 / 10)
    assert wilson(5, 10, 0.99) == pytest.approx((0.5 - half_width, 0.5 + half_width), abs=1e-6)


def test_share_of_nothing_is_undefined():
    assert share(0, 0) == Estimate(None, None, None, 0, "no_data")


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Newcombe (1998), "Interval estimation for the difference between independent proportions",
        # table II, method 10
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
    ],
)
def test_newcombe_gives_the_published_intervals(counts, expected):
    assert newcombe(*counts) == pytest.approx(expected, abs=5e-5)


def test_newcombe_without_a_group_is_undefined():
    assert newcombe(0, 0, 5, 10) is None


@pytest.mark.parametrize("value", [*NO_NUMBERS, math.inf], ids=repr)
def test_student_t_refuses_what_is_missing_or_not_finite(value):
    with pytest.raises(ValueError, match="finite"):
        student_t([1.0, value])


def test_student_t_takes_one_dimension_alone():
    for values in ([[1.0, 2.0], [3.0, 4.0]], np.ones((2, 2)), 3.0):
        with pytest.raises(ValueError, match="one-dimensional"):
            student_t(values)


@pytest.mark.parametrize("missing", NO_NUMBERS, ids=repr)
def test_a_missing_count_is_no_count(missing):
    for counts in ((missing, 10), (2, missing)):
        with pytest.raises(ValueError, match=r"successes|total"):
            wilson(*counts)
