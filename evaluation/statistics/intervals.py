"""Confidence intervals: Wilson for a share, Newcombe for a difference of shares, Student's t for a mean."""

import operator
from collections.abc import Sequence
from typing import SupportsIndex

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from .estimates import NO_DATA, Estimate
from .missing import missing_as_none


def check_count(count: SupportsIndex, name: str) -> int:
    """The count as an int. Raises ValueError unless it is whole and not negative: scipy would take 2.7."""
    if isinstance(count, bool | np.bool_):
        raise ValueError(f"{name} must be a count, not the truth value {count!r}")
    try:
        whole = operator.index(count)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, not {count!r}; pass an int") from None
    if whole < 0:
        raise ValueError(f"{name} must not be negative, but is {whole}")
    return whole


def check_share(successes: SupportsIndex, total: SupportsIndex) -> tuple[int, int]:
    """Successes and total as ints. Raises ValueError where one is no count, or successes exceed the total."""
    hits, trials = check_count(successes, "successes"), check_count(total, "total")
    if hits > trials:
        raise ValueError(f"successes must not exceed the total, but {hits} > {trials}")
    return hits, trials


def check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie strictly between 0 and 1, but is {confidence!r}")


def wilson(
    successes: SupportsIndex, total: SupportsIndex, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Wilson's score interval for a share, within [0, 1]; None for 0 of 0.

    Wilson (1927), without continuity correction. Raises ValueError for anything but whole, non-negative
    counts with successes <= total.
    """
    hits, trials = check_share(successes, total)
    check_confidence(confidence)
    if trials == 0:
        return None
    low, high = proportion_confint(hits, trials, alpha=1 - confidence, method="wilson")
    # The end points are exactly 0 and 1 there; rounding must not push them off
    return (0.0 if hits == 0 else float(low), 1.0 if hits == trials else float(high))


def share(successes: SupportsIndex, total: SupportsIndex, confidence: float = 0.95) -> Estimate:
    """A share with its Wilson interval; 0 of 0 is undefined ("no_data")."""
    hits, trials = check_share(successes, total)
    interval = wilson(hits, trials, confidence)
    if interval is None:
        return NO_DATA
    return Estimate(hits / trials, *interval, trials)


def newcombe(
    successes_a: SupportsIndex,
    total_a: SupportsIndex,
    successes_b: SupportsIndex,
    total_b: SupportsIndex,
    confidence: float = 0.95,
) -> tuple[float, float] | None:
    """Newcombe's hybrid score interval for the difference a - b of two independent shares.

    None where a group is empty. Newcombe (1998), method 10. Raises ValueError as `wilson` does.
    """
    hits_a, trials_a = check_share(successes_a, total_a)
    hits_b, trials_b = check_share(successes_b, total_b)
    check_confidence(confidence)
    if trials_a == 0 or trials_b == 0:
        return None
    low, high = confint_proportions_2indep(
        hits_a, trials_a, hits_b, trials_b, method="newcomb", compare="diff", alpha=1 - confidence
    )
    return float(low), float(high)


def student_t(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of the values with its t interval (n - 1 degrees of freedom), not clipped to any scale.

    No value: undefined ("no_data"). One: no interval ("single_value"). All equal: [mean, mean]
    ("no_variance"). Raises ValueError for values that are not finite numbers.
    """
    check_confidence(confidence)
    given = np.asarray(values, dtype=np.object_)
    if given.ndim != 1:
        raise ValueError(f"values must be one-dimensional, but have the shape {given.shape}")
    # numpy reads None as NaN, and fails on pandas.NA
    sample = np.asarray(missing_as_none(given), dtype=np.float64)
    if not np.isfinite(sample).all():
        raise ValueError("values must be finite numbers; leave out what is undefined, and count it")
    if sample.size == 0:
        return NO_DATA
    if sample.size == 1:
        return Estimate(float(sample[0]), None, None, 1, "single_value")
    if sample.min() == sample.max():  # the standard deviation of equal floats may round to something above 0
        value = float(sample[0])
        return Estimate(value, value, value, sample.size, "no_variance")
    mean = float(sample.mean())
    standard_error = float(sample.std(ddof=1)) / sample.size**0.5
    half_width = float(stats.t.ppf((1 + confidence) / 2, sample.size - 1)) * standard_error
    return Estimate(mean, mean - half_width, mean + half_width, sample.size)
