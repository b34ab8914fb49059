"""Files for readers: one row per response, and the codebook that says what its columns mean."""

import json
from pathlib import Path
from typing import IO, Any

import pandas as pd

from annotations.kinds.attribution import CHOICES
from annotations.models import Study
from evaluation.frames import column_types
from evaluation.spreadsheets import defuse

TEXT = "text, UTF-8"
NUMBER = "whole number"
TRUTH = "True or False"
LIST = "JSON list of texts"
# column: (type, meaning). A test holds every column of every kind against it.
CODEBOOK = {
    "study": (TEXT, "Name of the study."),
    "task": (NUMBER, "Id of the task: what was judged."),
    "task_position": (NUMBER, "The task's number in the study, from 0; its position in plan.json."),
    "generation": (NUMBER, "Id of the image."),
    "seed": (NUMBER, "Random seed of the image."),
    "prompt_id": (NUMBER, "Id of the prompt."),
    "prompt_external_id": (TEXT, "The prompt's id in the file that it came from."),
    "prompt": (TEXT, "The text that the image was made from."),
    "word_id": (NUMBER, "Id of the word that was judged; empty where the whole image was."),
    "word": (TEXT, "The word that was judged, as the prompt has it."),
    "part_of_speech": (TEXT, "Universal Dependencies tag of the word, such as NOUN; empty: none."),
    "role": (
        TEXT,
        "item; control (with a deliberately wrong heat map); check (the answer is known) or "
        "practice: only items "
        "are analysed.",
    ),
    "annotator": (
        "text, 12 hexadecimal digits",
        "Pseudonym: the same for all answers of one person in this study, another one in every other study.",
    ),
    "assignment": (NUMBER, "Id of the annotator's turn at the task."),
    "number": (NUMBER, "The order in which the annotator was shown the task, from 1."),
    "place": (NUMBER, "Id of the place that the turn held; empty for checks and practice, which have none."),
    "replica": (NUMBER, "Which of the task's places, from 0."),
    "ended": (TEXT, "How the turn ended: submitted, expired (its time ran out) or returned."),
    "dropped": (
        TEXT,
        "Why the answer is not analysed: late (its place had gone), excluded, rejected, withdrawn, replaced, "
        "erased (sent after the annotator's answers had been erased on request); empty: it counts.",
    ),
    "response": (NUMBER, "Id of the answer."),
    "revision": (
        NUMBER,
        "How often the annotator corrected the answer. Only the last revision is in the file.",
    ),
    "submitted_at": ("time, UTC, ISO 8601", "When the first revision of the answer was stored."),
    "revised_at": ("time, UTC, ISO 8601", "When this revision of the answer was stored."),
    "milliseconds": (
        NUMBER,
        "Time from the page's appearance to the answer, as the browser measured it and at most what "
        "the server "
        "knows of; empty: not measured.",
    ),
    "start": (NUMBER, "Offset of the word's first character in the prompt, from 0."),
    "end": (NUMBER, "Offset after the word's last character."),
    "choice": (
        "whole number from 1 to 7",
        f"{'; '.join(f'{code} {label}' for code, label in CHOICES.items())}. Only 1 to 5 are ratings.",
    ),
    "label": (TEXT, "The chosen option in words."),
    "prompt_objects": (LIST, "The objects that the prompt names."),
    "pair": (TEXT, "The prompt's objects in alphabetical order, joined by “|”: the cluster of the image."),
    "cohyponyms": (TRUTH, "Whether the prompt's objects are cohyponyms; empty: not known."),
    "objects": (LIST, "The objects that the annotator ticked, in the order of the clicks."),
}
FORMULA_NOTE = (
    "A text that a spreadsheet could run as a formula (such as “=1+1” or “-”) has an apostrophe before it."
)


def write_responses(responses: pd.DataFrame, file: IO[str] | Path) -> None:
    """Write a study's responses, as `frames.response_frame` reads them, as CSV in UTF-8.

    Lists are JSON in one cell. Text that a spreadsheet would run as a formula gets a leading apostrophe.
    Raises OSError.
    """
    frame = responses.copy(deep=False)
    for column in frame.select_dtypes(["string", "object"]):
        frame[column] = frame[column].map(_cell, na_action="ignore")
    frame.to_csv(file, index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ", lineterminator="\n")


def write_codebook(study: Study, file: IO[str] | Path) -> None:
    """Write what every column of the study's responses means: one row per column, as CSV. Raises OSError."""
    rows = []
    for column in column_types(study):
        type_, meaning = CODEBOOK[column]
        rows.append((column, type_, f"{meaning} {FORMULA_NOTE}" if type_ == TEXT else meaning))
    pd.DataFrame(rows, columns=["column", "type", "meaning"]).to_csv(file, index=False, lineterminator="\n")


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return defuse(value)
