"""What every analysis may rely on in a frame of final responses: one row per submitted assignment."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

ROLES = {"item", "control", "check", "practice"}


def check_responses(responses: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raises ValueError where the frame is none of final responses, naming what is wrong.

    It must have the columns, say of each row its task's role and why it was dropped, hold one row per
    assignment and per annotator and task. A frame without rows is fine.
    """
    missing = [column for column in columns if column not in responses.columns]
    if missing:
        raise ValueError(f"the frame of responses lacks the columns {', '.join(missing)}")
    for column in ("role", "dropped"):
        if responses[column].isna().any():
            raise ValueError(f"the column {column} must not be empty in any row")
    unknown = set(responses["role"]) - ROLES
    if unknown:
        raise ValueError(
            f"{', '.join(sorted(unknown))} is no role of a task; roles are {', '.join(sorted(ROLES))}"
        )
    for key, meaning in (
        (["assignment"], "an assignment has several rows; keep the latest revision of each"),
        (["task", "annotator"], "an annotator has several rows for one task"),
    ):
        repeated = responses[responses.duplicated(key)]
        if len(repeated):
            first = ", ".join(f"{column} {repeated[column].iloc[0]}" for column in key)
            raise ValueError(f"{meaning} (first: {first})")


def only_display(responses: pd.DataFrame) -> str | None:
    """How all heat maps were drawn that were rated; None without responses.

    Raises ValueError for several ways: opinions of a map drawn in one are no opinions of it drawn in another.
    """
    displays = sorted(responses["display"].unique())
    if len(displays) > 1:
        raise ValueError(
            f"the heat maps were drawn in several ways ({', '.join(displays)}), which are never analysed "
            "together; give each a frame of its own"
        )
    return displays[0] if displays else None


@dataclass(frozen=True)
class Counting:
    """The answers that count, by the role of their tasks, and how many do not: (reason, number), by reason.

    Answers to controls and practice are in neither of the two frames, and counted as "control tasks" and
    "practice tasks".
    """

    items: pd.DataFrame
    checks: pd.DataFrame
    not_counting: tuple[tuple[str, int], ...]


def split_counting(responses: pd.DataFrame) -> Counting:
    dropped = responses["dropped"].astype(str)
    counting = responses[dropped == ""]
    role = counting["role"].astype(str)
    # Answers to controls and practice are analysed elsewhere; here they are told, so that the flow adds up.
    apart = role[~role.isin(("item", "check"))] + " tasks"
    reasons = pd.concat([dropped[dropped != ""], apart]).value_counts()
    return Counting(
        items=counting[role == "item"],
        checks=counting[role == "check"],
        not_counting=tuple((reason, int(reasons[reason])) for reason in sorted(reasons.index)),
    )
