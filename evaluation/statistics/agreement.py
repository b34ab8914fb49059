"""Agreement of annotators beyond chance (Krippendorff's alpha), and raw."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .estimates import NO_DATA, Estimate
from .missing import is_missing


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha; `n` is the number of pairable ratings, those of items with at least two.

    `flag` is None, or, with `alpha` undefined (None):

    - "no_data": no item has two ratings;
    - "no_expected_disagreement": all pairable ratings are equal; alpha is 0/0, and not 1.
    """

    alpha: float | None
    flag: str | None
    n: int


Ratings = Sequence[Sequence[Hashable | None]] | NDArray[np.generic]


def krippendorff_alpha(ratings: Ratings, level: str = "ordinal") -> Agreement:
    """Krippendorff's alpha of a table of ratings (annotators, items).

    A missing value (`missing.is_missing`) where an annotator did not rate. `level` is "ordinal" (ratings are
    numbers, by order alone) or "nominal" (ratings are any labels). Items with one rating do not enter.
    Krippendorff (2011), "Computing Krippendorff's alpha-reliability". Raises ValueError for another level,
    for rows of unequal length, and for ordinal ratings that are no numbers.
    """
    return _alpha(_count(ratings, ordered=_is_ordinal(level)), level)


def krippendorff_alpha_by_item(items: ArrayLike, values: ArrayLike, level: str = "ordinal") -> Agreement:
    """The same of ratings one by one: of which item each is, and what it says, a number. A table of many
    annotators and items is mostly empty; this takes as much room as there are ratings."""
    return _alpha(_count_by_item(items, values, ordered=_is_ordinal(level)), level)


def raw_agreement(ratings: Ratings) -> Estimate:
    """The share of pairs of ratings of one item that are equal, over all pairs; `n` is the number of pairs.

    `ratings` as for `krippendorff_alpha`. No interval: pairs are not independent. No pair: undefined
    ("no_data").
    """
    return _raw(_count(ratings, ordered=False))


def raw_agreement_by_item(items: ArrayLike, values: ArrayLike) -> Estimate:
    """The same of ratings one by one, as for `krippendorff_alpha_by_item`."""
    return _raw(_count_by_item(items, values, ordered=False))


def _is_ordinal(level: str) -> bool:
    if level not in ("ordinal", "nominal"):
        raise ValueError(f'level must be "ordinal" or "nominal", not {level!r}')
    return level == "ordinal"


def _alpha(counts: NDArray[np.int64], level: str) -> Agreement:
    if counts.size == 0:
        return Agreement(None, "no_data", 0)
    raters = counts.sum(axis=1)  # (items,), each at least 2
    # A pair of one item's ratings weighs 1 / (raters - 1), so that an item weighs as much as it has ratings
    weighted = counts / (raters - 1)[:, None]
    coincidences = weighted.T @ counts - np.diag(weighted.sum(axis=0))  # (values, values)
    totals = counts.sum(axis=0)  # (values,)
    n = int(totals.sum())
    distance = _ordinal_distance(totals) if level == "ordinal" else 1.0 - np.eye(len(totals))
    expected = float((np.outer(totals, totals) * distance).sum())
    if expected == 0:
        return Agreement(None, "no_expected_disagreement", n)
    observed = float((coincidences * distance).sum())
    return Agreement(1 - (n - 1) * observed / expected, None, n)


def _raw(counts: NDArray[np.int64]) -> Estimate:
    raters = counts.sum(axis=1)
    pairs = int((raters * (raters - 1)).sum()) // 2
    if pairs == 0:
        return NO_DATA
    equal = int((counts * (counts - 1)).sum()) // 2
    return Estimate(equal / pairs, None, None, pairs)


def _ordinal_distance(totals: NDArray[np.int64]) -> NDArray[np.float64]:
    """Squared ordinal distances: the ratings from one value to the other, both ends counted half."""
    rank = np.cumsum(totals) - totals / 2  # mid-rank of each value
    distance: NDArray[np.float64] = (rank[:, None] - rank[None, :]) ** 2
    return distance


def _count(ratings: Ratings, *, ordered: bool) -> NDArray[np.int64]:
    """How many annotators gave each value to each item with at least two ratings: (items, values)."""
    rows = [list(row) for row in ratings]
    if len({len(row) for row in rows}) > 1:
        raise ValueError("every annotator's row must have one entry per item, None where there is no rating")
    if ordered:
        for row in rows:
            for value in row:
                if not is_missing(value) and not isinstance(value, Real):
                    raise ValueError(f"an ordinal rating must be a number, not {value!r}")
    items = [[value for value in column if not is_missing(value)] for column in zip(*rows, strict=True)]
    pairable = [values for values in items if len(values) > 1]
    observed = dict.fromkeys(value for values in pairable for value in values)
    positions = {value: i for i, value in enumerate(sorted(observed) if ordered else observed)}
    counts = np.zeros((len(pairable), len(positions)), dtype=np.int64)
    for i, values in enumerate(pairable):
        for value in values:
            counts[i, positions[value]] += 1
    return counts


def _count_by_item(items: ArrayLike, values: ArrayLike, *, ordered: bool) -> NDArray[np.int64]:
    """The same counts from ratings one by one, whose columns have the order in which `_count` meets them:
    sorted, or else as they come."""
    _, item = np.unique(np.asarray(items), return_inverse=True)
    pairable = (np.bincount(item) > 1)[item]
    _, item = np.unique(item[pairable], return_inverse=True)
    found, first, value = np.unique(np.asarray(values)[pairable], return_index=True, return_inverse=True)
    shape = (int(item.max(initial=-1)) + 1, len(found))
    counts = np.bincount(item * shape[1] + value, minlength=shape[0] * shape[1]).reshape(shape)
    return counts.astype(np.int64) if ordered else counts[:, np.argsort(first)].astype(np.int64)
