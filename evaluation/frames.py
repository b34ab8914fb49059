"""The only gate from the database to data frames."""

from typing import Any

import pandas as pd

from annotations.kinds.registry import get_kind
from annotations.models import Response, Study

# One row per final response (the last revision of each submitted place).
COLUMNS = {
    "study": "string",
    "task": "int64",
    "generation": "int64",
    "prompt_id": "int64",
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


def response_frame(study: Study) -> pd.DataFrame:
    """The study's final responses, in the order of submission, with the columns above and those of its kind."""
    kind = get_kind(study.kind)
    responses = (
        Response.objects.final()
        .filter(assignment__study=study)
        .select_related(
            "assignment__annotator", "assignment__task__generation__prompt"
        )
        .order_by("created_at", "pk")
    )
    rows = [_row(study, response, kind) for response in responses]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *kind.export_columns])
    return frame.astype(COLUMNS)


def _row(study: Study, response: Response, kind) -> dict[str, Any]:
    assignment = response.assignment
    task = assignment.task
    return {
        "study": study.name,
        "task": task.pk,
        "generation": task.generation_id,
        "prompt_id": task.generation.prompt_id,
        "prompt": task.generation.prompt.text,
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
