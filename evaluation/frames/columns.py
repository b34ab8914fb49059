"""The columns that every frame of responses has, whatever the kind of task."""

from annotations.kinds.interface import Column
from annotations.kinds.registry import get_kind
from annotations.models import Study
from evaluation.frames.columns_of_pages import OF_PAGES
from evaluation.frames.stored_columns import CommonColumn


def _ids(name: str, meaning: str, path: str) -> CommonColumn:
    return CommonColumn(name, "whole number", meaning, path=path, dtype="int64")


_TASK = "assignment__task"
_GENERATION = f"{_TASK}__generation"
_PROMPT = f"{_GENERATION}__prompt"
COLUMNS = (
    CommonColumn("study", "text", "Name of the study."),
    _ids("task", "Id of the task: what was judged.", _TASK),
    _ids("task_position", "The task's number in the study, from 0; as in plan.json.", f"{_TASK}__position"),
    CommonColumn(
        "role",
        "text",
        "item; control (with a deliberately wrong heat map); check (the answer is known) or practice: only "
        "items are analysed.",
        path=f"{_TASK}__role",
    ),
    _ids("generation", "Id of the image.", _GENERATION),
    CommonColumn(
        "image_sha256",
        "text",
        "SHA-256 of the file of the image, in hexadecimal digits, as it was frozen.",
        path=f"{_GENERATION}__image_sha256",
    ),
    _ids("seed", "Random seed of the image.", f"{_GENERATION}__seed"),
    _ids("prompt_id", "Id of the prompt.", _PROMPT),
    CommonColumn(
        "prompt_external_id", "text", "The prompt's id in the file that it came from.",
        path=f"{_PROMPT}__external_id",
    ),
    CommonColumn("prompt", "text", "The text that the image was made from.", path=f"{_PROMPT}__text"),
    CommonColumn(
        "word_id", "whole number", "Id of the word that was judged; empty where the whole image was.",
        path=f"{_TASK}__word",
    ),
    CommonColumn(
        "annotator",
        "text",
        "Pseudonym of 12 hexadecimal digits: the same for all answers of one person in this study, another "
        "one in every other study.",
        path="assignment__participation__pseudonym",
    ),
    CommonColumn(
        "language", "text", "Tag of the language in which the study was read when this was answered, such "
        "as en: as the page said, or without scripts, and without an answer, the one that the person had "
        "chosen; empty: not recorded.",
        path="assignment__language",
    ),
    _ids("assignment", "Id of the annotator's turn at the task.", "assignment"),
    _ids("number", "The order in which the annotator was shown the task, from 1.", "assignment__number"),
    CommonColumn(
        "place", "whole number",
        "Id of the place that the turn held; empty for checks and practice, which have none.",
        path="assignment__place",
    ),
    CommonColumn(
        "replica", "whole number", "Which of the task's places, from 0.", path="assignment__place__replica"
    ),
    CommonColumn(
        "ended", "text", "How the turn ended: submitted, expired (its time ran out) or returned.",
        path="assignment__state",
    ),
    CommonColumn(
        "dropped",
        "text",
        "Why the answer is not analysed: late (its place had gone, or the turn was declined), "
        "excluded, rejected, withdrawn, replaced, erased, corrected (a later revision took its place), not "
        "painted (nobody knows that its pictures were, and the plan asks for that); empty: it counts.",
        path="assignment__dropped",
    ),
    _ids("response", "Id of the answer.", "pk"),
    CommonColumn(
        "revision", "whole number",
        "How often the annotator had corrected the answer: 0 for the first; the last one is the answer.",
        path="revision", dtype="int64",
    ),
    CommonColumn(
        "base", "whole number", "The revision that it was made from; empty for the first answer.",
        path="base",
    ),
    CommonColumn(
        "late", "truth", "Whether the answer came when its place had gone or the turn was declined.",
        path="late", dtype="bool",
    ),
    CommonColumn(
        "submitted_at", "time", "When the first revision of the answer was stored.",
        path="assignment__submitted_at",
    ),
    CommonColumn("revised_at", "time", "When this revision of the answer was stored.", path="created_at"),
    *OF_PAGES,
)  # fmt: skip


# What no analysis reads and hardly two answers share: of a million answers it would be a hundred megabytes.
ONLY_IN_FILES = frozenset({"image_sha256", "visible_spans", "served_image_sha256", "served_overlay_sha256"})


def columns_of(study: Study) -> tuple[Column, ...]:
    """Every column of the study's files, in order: the common ones, then its kind's."""
    return (*COLUMNS, *get_kind(study.kind).columns)


def columns_of_frame(study: Study) -> tuple[Column, ...]:
    """Those of the frame of all its answers."""
    return tuple(column for column in columns_of(study) if column.name not in ONLY_IN_FILES)
