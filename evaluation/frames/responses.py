"""Frames of a study's answers."""

import gc
import json
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.lookups import In

from annotations.kinds.interface import Kind
from annotations.kinds.registry import get_kind
from annotations.measured import UNKNOWN
from annotations.models import Assignment, Response, Study
from annotations.models.responses import ResponseQuerySet
from evaluation.frames.arrays import filled_array, new_array
from evaluation.frames.columns import COLUMNS, columns_of, columns_of_frame
from evaluation.frames.pages import Rules, page_values
from evaluation.frames.stored_columns import as_text, read

# In `dropped`, beside the reasons of a turn: the answer came when its place had gone; a later revision took
# its place; the plan asks for pictures that are known to have been painted.
LATE, CORRECTED, NOT_PAINTED = "late", "corrected", "not painted"
# Which revisions of an answer are read.
LAST, ALL = REVISIONS = ("last", "all")
READ_AT_ONCE = 5_000  # turns
TURNS_AT_ONCE = 50_000  # primary keys

_READ = tuple(column for column in COLUMNS if column.path)
_AS_TEXT = ("layout", "flags", "assignment__task__payload", "answer")
_TURN, _REVISION = (
    next(place for place, column in enumerate(_READ) if column.name == name)
    for name in ("assignment", "revision")
)
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
    """The last revision of every answer of the study, in the order of first submission; one row each, without
    what is in files alone.

    All roles are in it, and answers that do not count: their `dropped` says why. What was erased is not.
    """
    # Filled in place: the columns of a million answers are never there twice. Of a text that comes again and
    # again one object is kept.
    turns, filled = answered_turns(study), 0
    columns = columns_of_frame(study)
    arrays = {column.name: new_array(column, len(turns)) for column in columns}
    texts: dict[str, dict[Any, Any]] = {column.name: {} for column in columns if column.type == "text"}
    for rows, values in _read_answers(study, turns, LAST):
        for name, filling in arrays.items():
            found, kept = values[name], texts.get(name)
            filling.put(filled, found if kept is None else list(map(kept.setdefault, found, found)))
        filled += rows
    return pd.DataFrame({name: array.done(filled) for name, array in arrays.items()}, copy=False)


def response_chunks(study: Study, turns: "array[int]", *, revisions: str = LAST) -> Iterator[pd.DataFrame]:
    """The answers of these turns in frames of at most READ_AT_ONCE turns, at least one, so that a file can be
    written as they are read: of each turn the last revision, or all of them."""
    columns = columns_of(study)
    for _, values in _read_answers(study, turns, revisions):
        yield pd.DataFrame(
            {column.name: filled_array(column, values[column.name]) for column in columns}, copy=False
        )


def _read_answers(
    study: Study, turns: "array[int]", revisions: str
) -> Iterator[tuple[int, dict[str, Sequence[Any]]]]:
    """How many answers some of the turns have, and their values by column. Each part is read by itself, by
    primary keys: nothing has to be sorted for as long as somebody writes, and nothing as wide as a row by the
    database. They are of one moment inside of a snapshot, with the turns."""
    kind, rules = get_kind(study.kind), Rules.of(study)
    for first in range(0, max(len(turns), 1), READ_AT_ONCE):
        some = turns[first : first + READ_AT_ONCE].tolist()
        # As a lookup by itself, which takes the keys as they are and does not prepare each of them thrice.
        answers = Response.objects.filter(In(F("assignment"), some), erased_at=None)
        wanted = (answers.final() if revisions == LAST else answers).order_by()
        place = {turn: number for number, turn in enumerate(some)}
        with collection_put_off():
            rows = list(wanted.values_list(*map(read, _READ), *_BESIDE))
            rows.sort(key=lambda row: (place[row[_TURN]], row[_REVISION]))
            values = _values(kind, rules, rows) | {"study": [study.name] * len(rows)}
        yield len(rows), values


@contextmanager
def collection_put_off() -> Iterator[None]:
    """While thousands of small things are made, Python looks for cycles among them again and again, for a
    third of the time that it takes to make them; there are none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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
        kind.export(payload, parsed[answer])
        for payload, answer in zip(json.loads(f"[{','.join(payloads)}]"), answers, strict=True)
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
