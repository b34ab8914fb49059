"""Frames of a study's answers."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from pandas.api.extensions import ExtensionArray, ExtensionDtype
from pandas.api.types import pandas_dtype

from annotations.kinds.interface import Column, Kind
from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Response, Study
from evaluation.frames.columns import COLUMNS, CommonColumn, columns_of, dtype_of

# In `dropped`, beside the reasons of a turn: the answer came when its place had gone.
LATE = "late"
READ_AT_ONCE = 5_000  # rows


def response_frame(study: Study) -> pd.DataFrame:
    """The last revision of every answer of the study, in the order of first submission; one row each.

    All roles are in it, and answers that do not count: their `dropped` says why. What was erased is not.
    """
    # Filled in place: the columns of a million answers are never there twice. What is answered while they are
    # read is left to the next frame.
    total, filled = _rows(study).count(), 0
    columns = {column.name: _empty(column, total) for column in columns_of(study)}
    for chunk in response_chunks(study):
        taken = min(len(chunk), total - filled)
        for name, column in columns.items():
            column[filled : filled + taken] = chunk[name].array[:taken]
        filled += taken
    return pd.DataFrame({name: column[:filled] for name, column in columns.items()}, copy=False)


def response_chunks(study: Study) -> Iterator[pd.DataFrame]:
    """The same in frames of at most READ_AT_ONCE rows, at least one, so that a file can be written row by
    row."""
    kind = get_kind(study.kind)
    columns = columns_of(study)
    # Of a text that comes again and again one object is kept, for all chunks.
    texts: dict[str, dict[Any, Any]] = {column.name: {} for column in columns if column.type == "text"}
    rows = (
        _rows(study)
        .order_by("assignment__submitted_at", "assignment")
        .values_list(*map(_read, COLUMNS), _as_text("assignment__task__payload"), _as_text("answer"))
        .iterator(chunk_size=READ_AT_ONCE)
    )
    read = list(islice(rows, READ_AT_ONCE))
    while True:
        yield _frame(kind, columns, read, texts)
        read = list(islice(rows, READ_AT_ONCE))
        if not read:
            return


def _rows(study: Study) -> QuerySet[Response]:
    return Response.objects.final().filter(assignment__study=study, erased_at=None)


def _frame(
    kind: Kind,
    columns: Sequence[Column],
    rows: list[tuple[Any, ...]],
    texts: dict[str, dict[Any, Any]],
) -> pd.DataFrame:
    values = _values(kind, rows)
    for name, seen in texts.items():
        values[name] = list(map(seen.setdefault, values[name], values[name]))
    return pd.DataFrame({column.name: _array(column, values[column.name]) for column in columns}, copy=False)


def _empty(column: Column, length: int) -> Any:
    dtype = pandas_dtype(dtype_of(column))
    return dtype.empty(length) if isinstance(dtype, ExtensionDtype) else np.empty(length, dtype)


def _array(column: Column, values: Sequence[Any]) -> ExtensionArray:
    if column.type == "time":
        times = pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601", utc=True)
        return times.astype(dtype_of(column)).array
    return pd.array(values, dtype=dtype_of(column))


def _values(kind: Kind, rows: list[tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
    """Of every column: the common ones as they were read, the kind's as it gives them."""
    *common, payloads, answers = zip(*rows, strict=True) if rows else ((),) * (len(COLUMNS) + 2)
    values: dict[str, Sequence[Any]] = {
        column.name: found for column, found in zip(COLUMNS, common, strict=True)
    }
    values["dropped"] = [
        LATE if not dropped and ended != Assignment.State.SUBMITTED else dropped
        for dropped, ended in zip(values["dropped"], values["ended"], strict=True)
    ]
    # Answers come again and again; payloads hardly do.
    parsed = {text: json.loads(text) for text in set(answers)}
    exported = [
        kind.export(json.loads(payload), parsed[answer])
        for payload, answer in zip(payloads, answers, strict=True)
    ]
    for column in kind.columns:
        values[column.name] = [of_answer[column.name] for of_answer in exported]
    return values


def _read(column: CommonColumn) -> str | Cast:
    return _as_text(column.path) if column.type == "time" else column.path


def _as_text(path: str) -> Cast:
    """Times and JSON as the database writes them: many are parsed at once in a tenth of the time that Django
    takes to make them one by one."""
    return Cast(path, TextField())
