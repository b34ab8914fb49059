"""What every analysis may rely on in a frame of final responses: one row per submitted assignment."""

from collections.abc import Sequence

import pandas as pd


def check_responses(responses: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raises ValueError where the frame is none of final responses, naming what is wrong.

    It must have the columns, say of each row whether its task is an attention check, hold one row per
    assignment and per annotator and task. A frame without rows is fine.
    """
    missing = [column for column in columns if column not in responses.columns]
    if missing:
        raise ValueError(f"the frame of responses lacks the columns {', '.join(missing)}")
    if responses["attention_check"].isna().any():
        raise ValueError("the column attention_check must be true or false in every row")
    for key, meaning in (
        (["assignment"], "an assignment has several rows; keep the latest revision of each"),
        (["task", "annotator"], "an annotator has several rows for one task"),
    ):
        repeated = responses[responses.duplicated(key)]
        if len(repeated):
            first = ", ".join(f"{column} {repeated[column].iloc[0]}" for column in key)
            raise ValueError(f"{meaning} (first: {first})")


def split_attention_checks(responses: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The responses to ordinary tasks, and those to attention checks, which never enter an analysis."""
    is_check = responses["attention_check"].astype(bool)
    return responses[~is_check], responses[is_check]
