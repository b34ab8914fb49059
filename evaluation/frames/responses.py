"""Frames of a study's answers."""

import json
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import TextField
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
TURNS_AT_ONCE = 50_000  # primary keys

# Of each column of texts: text → the one object that is kept of it.
Texts = dict[str, dict[Any, Any]]


def answered_turns(study: Study) -> "array[int]":
    """The turns whose answers are in a file of this moment, in the order of first submission; eight bytes
    each."""
    answers = Response.objects.final().filter(assignment__study=study, erased_at=None)
    turns = answers.order_by("assignment__submitted_at", "assignment").values_list("assignment", flat=True)
    return array("q", turns.iterator(chunk_size=TURNS_AT_ONCE))


def response_frame(study: Study) -> pd.DataFrame:
    """The last revision of every answer of the study, in the order of first submission; one row each.

    All roles are in it, and answers that do not count: their `dropped` says why. What was erased is not.
    """
    # Filled in place: the columns of a million answers are never there twice.
    turns, filled = answered_turns(study), 0
    columns = {column.name: _empty(column, len(turns)) for column in columns_of(study)}
    texts: Texts = {}
    for chunk in response_chunks(study, turns, texts):
        for name, column in columns.items():
            column[filled : filled + len(chunk)] = chunk[name].array
        filled += len(chunk)
    return pd.DataFrame({name: column[:filled] for name, column in columns.items()}, copy=False)


def response_chunks(study: Study, turns: "array[int]", texts: Texts | None = None) -> Iterator[pd.DataFrame]:
    """The answers of these turns in frames of at most READ_AT_ONCE rows, at least one, so that a file can be
    written as they are read. Each is read by itself, by primary keys: nothing has to be sorted for as long as
    somebody writes. They are of one moment inside of a snapshot, with the turns.

    Of a text that comes again and again one object is kept in `texts`, for as long as the caller likes."""
    kind, columns = get_kind(study.kind), columns_of(study)
    for first in range(0, max(len(turns), 1), READ_AT_ONCE):
        rows = (
            Response.objects.final()
            .filter(assignment__in=turns[first : first + READ_AT_ONCE].tolist(), erased_at=None)
            .order_by("assignment__submitted_at", "assignment")
            .values_list(*map(_read, COLUMNS), _as_text("assignment__task__payload"), _as_text("answer"))
        )
        yield _frame(kind, columns, list(rows), {} if texts is None else texts)


def _frame(
    kind: Kind,
    columns: Sequence[Column],
    rows: list[tuple[Any, ...]],
    texts: Texts,
) -> pd.DataFrame:
    values = _values(kind, rows)
    for column in columns:
        if column.type == "text":
            seen, found = texts.setdefault(column.name, {}), values[column.name]
            values[column.name] = list(map(seen.setdefault, found, found))
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
