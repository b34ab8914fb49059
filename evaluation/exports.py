"""Files for readers: one row per response, and the codebook that says what its columns mean. That responses
were handed out is written down."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import pandas as pd

from annotations.kinds.interface import Column
from annotations.models import Study
from daamweb.projects.models import Action
from daamweb.projects.services.events import Actor, record
from evaluation.documents.spreadsheets import defuse

FORMULA_NOTE = (
    "A text that a spreadsheet could run as a formula (such as “=1+1” or “-”) has an apostrophe before it."
)


def write_responses(responses: pd.DataFrame, file: IO[str] | Path) -> None:
    """Write a study's responses, as `frames.responses` reads them, as CSV in UTF-8.

    Lists are JSON in one cell. Text that a spreadsheet would run as a formula gets a leading apostrophe.
    Raises OSError.
    """
    frame = responses.copy(deep=False)
    for column in frame.select_dtypes(["string", "object"]):
        frame[column] = frame[column].map(_cell, na_action="ignore")
    frame.to_csv(file, index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ", lineterminator="\n")


def save_responses(study: Study, responses: pd.DataFrame, path: Path, *, by: Actor) -> None:
    """Write them into a file of this machine. What is written down comes before the first row, and after the
    file could be opened; no transaction waits for a disk. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        note_export(study, responses, by=by)
        write_responses(responses, file)


def note_export(study: Study, responses: pd.DataFrame, *, by: Actor) -> None:
    details = {"answers": len(responses)}
    record(Action.EXPORTED, subject=study, project=study.project, by=by, details=details)


def write_codebook(columns: Iterable[Column], file: IO[str] | Path) -> None:
    """Write what every column of a frame means: one row per column, as CSV. Raises OSError."""
    rows = []
    for column in columns:
        meaning = f"{column.meaning} {FORMULA_NOTE}" if column.type == "text" else column.meaning
        rows.append((column.name, Column.TYPES[column.type][1], column.unit, meaning))
    header = ["column", "type", "unit", "meaning"]
    pd.DataFrame(rows, columns=header).to_csv(file, index=False, lineterminator="\n")


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return defuse(value)
