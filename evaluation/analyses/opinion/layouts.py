"""Whether scores depend on how the page was shown: whether the whole task fitted on the screen, what it was
answered with, and in which language it was read."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from evaluation.analyses.opinion.choices import choices_by_task
from evaluation.statistics.estimates import Estimate
from evaluation.statistics.opinion import ItemScore, item_score, mean_opinion_score

# Columns of responses.
LANGUAGE = "language"
LAYOUTS = ("arrangement", "input", LANGUAGE)
UNKNOWN = "unknown"  # the page did not tell


@dataclass(frozen=True)
class LayoutScore:
    """The responses of one layout, and the items that are scored by them alone."""

    layout: str
    value: str
    responses: int
    scored: int
    mean_opinion_score: Estimate


def score_by_layout(
    analyzed: pd.DataFrame, scored: Collection[int], min_valid: int, confidence: float
) -> tuple[LayoutScore, ...]:
    """Of each layout's values that there are, by name, "unknown" last; of languages only if there are
    several. Items that are not among the `scored`
    have no score in any layout."""
    rows = []
    for layout in LAYOUTS:
        told = analyzed[layout].notna() & (analyzed[layout] != "")
        values = analyzed[layout].astype(object).where(told, UNKNOWN)
        found = sorted(values.unique(), key=lambda value: (value == UNKNOWN, value))
        if layout == LANGUAGE and len(found) == 1:
            continue
        for value in found:
            responses = analyzed[values == value]
            rows.append(_score(layout, value, responses, scored, min_valid, confidence))
    return tuple(rows)


def _score(
    layout: str,
    value: str,
    responses: pd.DataFrame,
    scored: Collection[int],
    min_valid: int,
    confidence: float,
) -> LayoutScore:
    # As in the whole analysis, few of many items were answered otherwise than all before them.
    known: dict[tuple[int, ...], ItemScore] = {}
    scores = []
    for task, choices in choices_by_task(responses).items():
        if task not in scored:
            continue
        if choices not in known:
            known[choices] = item_score(choices, min_valid)
        score = known[choices].score
        if score is not None:
            scores.append(score)
    return LayoutScore(layout, value, len(responses), len(scores), mean_opinion_score(scores, confidence))
