"""A number with its interval, and why a part of it may be undefined."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A point estimate with its confidence interval.

    `value`, `low` and `high` are None where they are undefined; they are never 0 in place of it. `n` is the
    number of observations behind `value`. `flag` is None for an ordinary estimate, else

    - "no_data": n = 0, everything is undefined;
    - "single_value": n = 1, the value has no interval;
    - "no_variance": all observations are equal, so that the interval [value, value] says nothing about
      uncertainty.

    `missing` counts the observations that were absent and entered `value` as 0 (`segmentation.mean_iou`
    only).
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    flag: str | None = None
    missing: int = 0


NO_DATA = Estimate(None, None, None, 0, "no_data")
