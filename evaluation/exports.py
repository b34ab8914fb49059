"""Files for readers: one row per response, one per participation, and the codebooks that say what their
columns mean. That responses were handed out is written down."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from annotations.kinds.interface import Column, Tell, unwatched
from annotations.models import Study
from daamweb.projects.models import Action
from daamweb.projects.services.events import Actor, record
from evaluation.documents.spreadsheets import defuse
from evaluation.frames.participations import participation_chunks
from evaluation.frames.responses import LAST, answered_turns, count_revisions, response_chunks

FORMULA_NOTE = (
    "A text that a spreadsheet could run as a formula (such as “=1+1” or “-”) has an apostrophe before it."
)

UTF_8 = "utf-8"
# With a byte order mark, by which spreadsheets know it.
UTF_8_WITH_MARK = "utf-8-sig"

# Told how many rows are written.
Written = Callable[[int], object]


def nobody_watches(written: int) -> None: ...


def write_responses(chunks: Iterable[pd.DataFrame], file: IO[str], tell: Written = nobody_watches) -> int:
    """Write a study's responses, as `frames.responses` reads them, as CSV, chunk by chunk under one header;
    return how many. `tell` hears after each chunk how many are written.

    Lists are JSON in one cell. Text that a spreadsheet would run as a formula gets a leading apostrophe.
    Raises OSError.
    """
    return _write(chunks, file, tell)


def write_participations(chunks: Iterable[pd.DataFrame], file: IO[str]) -> int:
    """The same of a study's participations, as `frames.participations` reads them."""
    return _write(chunks, file, nobody_watches)


def _write(chunks: Iterable[pd.DataFrame], file: IO[str], tell: Written) -> int:
    writer, written = csv.writer(file, lineterminator="\n"), 0
    for number, chunk in enumerate(chunks):
        if number == 0:
            writer.writerow(chunk.columns)
        writer.writerows(zip(*(_cells(chunk[column]) for column in chunk), strict=True))
        written += len(chunk)
        tell(written)
    return written


def write_study(
    study: Study,
    responses: IO[bytes],
    participations: IO[bytes],
    *,
    revisions: str = LAST,
    encoding: str = UTF_8,
    tell: Tell = unwatched,
) -> int:
    """Write both files of a study; return how many answers there are. They are of one moment inside of a
    snapshot: whoever answers, withdraws or is excluded meanwhile is in them as when it began. `tell` hears
    how many answers are written, and of how many."""
    turns = answered_turns(study)
    total = len(turns) if revisions == LAST else count_revisions(study)
    with as_text(responses, encoding) as file:
        chunks = response_chunks(study, turns, revisions=revisions)
        answers = write_responses(chunks, file, lambda written: tell(written, total))
    with as_text(participations, encoding) as file:
        write_participations(participation_chunks(study), file)
    return answers


@contextmanager
def as_text(file: IO[bytes], encoding: str) -> Iterator[IO[str]]:
    """A file that stays open, as one of texts."""
    text = TextIOWrapper(file, encoding=encoding, newline="")
    yield text
    text.detach()


def note_export(study: Study, *, answers: int, by: Actor) -> None:
    details = {"answers": answers}
    record(Action.EXPORTED, subject=study, project=study.project, by=by, details=details)


def write_codebook(columns: Iterable[Column], file: IO[str] | Path, *, encoding: str = UTF_8) -> None:
    """Write what every column of a frame means: one row per column, as CSV. Raises OSError."""
    rows = []
    for column in columns:
        meaning = f"{column.meaning} {FORMULA_NOTE}" if column.type == "text" else column.meaning
        rows.append((column.name, Column.TYPES[column.type][1], column.unit, meaning))
    header = ["column", "type", "unit", "meaning"]
    pd.DataFrame(rows, columns=header).to_csv(file, index=False, lineterminator="\n", encoding=encoding)


def _cells(column: pd.Series) -> list[Any]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        times = np.datetime_as_string(column.dt.tz_localize(None).to_numpy(), unit="us").tolist()
        return [None if time == "NaT" else f"{time}Z" for time in times]
    if isinstance(column.dtype, pd.StringDtype):
        texts = column.tolist()
        known = {text: None if text is pd.NA else defuse(text) for text in set(texts)}
        return [known[text] for text in texts]
    if column.dtype == object:
        lists = column.tolist()
        # Those that come again and again are one.
        written = {id(each): each for each in lists}
        written = {key: json.dumps(each, ensure_ascii=False) for key, each in written.items()}
        return [written[id(each)] for each in lists]
    values: list[Any] = column.to_numpy(dtype=object, na_value=None).tolist()
    return values
