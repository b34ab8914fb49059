"""Segmentation quality of masks against ground truth (paper, section 3.1, Table 1)."""

from collections.abc import Sequence
from dataclasses import replace

from .estimates import Estimate
from .intervals import student_t
from .missing import missing_as_none


def mean_iou(ious: Sequence[float | None], confidence: float = 0.95) -> Estimate:
    """Mean IoU in percent over ground-truth masks, one entry per mask, with its t interval.

    Each IoU is in [0, 1]. None (or NaN, pandas.NA) is a missing prediction: it counts 0 and is counted in
    `missing`. (A ground-truth mask is never empty, so that its IoU is never undefined.) Undefined parts and
    flags as `intervals.student_t`. Raises ValueError for an IoU outside [0, 1].
    """
    given = missing_as_none(ious)
    percent = []
    for iou in given:
        if iou is not None and not 0 <= iou <= 1:
            raise ValueError(f"an IoU must be in [0, 1], or None for a missing prediction, but is {iou!r}")
        percent.append(0.0 if iou is None else 100 * float(iou))
    return replace(student_t(percent, confidence), missing=given.count(None))
