"""The arrays that are a frame's columns, filled from plain values a part at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype
from pandas.api.types import pandas_dtype

from annotations.kinds.interface import Column
from evaluation.frames.stored_columns import TRUE, CommonColumn, dtype_of

# Types whose arrays are one of values and one that says where there are none.
_MASKED = {
    "Int32": pd.arrays.IntegerArray, "Int64": pd.arrays.IntegerArray, "Float64": pd.arrays.FloatingArray,
}  # fmt: skip
# Whole numbers up to here are told apart as floating-point ones.
_EXACT = 2**53


def new_array(column: Column, length: int) -> "_Plain | _Masked":
    """One to be filled in place. What a kind's column holds is held against its type; what the database wrote
    is of the type that it has there."""
    dtype = dtype_of(column)
    if isinstance(column, CommonColumn) and dtype in _MASKED:
        return _Masked(column, length)
    return _Plain(column, length)


def filled_array(column: Column, values: Sequence[Any]) -> ExtensionArray:
    """Of values as `stored_columns.read` reads them."""
    array = new_array(column, len(values))
    array.put(0, values)
    return array.done(len(values))


class _Plain:
    def __init__(self, column: Column, length: int) -> None:
        self._column, self._dtype = column, pandas_dtype(dtype_of(column))
        # Texts are known as texts once for all, in the end.
        self._is_text = isinstance(self._dtype, pd.StringDtype)
        self._is_stored_truth = column.type == "truth" and bool(getattr(column, "path", ""))
        if isinstance(self._dtype, ExtensionDtype) and not self._is_text:
            self._array: Any = self._dtype.empty(length)
        else:
            self._array = np.empty(length, object if self._is_text else self._dtype)

    def put(self, begin: int, values: Sequence[Any]) -> None:
        self._array[begin : begin + len(values)] = self._converted(values)

    def _converted(self, values: Sequence[Any]) -> Any:
        if self._column.type == "time":
            times = pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601", utc=True)
            return times.astype(self._dtype).array
        if self._is_text:
            return values
        if self._array.dtype.kind == "O":
            return np.fromiter(values, dtype=object, count=len(values))  # a list in each place
        if isinstance(self._dtype, ExtensionDtype):
            return pd.array(values, dtype=self._dtype)
        if self._is_stored_truth:
            return [value in TRUE for value in values]
        return np.array(values, dtype=self._dtype)

    def done(self, length: int) -> ExtensionArray:
        return pd.array(self._array[:length], dtype=self._dtype, copy=False)


class _Masked:
    """Numbers, of which some may be missing. They go by floating-point ones, in a third of the time that
    pandas takes to look at each."""

    def __init__(self, column: Column, length: int) -> None:
        self._array_of = _MASKED[dtype_of(column)]
        self._values = np.zeros(length, dtype_of(column).lower())
        self._missing = np.zeros(length, bool)

    def put(self, begin: int, values: Sequence[Any]) -> None:
        numbers = np.array(values, dtype=np.float64)
        missing = np.isnan(numbers)
        numbers[missing] = 0
        if max(numbers.max(initial=0), -numbers.min(initial=0)) >= _EXACT:
            raise OverflowError(f"a number of {len(values)} is too large to be exact: {numbers.max():.0f}")
        self._values[begin : begin + len(values)] = numbers
        self._missing[begin : begin + len(values)] = missing

    def done(self, length: int) -> ExtensionArray:
        return self._array_of(self._values[:length], self._missing[:length])
