"""Opinion scores of word attributions (paper, section 3.2 and appendix A.2).

An annotator chooses one of seven options: 1 bad, 2 poor, 3 fair, 4 good, 5 excellent are ratings; 6 says that
the image is too poor, 7 that the word is too abstract or missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import SupportsIndex

import numpy as np

from .estimates import Estimate
from .intervals import check_count, share, student_t

LOWEST_RATING = 1
HIGHEST_RATING = 5
IMAGE_TOO_POOR = 6
WORD_TOO_ABSTRACT = 7
FAIR = 3


@dataclass(frozen=True)
class ItemScore:
    """The score of one item (a word of a generation), or why it has none.

    `dropped` is None, "too_abstract" or "too_few_valid".
    """

    score: float | None
    dropped: str | None


def check_choice(choice: object) -> int:
    """The choice as an int. Raises ValueError where it is not one of the whole numbers 1 to 7."""
    if isinstance(choice, bool) or not isinstance(choice, Integral):
        raise ValueError(f"a choice must be a whole number from 1 to 7, not {choice!r}")
    code = int(choice)
    if not LOWEST_RATING <= code <= WORD_TOO_ABSTRACT:
        raise ValueError(f"a choice must be from 1 to 7, but is {code}")
    return code


def item_score(ratings: Iterable[SupportsIndex], min_valid: int = 2) -> ItemScore:
    """The median of one item's ratings, each a choice from 1 to 7, under the paper's rule.

    Any 7 drops the item ("too_abstract"). 6s leave. Fewer than `min_valid` ratings left drop it
    ("too_few_valid"). An even number of ratings gives the midpoint of the middle two. Raises ValueError for a
    choice that is not a whole number from 1 to 7, such as a missing one, and for `min_valid` below 1.
    """
    if check_count(min_valid, "min_valid") < 1:
        raise ValueError("min_valid must be at least 1: an item without a rating has no median")
    choices = [check_choice(rating) for rating in ratings]
    if WORD_TOO_ABSTRACT in choices:
        return ItemScore(None, "too_abstract")
    valid = [choice for choice in choices if choice <= HIGHEST_RATING]
    if len(valid) < min_valid:
        return ItemScore(None, "too_few_valid")
    return ItemScore(float(np.median(valid)), None)


def _check_scores(scores: Iterable[float]) -> list[float]:
    checked = list(scores)
    # Of each type once: to ask of every score takes most of the time where there are a million.
    numbers: set[type] = {kind for kind in set(map(type, checked)) if issubclass(kind, Real)}
    for score in checked:
        # `not (a <= score <= b)` and not `score < a or score > b`: NaN fails the first and passes the second
        if type(score) not in numbers or not LOWEST_RATING <= score <= HIGHEST_RATING:
            raise ValueError(
                f"a score must be a number from 1 to 5, not {score!r}; leave out dropped items "
                "and the choices 6 and 7"
            )
    return list(map(float, checked))


def mean_opinion_score(scores: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of item scores (1 to 5) with its t interval, not clipped to the scale.

    Undefined parts and flags as `intervals.student_t`. Raises ValueError for scores outside 1 to 5 and
    missing ones.
    """
    return student_t(_check_scores(scores), confidence)


def fair_to_excellent(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The share of values (ratings or item scores, 1 to 5) that are at least 3, with its Wilson interval.

    A score of 2.5 is not fair. No values: undefined ("no_data"). Raises ValueError for missing values and
    those outside 1 to 5: the choices 6 and 7 are not ratings, and would count as excellent.
    """
    checked = _check_scores(values)
    return share(sum(value >= FAIR for value in checked), len(checked), confidence)
