"""Frames of a study's answers."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Response, Study
from evaluation.frames.columns import COLUMNS, columns_of, dtype_of

# In `dropped`, beside the reasons of a turn: the answer came when its place had gone.
LATE = "late"
READ_AT_ONCE = 20_000  # rows


def response_frame(study: Study) -> pd.DataFrame:
    """The last revision of every answer of the study, in the order of first submission; one row each.

    All roles are in it, and answers that do not count: their `dropped` says why. What was erased is not.
    """
    chunks = list(response_chunks(study))
    return pd.concat(chunks, ignore_index=True) if len(chunks) > 1 else chunks[0]


def response_chunks(study: Study) -> Iterator[pd.DataFrame]:
    """The same in frames of at most READ_AT_ONCE rows, at least one, so that a file can be written row by
    row."""
    kind = get_kind(study.kind)
    types = {column.name: dtype_of(column) for column in columns_of(study)}
    paths = [column.path for column in COLUMNS]
    rows = (
        Response.objects.final()
        .filter(assignment__study=study, erased_at=None)
        .order_by("assignment__submitted_at", "assignment")
        .values_list(*paths, "assignment__task__payload", "answer")
        .iterator(chunk_size=READ_AT_ONCE)
    )
    names = [column.name for column in COLUMNS]

    def frame(read: list[dict[str, Any]]) -> pd.DataFrame:
        return pd.DataFrame(read, columns=list(types)).astype(types)

    read: list[dict[str, Any]] = []
    yielded = False
    for *values, payload, answer in rows:
        found = dict(zip(names, values, strict=True))
        if not found["dropped"] and found["ended"] != Assignment.State.SUBMITTED:
            found["dropped"] = LATE
        read.append({**found, **kind.export(payload, answer)})
        if len(read) == READ_AT_ONCE:
            yield frame(read)
            read, yielded = [], True
    if read or not yielded:
        yield frame(read)
