"""Frames of a study's answers."""

import json
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from django.db.models import F
from django.db.models.expressions import Combinable

from annotations.kinds.interface import Column, Kind
from annotations.kinds.registry import get_kind
from annotations.measured import UNKNOWN
from annotations.models import Assignment, Response, Study
from annotations.models.responses import ResponseQuerySet
from evaluation.frames.arrays import empty_array, filled_array
from evaluation.frames.columns import COLUMNS, columns_of
from evaluation.frames.pages import Rules, page_values
from evaluation.frames.stored_columns import as_text, read

# In `dropped`, beside the reasons of a turn: the answer came when its place had gone; a later revision took
# its place; the plan asks for pictures that are known to have been painted.
LATE, CORRECTED, NOT_PAINTED = "late", "corrected", "not painted"
# Which revisions of an answer are read.
LAST, ALL = REVISIONS = ("last", "all")
READ_AT_ONCE = 5_000  # turns
TURNS_AT_ONCE = 50_000  # primary keys

# Of each column of texts: text → the one object that is kept of it.
Texts = dict[str, dict[Any, Any]]

_READ = tuple(column for column in COLUMNS if column.path)
_AS_TEXT = ("layout", "flags", "assignment__task__payload", "answer")
# Beside the columns.
_BESIDE: tuple[Combinable, ...] = (F("assignment__revision"), *map(as_text, _AS_TEXT))


def answered_turns(study: Study) -> "array[int]":
    """The turns whose answers are in a file of this moment, in the order of first submission; eight bytes
    each."""
    turns = _answers_of(study).final().order_by("assignment__submitted_at", "assignment")
    return array("q", turns.values_list("assignment", flat=True).iterator(chunk_size=TURNS_AT_ONCE))


def count_revisions(study: Study) -> int:
    """How many answers there are, each correction one more."""
    return _answers_of(study).count()


def _answers_of(study: Study) -> ResponseQuerySet:
    return Response.objects.filter(assignment__study=study, erased_at=None)


def response_frame(study: Study) -> pd.DataFrame:
    """The last revision of every answer of the study, in the order of first submission; one row each.

    All roles are in it, and answers that do not count: their `dropped` says why. What was erased is not.
    """
    # Filled in place: the columns of a million answers are never there twice.
    turns, filled = answered_turns(study), 0
    columns = {column.name: empty_array(column, len(turns)) for column in columns_of(study)}
    texts: Texts = {}
    for chunk in response_chunks(study, turns, texts):
        for name, column in columns.items():
            column[filled : filled + len(chunk)] = chunk[name].array
        filled += len(chunk)
    return pd.DataFrame({name: column[:filled] for name, column in columns.items()}, copy=False)


def response_chunks(
    study: Study, turns: "array[int]", texts: Texts | None = None, *, revisions: str = LAST
) -> Iterator[pd.DataFrame]:
    """The answers of these turns in frames of at most READ_AT_ONCE turns, at least one, so that a file can be
    written as they are read: of each turn the last revision, or all of them. Each is read by itself, by
    primary keys: nothing has to be sorted for as long as somebody writes. They are of one moment inside of a
    snapshot, with the turns.

    Of a text that comes again and again one object is kept in `texts`, for as long as the caller likes."""
    kind, columns, rules = get_kind(study.kind), columns_of(study), Rules.of(study)
    for first in range(0, max(len(turns), 1), READ_AT_ONCE):
        some = turns[first : first + READ_AT_ONCE].tolist()
        answers = Response.objects.filter(assignment__in=some, erased_at=None)
        wanted = answers.final() if revisions == LAST else answers
        rows = wanted.order_by("assignment__submitted_at", "assignment", "revision").values_list(
            *map(read, _READ), *_BESIDE
        )
        yield _frame(kind, columns, rules, list(rows), {} if texts is None else texts)


def _frame(
    kind: Kind, columns: Sequence[Column], rules: Rules, rows: list[tuple[Any, ...]], texts: Texts
) -> pd.DataFrame:
    values = _values(kind, rules, rows)
    for column in columns:
        if column.type == "text":
            seen, found = texts.setdefault(column.name, {}), values[column.name]
            values[column.name] = list(map(seen.setdefault, found, found))
    return pd.DataFrame(
        {column.name: filled_array(column, values[column.name]) for column in columns}, copy=False
    )


def _values(kind: Kind, rules: Rules, rows: list[tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
    """Of every column: the common ones as they were read or as they follow from what was, the kind's as it
    gives them."""
    width = len(_READ) + len(_BESIDE)
    *common, last, layouts, flags, payloads, answers = zip(*rows, strict=True) if rows else [()] * width
    values: dict[str, Sequence[Any]] = {
        column.name: found for column, found in zip(_READ, common, strict=True)
    }
    values |= page_values(layouts, flags, values, rules)
    values["dropped"] = _dropped(values, last, rules)
    # Answers come again and again; payloads hardly do.
    parsed = {text: json.loads(text) for text in set(answers)}
    exported = [
        kind.export(json.loads(payload), parsed[answer])
        for payload, answer in zip(payloads, answers, strict=True)
    ]
    for column in kind.columns:
        values[column.name] = [of_answer[column.name] for of_answer in exported]
    return values


def _dropped(values: dict[str, Sequence[Any]], last: Sequence[int], rules: Rules) -> list[str]:
    """What became of the turn comes first, then what is known of the answer itself."""
    found = []
    for dropped, ended, revision, newest, painted in zip(
        values["dropped"], values["ended"], values["revision"], last, values["painted"], strict=True
    ):
        if dropped:
            found.append(dropped)
        elif ended != Assignment.State.SUBMITTED:
            found.append(LATE)
        elif revision != newest:
            found.append(CORRECTED)
        else:
            found.append(NOT_PAINTED if rules.painted_only and painted == UNKNOWN else "")
    return found
