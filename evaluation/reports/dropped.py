"""Answers that do not count, under the names of those who gave them; no section where all count."""

import pandas as pd

from evaluation.documents.content import Section
from evaluation.documents.tables import Table

WHY = {
    "late": "came when the place had gone to somebody else",
    "excluded": "the annotator was excluded",
    "rejected": "the visit was rejected",
    "withdrawn": "the annotator withdrew",
    "replaced": "the place was filled by somebody else meanwhile",
    "not painted": "nobody knows that the pictures were painted, and the plan asks for that",
    "erased": "sent after the annotator’s answers were erased",
}


def dropped_sections(responses: pd.DataFrame) -> tuple[Section, ...]:
    dropped = responses[responses["dropped"] != ""]
    if dropped.empty:
        return ()
    counts = dropped.groupby(["annotator", "dropped", "role"]).size()
    table = Table(
        "not_counting",
        "Answers that do not count, by annotator",
        ("annotator", "why", "role of the tasks", "answers"),
        tuple(
            (annotator, WHY[reason], role, int(number))
            for (annotator, reason, role), number in counts.items()
        ),
        note="They are in the file of responses, with the reason.",
    )
    return (Section("Answers that do not count", tables=(table,)),)
