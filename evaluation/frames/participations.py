"""Frames of the people who took part in a study: one row for each, under the pseudonym of their answers."""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pandas as pd
from django.db.models import Exists, OuterRef

from annotations.models import Assignment, Participation, Study
from annotations.models.outcomes import outcome_of
from evaluation.frames.arrays import filled_array
from evaluation.frames.stored_columns import CommonColumn, read

READ_AT_ONCE = 5_000  # people
ERASED = "erased"


def _time(name: str, meaning: str) -> CommonColumn:
    return CommonColumn(name, "time", meaning, path=name)


COLUMNS = (
    CommonColumn("study", "text", "Name of the study.", path="study__name"),
    CommonColumn(
        "annotator", "text", "The person's pseudonym, as in the file of responses.", path="pseudonym"
    ),
    CommonColumn(
        "language", "text", "Tag of the language that the person chose last; empty: not recorded.",
        path="language",
    ),
    CommonColumn(
        "consent_language", "text",
        "Tag of the language in which the person read what was consented to; empty: not recorded.",
        path="consent_language",
    ),
    _time(
        "consented_at", "When the person consented; whoever left at the page that asks for it is in no row."
    ),
    _time("began_at", "When the person had read the instructions; empty: never."),
    _time("last_answer_at", "When the last answer or correction was stored; empty: there is none."),
    _time("finished_at", "When no task was left for the person; empty: there still were some."),
    _time(
        "interrupted_at",
        "When we interrupted the person; empty: never, or the person was given another task since.",
    ),
    CommonColumn("turns", "whole number", "How many tasks the person was shown.", path="turns"),
    CommonColumn(
        "answered", "whole number", "How many of them were answered, in time or not.", path="answered"
    ),
    CommonColumn(
        "declined", "whole number", "How many of them the person gave back for good.", path="declined"
    ),
    CommonColumn(
        "outcome", "text",
        "What became of it: finished; failed_checks (excluded); screened_out; no_place (every task was taken "
        "when the person came); withdrew; interrupted (by us: the study closed, or nothing was free for five "
        "minutes); none (left, or still at it); or erased (with everything else in the row).",
    ),
    CommonColumn(
        "dropped_at", "text",
        "The page that a person who has not finished was shown last: instructions, task, or waiting (no task "
        "was given, since none was free or the study paused or closed); empty: finished or erased.",
    ),
    CommonColumn(
        "dropped_at_task", "whole number",
        "The number of that task, as in the file of responses; empty: it was another page.",
    ),
    CommonColumn(
        "option_order", "JSON",
        "The order in which the person was shown the options of an answer: a list of their numbers, from 0, "
        "in the options of plan.json; []: in the order of that list.",
        path="option_order",
    ),
)  # fmt: skip
_READ = tuple(column for column in COLUMNS if column.path)
# What is known of somebody who was erased.
_KEPT = ("study", "annotator")
_DECIDING = (
    "answered", "excluded_at", "withdrew_at", "screened_out_at", "finished_at", "interrupted_at", "erased_at",
)  # fmt: skip


def participation_frame(study: Study) -> pd.DataFrame:
    """All of them, in the order in which they joined."""
    return pd.concat(participation_chunks(study), ignore_index=True)


def participation_chunks(study: Study) -> Iterator[pd.DataFrame]:
    """In frames of at most READ_AT_ONCE people, at least one."""
    answered_last = Assignment.objects.filter(
        participation=OuterRef("pk"), number=OuterRef("turns"), submitted_at__isnull=False
    )
    stored = {f"stored_{each.name}": read(each) for each in _READ}
    people = Participation.objects.filter(study=study).order_by("ordinal").annotate(
        answered_last=Exists(answered_last), **stored
    )  # fmt: skip
    last = -1
    while True:
        rows = list(
            people.filter(ordinal__gt=last).values("ordinal", "answered_last", *_DECIDING, *stored)[
                :READ_AT_ONCE
            ]
        )
        if rows or last < 0:
            yield _frame(rows)
        if len(rows) < READ_AT_ONCE:
            return
        last = rows[-1]["ordinal"]


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    people = [_person(row) for row in rows]
    values = {column: [person.get(column.name) for person in people] for column in COLUMNS}
    return pd.DataFrame({column.name: filled_array(column, found) for column, found in values.items()})


def _person(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of the file; what is not in it is empty."""
    person = {each.name: row[f"stored_{each.name}"] for each in _READ}
    if row["erased_at"]:
        return {**{name: person[name] for name in _KEPT}, "outcome": ERASED}
    outcome = outcome_of(SimpleNamespace(**{name: row[name] for name in _DECIDING}))
    page, task = _last_page(row)
    return {**person, "outcome": outcome.value, "dropped_at": page, "dropped_at_task": task}


def _last_page(row: Mapping[str, Any]) -> tuple[str | None, int | None]:
    if row["finished_at"]:
        return None, None
    if row["stored_turns"] and not row["answered_last"]:
        return "task", row["stored_turns"]
    return ("waiting" if row["stored_began_at"] or row["stored_turns"] else "instructions"), None
