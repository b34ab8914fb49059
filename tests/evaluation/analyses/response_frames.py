"""Frames of final responses as `evaluation.frames` gives them, from short rows."""

from datetime import UTC, datetime, timedelta

import pandas as pd

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
COMMON = (
    "study",
    "task",
    "generation",
    "prompt",
    "prompt_id",
    "word",
    "word_id",
    "part_of_speech",
    "role",
    "dropped",
    "annotator",
    "assignment",
    "replica",
    "submitted_at",
    "response",
    "revision",
    "milliseconds",
    "arrangement",
    "input",
    "language",
)


def _common(number, task, annotator, **changes):
    row = {
        "study": "pilot",
        "task": task,
        "generation": 100 + task,
        "prompt": f"prompt {task}",
        "prompt_id": 200 + task,
        "word": None,
        "word_id": None,
        "part_of_speech": None,
        "role": "item",
        "dropped": "",
        "annotator": annotator,
        "assignment": 300 + number,
        "replica": 0,
        "submitted_at": NOON + timedelta(minutes=number),
        "response": 400 + number,
        "revision": 1,
        "milliseconds": 8000,
        "arrangement": "one screen",
        "input": "mouse",
        "language": "en",
    }
    return row | changes


def attribution_frame(tasks):
    """tasks: (part of speech, {annotator: choice}); the part of speech "check" makes an attention check."""
    rows = []
    for task, (part_of_speech, choices) in enumerate(tasks, start=1):
        is_check = part_of_speech == "check"
        for annotator, choice in choices.items():
            row = _common(
                len(rows),
                task,
                annotator,
                word="." if is_check else f"word{task}",
                word_id=500 + task,
                part_of_speech="PUNCT" if is_check else part_of_speech,
                role="check" if is_check else "item",
                display="veil",
                choice=choice,
            )
            rows.append(row)
    return pd.DataFrame(rows, columns=[*COMMON, "display", "choice"])


def presence_frame(images):
    """images: (prompt objects, cohyponyms, [objects ticked by ann, by bo, by cy]) in task order."""
    rows = []
    for task, (prompt_objects, cohyponyms, ticked) in enumerate(images, start=1):
        for annotator, objects in zip(("ann", "bo", "cy"), ticked, strict=False):
            row = _common(
                len(rows),
                task,
                annotator,
                prompt=" and ".join(f"a {name}" for name in prompt_objects),
                objects=objects,
                prompt_objects=list(prompt_objects),
                cohyponyms=cohyponyms,
                pair="|".join(sorted(prompt_objects)),
            )
            rows.append(row)
    return pd.DataFrame(rows, columns=[*COMMON, "objects", "prompt_objects", "cohyponyms", "pair"])
