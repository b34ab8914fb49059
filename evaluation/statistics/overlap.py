"""Masks from heat maps, and how far two of them overlap (paper, Eq. 7 and appendix B)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .missing import is_missing, missing_as_none


@dataclass(frozen=True)
class Overlap:
    """Intersection over union, over the dependent, over the head, in [0, 1]; None where undefined."""

    iou: float | None
    iod: float | None
    ioh: float | None


@dataclass(frozen=True)
class MeanOverlap:
    """Means over pairs, in [0, 1], and the number of pairs behind each; None where that number is 0."""

    miou: float | None
    miod: float | None
    mioh: float | None
    n_iou: int
    n_iod: int
    n_ioh: int


def binarize(heat_map: ArrayLike, threshold: float = 0.4) -> NDArray[np.bool_]:
    """The mask of a heat map: D >= threshold * max(D) (Eq. 7), in the shape of the heat map.

    A map of zeros gives an empty mask. Raises ValueError for an empty array, for values that are not finite,
    for a map that sums to less than 0, whatever its maximum (single negative values are bicubic undershoot; a
    negative sum is no attention), and for a threshold outside [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise ValueError(
            f"the threshold is relative to the maximum and must be in [0, 1], but is {threshold!r}"
        )
    attention = np.asarray(heat_map)
    if attention.dtype.kind in "bui":
        attention = attention.astype(np.float64)
    if attention.dtype.kind != "f":
        raise ValueError(f"a heat map must hold real numbers, not {attention.dtype}")
    if attention.size == 0:
        raise ValueError(f"a heat map must have at least one cell, but has the shape {attention.shape}")
    if not np.isfinite(attention).all():
        raise ValueError("the heat map holds NaN or infinite values")
    if attention.sum(dtype=np.float64) < 0:
        raise ValueError("the heat map sums to less than 0; sums of attention scores cannot be negative")
    peak = attention.max()
    if peak <= 0:
        return np.zeros(attention.shape, dtype=np.bool_)
    mask: NDArray[np.bool_] = attention >= threshold * peak
    return mask


def _as_mask(mask: ArrayLike, name: str) -> NDArray[np.bool_]:
    array = np.asarray(mask)
    # Only an array of objects holds pandas.NA, whose comparison with 0 has no truth value
    lacks_values = array.dtype == np.object_ and any(map(is_missing, array.flat))
    if array.dtype != np.bool_ and (lacks_values or not np.isin(array, (0, 1)).all()):
        raise ValueError(f"the {name} mask must hold truth values only; binarize the heat map first")
    return array.astype(np.bool_)


def overlap(dependent_mask: ArrayLike, head_mask: ArrayLike) -> Overlap:
    """Overlap of a dependent's and a head's mask (appendix B), two masks of one shape.

    A measure whose denominator is empty is None. Raises ValueError for shapes that differ (nothing is
    resized) and for arrays that are no masks.
    """
    dependent, head = _as_mask(dependent_mask, "dependent"), _as_mask(head_mask, "head")
    if dependent.shape != head.shape:
        raise ValueError(f"the masks differ in shape: dependent {dependent.shape}, head {head.shape}")
    intersection = int(np.count_nonzero(dependent & head))
    return Overlap(
        iou=_ratio(intersection, int(np.count_nonzero(dependent | head))),
        iod=_ratio(intersection, int(np.count_nonzero(dependent))),
        ioh=_ratio(intersection, int(np.count_nonzero(head))),
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def mean_overlap(overlaps: Sequence[Overlap], empty: str = "exclude") -> MeanOverlap:
    """Means of the three measures over pairs.

    `empty` says what happens to undefined measures (missing values): "exclude" leaves them out of the mean
    and of its n; "zero" takes them as 0, as the authors' code does. Raises ValueError for another `empty` and
    for measures outside [0, 1].
    """
    if empty not in ("exclude", "zero"):
        raise ValueError(f'empty must be "exclude" or "zero", not {empty!r}')
    miou, n_iou = _mean([pair.iou for pair in overlaps], empty)
    miod, n_iod = _mean([pair.iod for pair in overlaps], empty)
    mioh, n_ioh = _mean([pair.ioh for pair in overlaps], empty)
    return MeanOverlap(miou, miod, mioh, n_iou, n_iod, n_ioh)


def _mean(values: Sequence[float | None], empty: str) -> tuple[float | None, int]:
    given = missing_as_none(values)
    if empty == "zero":
        defined = [0.0 if value is None else value for value in given]
    else:
        defined = [value for value in given if value is not None]
    for value in defined:
        if not 0 <= value <= 1:
            raise ValueError(f"a measure of overlap must be in [0, 1], but is {value!r}")
    return (float(np.mean(defined)) if defined else None), len(defined)
