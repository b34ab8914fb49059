"""Association of two categorical variables."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats.contingency import association


def cramers_v(table: ArrayLike) -> float | None:
    """Cramér's V of a table of counts (groups, options), in [0, 1], without bias correction.

    Empty rows and columns leave the table; None where fewer than two of either are left. Raises ValueError
    for a table that is not two-dimensional, or whose cells are no whole, non-negative counts.
    """
    counts = np.asarray(table)
    if counts.ndim != 2:
        raise ValueError(f"a table of counts must be two-dimensional, but has the shape {counts.shape}")
    if counts.size == 0:
        return None
    if counts.dtype.kind not in "ui" or (counts < 0).any():
        raise ValueError("a table of counts must hold whole, non-negative numbers")
    filled = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    if min(filled.shape) < 2:
        return None
    return float(association(filled, method="cramer"))
