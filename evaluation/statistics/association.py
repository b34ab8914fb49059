"""Association of two categorical variables."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2_contingency


def cramers_v(table: ArrayLike) -> float | None:
    """Cramér's V of a table of counts (groups, options), in [0, 1], corrected for bias.

    Uncorrected, independent data average above 0: the more so, the larger the table and the fewer the counts.
    From phi² = chi²/n its expectation under independence is taken (where less than 0 is left, V is 0), and
    the numbers of rows and columns are lowered accordingly, so that perfect association stays 1. Bergsma
    (2013), "A bias-correction for Cramér's V and Tschuprow's T".

    Empty rows and columns leave the table. None where fewer than two of either are left, and where every row
    or every column holds a single observation: the correction leaves 0/0. Raises ValueError for a table that
    is not two-dimensional, or whose cells are no whole, non-negative counts.
    """
    counts = np.asarray(table)
    if counts.ndim != 2:
        raise ValueError(f"a table of counts must be two-dimensional, but has the shape {counts.shape}")
    if counts.size == 0:
        return None
    if counts.dtype.kind not in "ui" or (counts < 0).any():
        raise ValueError("a table of counts must hold whole, non-negative numbers")
    filled = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    n = int(filled.sum())
    if min(filled.shape) < 2 or max(filled.shape) >= n:
        return None
    rows, columns = filled.shape
    phi_squared = float(chi2_contingency(filled, correction=False).statistic) / n
    corrected = max(0.0, phi_squared - (rows - 1) * (columns - 1) / (n - 1))
    largest = min(size - 1 - (size - 1) ** 2 / (n - 1) for size in (rows, columns))
    return min(1.0, math.sqrt(corrected / largest))
