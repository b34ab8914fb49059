import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.statistics.missing import is_missing, missing_as_none
from tests.evaluation.statistics.ways_of_missing import NO_NUMBERS, NO_TIMES


@pytest.mark.parametrize("value", [*NO_NUMBERS, *NO_TIMES, np.timedelta64("NaT"), Decimal("NaN")], ids=repr)
def test_these_say_that_there_is_no_value(value):
    assert is_missing(value) is True


@pytest.mark.parametrize(
    "value",
    [
        0, 0.0, -0.0, "", "nan", "<NA>", False, np.False_, np.float32(0), float("inf"), (), ("a", None),
        datetime(2026, 3, 2, tzinfo=UTC), pd.Timestamp("2026-03-02"), Decimal(0),
    ],
    ids=repr,
)  # fmt: skip
def test_these_are_values(value):
    assert is_missing(value) is False


def test_of_a_sequence_what_is_missing_becomes_none():
    assert missing_as_none([1.5, *NO_NUMBERS, 0]) == [1.5, *[None] * len(NO_NUMBERS), 0]
    assert missing_as_none(pd.Series([2, None, 3], dtype="Int64")) == [2, None, 3]
    assert missing_as_none([]) == []


def test_to_know_them_pandas_is_not_imported():
    program = (
        "import sys; from evaluation.statistics import missing, agreement, overlap; "
        "assert missing.is_missing(float('nan')); assert 'pandas' not in sys.modules"
    )
    top = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", program], cwd=top, env={**os.environ}, check=True)
