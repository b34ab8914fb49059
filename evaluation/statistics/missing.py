"""What a missing value is, the same in every statistic: None, NaN, NaT and pandas.NA."""

from collections.abc import Iterable
from typing import TypeVar

Value = TypeVar("Value")


def is_missing(value: object) -> bool:
    """Whether a single value (no array) is one of the ways to say that there is none: None, the NaN of Python
    and numpy, the NaT of numpy and pandas, pandas.NA.

    Known by what they have in common, so that the statistics need no pandas: NaN and NaT are unequal to
    themselves, and of pandas.NA even that is not known, so that asking for its truth is a TypeError.
    """
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:
        return True


def missing_as_none(values: Iterable[Value | None]) -> list[Value | None]:
    """The values in their order, with None for each that is missing."""
    return [None if is_missing(value) else value for value in values]
