"""The only gate from the database to data frames."""

from typing import Any

import pandas as pd

from annotations.kinds.registry import Kind, get_kind
from annotations.models import Response, Study

# One row per final response (the last revision of each submitted place).
COLUMNS = {
    "study": "string",
    "task": "int64",
    "task_position": "int64",
    "generation": "int64",
    "seed": "int64",
    "prompt_id": "int64",
    "prompt_external_id": "string",
    "prompt": "string",
    "word_id": "Int64",
    "attention_check": "bool",
    "annotator": "string",
    "assignment": "int64",
    "replica": "int64",
    "response": "int64",
    "revision": "int64",
    "submitted_at": "datetime64[us, UTC]",
    "seconds": "float64",
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


def column_types(study: Study) -> dict[str, str]:
    """The columns of the study's frame, in order, with their types."""
    kind_columns = get_kind(study.kind).export_columns
    return {**COLUMNS, **{name: KIND_COLUMNS.get(name, "object") for name in kind_columns}}


def response_frame(study: Study) -> pd.DataFrame:
    """The study's final responses, in the order of submission; one row each, also of attention checks."""
    kind = get_kind(study.kind)
    responses = (
        Response.objects.final()
        .filter(assignment__study=study)
        .select_related("assignment__annotator", "assignment__task__generation__prompt")
        .order_by("created_at", "pk")
    )
    rows = [_row(study, response, kind) for response in responses]
    types = column_types(study)
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def _row(study: Study, response: Response, kind: Kind) -> dict[str, Any]:
    assignment = response.assignment
    task = assignment.task
    prompt = task.generation.prompt
    return {
        "study": study.name,
        "task": task.pk,
        "task_position": task.position,
        "generation": task.generation_id,
        "seed": task.generation.seed,
        "prompt_id": prompt.pk,
        "prompt_external_id": prompt.external_id,
        "prompt": prompt.text,
        "word_id": task.word_id,
        "attention_check": task.is_attention_check,
        "annotator": assignment.annotator.pseudonym(study),
        "assignment": assignment.pk,
        "replica": assignment.replica,
        "response": response.pk,
        "revision": response.revision,
        "submitted_at": response.created_at,
        "seconds": response.seconds,
        **kind.export(task, response.answer),
    }
