"""What stands in a cell of a table, and how it is shown and written."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.documents.spreadsheets import defuse
from evaluation.statistics.estimates import Estimate
from evaluation.statistics.missing import is_missing, missing_as_none

# What an estimate's flag means, in words.
FLAGS = {
    "no_data": "no data",
    "single_value": "one value only",
    "no_variance": "all values equal",
    "no_expected_disagreement": "all answers equal",
    "zero_margin": "all correct, or none: p is 1",
}


@dataclass(frozen=True)
class Share:
    """An estimate to be read as a percentage."""

    estimate: Estimate


Cell = str | int | float | None | Estimate | Share


def format_cell(cell: Cell) -> str:
    """A cell as readers see it: "3.90 [3.19, 4.61]", "52.0 % [47.6, 56.3]", "0.00498", "∞", "undefined"."""
    if isinstance(cell, Share):
        return _format_estimate(cell.estimate, lambda value: f"{100 * value:.1f}", " %")
    if isinstance(cell, Estimate):
        return _format_estimate(cell, lambda value: f"{value:.2f}", "")
    if is_missing(cell):
        return "undefined"
    if isinstance(cell, float):
        if math.isinf(cell):
            return "∞" if cell > 0 else "−∞"
        return _with_minus(f"{cell:.3g}")
    return str(cell)


def _format_estimate(estimate: Estimate, show: Callable[[float], str], unit: str) -> str:
    flag = f" ({FLAGS[estimate.flag]})" if estimate.flag else ""
    if estimate.value is None or is_missing(estimate.value):
        return f"undefined{flag}"
    text = f"{show(estimate.value)}{unit}"
    if estimate.low is not None and estimate.high is not None:
        text += f" [{show(estimate.low)}, {show(estimate.high)}]"
    return _with_minus(text) + flag


def _with_minus(number: str) -> str:
    return number.replace("-", "−")


def csv_values(cell: Cell) -> Sequence[Any]:
    """What the cell takes of a row of CSV: an estimate value, low, high, n and flag; anything else itself."""
    estimate = cell.estimate if isinstance(cell, Share) else cell
    if isinstance(estimate, Estimate):
        return missing_as_none((estimate.value, estimate.low, estimate.high, estimate.n, estimate.flag))
    if isinstance(estimate, str):
        return (defuse(estimate),)
    return missing_as_none((estimate,))
