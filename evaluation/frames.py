"""The only gate from the database to data frames."""

from typing import Any

import pandas as pd

from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Response, Study

# Of every answer: column → (type, where it stands).
COLUMNS = {
    "study": ("string", "assignment__study__name"),
    "task": ("int64", "assignment__task"),
    "task_position": ("int64", "assignment__task__position"),
    "role": ("string", "assignment__task__role"),
    "generation": ("int64", "assignment__task__generation"),
    "seed": ("int64", "assignment__task__generation__seed"),
    "prompt_id": ("int64", "assignment__task__generation__prompt"),
    "prompt_external_id": ("string", "assignment__task__generation__prompt__external_id"),
    "prompt": ("string", "assignment__task__generation__prompt__text"),
    "word_id": ("Int64", "assignment__task__word"),
    "annotator": ("string", "assignment__participation__pseudonym"),
    "assignment": ("int64", "assignment"),
    "number": ("int64", "assignment__number"),
    "place": ("Int64", "assignment__place"),
    "replica": ("Int64", "assignment__place__replica"),
    "ended": ("string", "assignment__state"),
    "dropped": ("string", "assignment__dropped"),
    "response": ("int64", "pk"),
    "revision": ("int64", "revision"),
    "submitted_at": ("datetime64[us, UTC]", "assignment__submitted_at"),
    "revised_at": ("datetime64[us, UTC]", "created_at"),
    "milliseconds": ("Int64", "milliseconds"),
}
# Columns of single kinds. What is not here holds Python objects: lists of names.
KIND_COLUMNS = {
    "word": "string",
    "part_of_speech": "string",
    "start": "int64",
    "end": "int64",
    "choice": "int64",
    "label": "string",
    "pair": "string",
    "cohyponyms": "boolean",
}
# In `dropped`, beside the reasons of a turn: the answer came when its place had gone.
LATE = "late"
READ_AT_ONCE = 2_000


def column_types(study: Study) -> dict[str, str]:
    """The columns of the study's frame, in order, with their types."""
    kind_columns = get_kind(study.kind).export_columns
    return {
        **{name: type_ for name, (type_, _) in COLUMNS.items()},
        **{name: KIND_COLUMNS.get(name, "object") for name in kind_columns},
    }


def response_frame(study: Study) -> pd.DataFrame:
    """The last revision of every answer of the study, in the order of first submission; one row each.

    All roles are in it, and answers that do not count: their `dropped` says why. What was erased is not.
    """
    kind = get_kind(study.kind)
    rows = (
        Response.objects.final()
        .filter(assignment__study=study, erased_at=None)
        .order_by("assignment__submitted_at", "assignment")
        .values_list(*(path for _, path in COLUMNS.values()), "assignment__task__payload", "answer")
    )
    types = column_types(study)
    read = [_row(row, kind) for row in rows.iterator(chunk_size=READ_AT_ONCE)]
    return pd.DataFrame(read, columns=list(types)).astype(types)


def _row(row: tuple, kind: Any) -> dict[str, Any]:
    *values, payload, answer = row
    found = dict(zip(COLUMNS, values, strict=True))
    if not found["dropped"] and found["ended"] != Assignment.State.SUBMITTED:
        found["dropped"] = LATE
    return {**found, **kind.export(payload, answer)}
