"""Annotators and their attention checks: punctuation, which no image shows (paper, appendix A.2)."""

from dataclasses import dataclass

import pandas as pd

from evaluation.statistics.estimates import Estimate
from evaluation.statistics.intervals import share
from evaluation.statistics.opinion import IMAGE_TOO_POOR, WORD_TOO_ABSTRACT


@dataclass(frozen=True)
class AnnotatorChecks:
    """One annotator's part of the study, and how they met the attention checks.

    `responses` counts ordinary tasks; `share` is their part of everybody's (None: there are none). A check is
    passed by option 6 or 7 (appendix A.2). `excluded` says whether their responses left the analysis.
    """

    annotator: str
    responses: int
    share: float | None
    checks: int
    passed: int
    pass_rate: Estimate
    excluded: bool


def summarize_annotators(
    ordinary: pd.DataFrame, checks: pd.DataFrame, confidence: float, exclude_failed_checks: bool
) -> tuple[AnnotatorChecks, ...]:
    """One row per annotator, by name, of their responses to ordinary tasks and to attention checks.

    `exclude_failed_checks` excludes whoever failed a check; without it nobody is.
    """
    responses = ordinary["annotator"].value_counts().to_dict()
    met = checks["annotator"].value_counts().to_dict()
    passing = checks[checks["choice"].isin((IMAGE_TOO_POOR, WORD_TOO_ABSTRACT))]
    passed = passing["annotator"].value_counts().to_dict()
    return tuple(
        AnnotatorChecks(
            annotator=annotator,
            responses=responses.get(annotator, 0),
            share=responses.get(annotator, 0) / len(ordinary) if len(ordinary) else None,
            checks=met.get(annotator, 0),
            passed=passed.get(annotator, 0),
            pass_rate=share(passed.get(annotator, 0), met.get(annotator, 0), confidence),
            excluded=exclude_failed_checks and passed.get(annotator, 0) < met.get(annotator, 0),
        )
        for annotator in sorted({*responses, *met})
    )
