"""The arrays that are a frame's columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype
from pandas.api.types import pandas_dtype

from annotations.kinds.interface import Column
from evaluation.frames.stored_columns import dtype_of


def empty_array(column: Column, length: int) -> Any:
    """One to be filled in place."""
    dtype = pandas_dtype(dtype_of(column))
    return dtype.empty(length) if isinstance(dtype, ExtensionDtype) else np.empty(length, dtype)


def filled_array(column: Column, values: Sequence[Any]) -> ExtensionArray:
    """Of values as `stored_columns.read` reads them."""
    if column.type == "time":
        times = pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601", utc=True)
        return times.astype(dtype_of(column)).array
    return pd.array(values, dtype=dtype_of(column))
