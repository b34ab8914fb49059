"""The analyses. A new one is a new folder beside this file and one line in ANALYSES."""

import re
from collections.abc import Iterable

from evaluation.analyses.answers import Answers
from evaluation.analyses.cohyponyms import Cohyponyms
from evaluation.analyses.interface import Analysis
from evaluation.analyses.opinion import Opinion


class AnalysisError(ValueError):
    """An analysis is not declared as it should be, or there is none of that name."""


def register(analyses: Iterable[Analysis]) -> dict[str, Analysis]:
    """Analyses by their keys. Raises AnalysisError where one is declared wrongly, saying what and where."""
    registered: dict[str, Analysis] = {}
    for analysis in analyses:
        for name in ("key", "label", "needs"):
            if not hasattr(analysis, name):
                raise AnalysisError(f"The analysis {type(analysis).__name__} has no {name}.")
        if not isinstance(analysis.needs.responses, tuple):
            raise AnalysisError(
                f"The analysis {analysis.key!r} names kinds by {analysis.needs.responses!r}; it has to be a "
                'tuple of keys, such as ("attribution",) with its comma.'
            )
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", analysis.key):
            raise AnalysisError(
                f"The key {analysis.key!r} of an analysis goes into addresses and files’ names: it has to be "
                "small letters, digits and “_”, beginning with a letter, at most 50."
            )
        if analysis.key in registered or analysis.key == Answers.key:
            raise AnalysisError(f"Two analyses have the key {analysis.key!r}.")
        needs = analysis.needs
        if not (needs.responses or needs.heat_maps or needs.masks):
            raise AnalysisError(
                f"The analysis {analysis.key!r} needs nothing, so there is nothing to analyse."
            )
        registered[analysis.key] = analysis
    return registered


ANALYSES = register((Opinion(), Cohyponyms()))
# For the kinds of task of which no analysis says that it reads their answers.
ANSWERS = Answers()


def get_analysis(key: str) -> Analysis:
    """Raises AnalysisError with the known analyses."""
    if key == ANSWERS.key:
        return ANSWERS
    if key not in ANALYSES:
        raise AnalysisError(f"There is no analysis {key!r}; there are {', '.join([*ANALYSES, ANSWERS.key])}.")
    return ANALYSES[key]


def analyses_of_kind(kind: str) -> tuple[Analysis, ...]:
    """Those that read the answers of studies of this kind, at least one."""
    return tuple(found for found in ANALYSES.values() if found.needs.reads(kind)) or (ANSWERS,)


def analyses_of_runs() -> tuple[Analysis, ...]:
    """Those that stand on a run alone."""
    return tuple(found for found in ANALYSES.values() if not found.needs.a_study)
