"""Files for readers: one row per response, with a codebook."""

import json
from pathlib import Path
from typing import IO

import pandas as pd

from annotations.models import Study
from evaluation.frames import response_frame

# A cell that begins with one of these could be run as a formula by a spreadsheet.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_responses(study: Study, file: IO[str] | Path) -> int:
    """Write the study's final responses as CSV; return how many rows.

    Lists are JSON in one cell. Text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    frame = response_frame(study)
    frame.map(_cell).to_csv(file, index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ")
    return len(frame)


def _cell(value):
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
