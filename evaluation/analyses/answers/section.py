"""The report of a kind that has no analysis of its own: what became of the answers, and how often
each was given."""

from collections.abc import Sequence

import pandas as pd

from evaluation.analyses.responses import split_counting
from evaluation.documents.content import Section
from evaluation.documents.tables import Table

# Values of a column that are listed; the file of responses has all.
MOST_VALUES = 100


def answer_sections(responses: pd.DataFrame, columns: Sequence[str]) -> tuple[Section, ...]:
    counting = split_counting(responses)
    rows = (
        ("responses collected", len(responses)),
        *((f"not counting: {reason}", number) for reason, number in counting.not_counting),
        ("to attention checks (never analysed)", len(counting.checks)),
        ("responses analysed", len(counting.items)),
        ("items with a response", counting.items["task"].nunique()),
    )
    return (
        Section("Responses", tables=(Table("flow", "Responses and items", ("step", "count"), rows),)),
        Section("Answers", tables=tuple(_counts(counting.items, column) for column in columns)),
    )


def _counts(items: pd.DataFrame, column: str) -> Table:
    """How often each value was given; of a list each of its members."""
    values = items[column].explode() if items[column].dtype == object else items[column]
    counts = values.dropna().astype(str).value_counts()
    rows = tuple((value, int(number)) for value, number in counts.head(MOST_VALUES).items())
    note = f"The {MOST_VALUES} most frequent of {len(counts)}." if len(counts) > MOST_VALUES else ""
    name = column.replace("_", " ")
    return Table(f"answers_{column}", f"Answers: {name}", (name, "answers"), rows, note=note)
