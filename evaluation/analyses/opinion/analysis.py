"""Generalized attribution: opinion scores per part of speech (paper, section 3.2, Figures 3 and 13)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype

from evaluation.analyses.opinion.attention_checks import AnnotatorChecks, summarize_annotators
from evaluation.analyses.opinion.choices import choices_by_task
from evaluation.analyses.opinion.layouts import LAYOUTS, LayoutScore, score_by_layout
from evaluation.analyses.responses import check_responses, only_display, split_counting
from evaluation.statistics.agreement import (
    Agreement,
    krippendorff_alpha_by_item,
    raw_agreement_by_item,
)
from evaluation.statistics.association import cramers_v
from evaluation.statistics.estimates import Estimate
from evaluation.statistics.opinion import (
    HIGHEST_RATING,
    WORD_TOO_ABSTRACT,
    ItemScore,
    check_choice,
    fair_to_excellent,
    item_score,
    mean_opinion_score,
)

COLUMNS = (
    "task", "generation", "prompt", "word", "part_of_speech", "display", "role", "dropped", "annotator",
    "assignment", "choice", *LAYOUTS,
)  # fmt: skip
ALL = "all"
UNKNOWN = "unknown"  # the part of speech of a word that has none


@dataclass(frozen=True)
class OpinionFlow:
    """What became of the responses and of the items (one item: one word of one generation, a task).

    responses = not_counting + attention_check_responses + excluded_responses + analyzed_responses (and what
    was said to controls and practice, which are analysed elsewhere); items = too_abstract + too_few_valid +
    scored. `excluded_responses` are those of the excluded annotators to ordinary tasks."""

    responses: int
    not_counting: tuple[tuple[str, int], ...]
    attention_check_responses: int
    excluded_annotators: tuple[str, ...]
    excluded_responses: int
    analyzed_responses: int
    items: int
    too_abstract: int
    too_few_valid: int
    scored: int


@dataclass(frozen=True)
class OpinionRow:
    """The items of one part of speech, or of all ("all").

    The shares of fair to excellent are those of item scores and of the single ratings (1 to 5) of scored
    items.
    """

    part_of_speech: str
    items: int
    too_abstract: int
    too_few_valid: int
    scored: int
    mean_opinion_score: Estimate
    fair_to_excellent_items: Estimate
    fair_to_excellent_ratings: Estimate


@dataclass(frozen=True)
class OptionCounts:
    """How often each of the seven options was chosen: counts[0] is option 1."""

    part_of_speech: str
    counts: tuple[int, ...]
    total: int


@dataclass(frozen=True)
class ResponseStatistics:
    """Figure 13: options per part of speech, over all analyzed responses; `cramers_v` None: undefined."""

    rows: tuple[OptionCounts, ...]
    overall: OptionCounts
    cramers_v: float | None


@dataclass(frozen=True)
class OpinionAgreement:
    """Agreement over all analyzed responses, dropped items included.

    `ratings`: ordinal alpha on the ratings 1 to 5. `interpretability`: nominal alpha on interpretable (1 to
    5), image too poor (6), word too abstract (7). Beside each, the raw share of equal pairs.
    """

    ratings: Agreement
    ratings_raw: Estimate
    interpretability: Agreement
    interpretability_raw: Estimate


@dataclass(frozen=True)
class OpinionAnalysis:
    """`rows` are ordered by part of speech, "unknown" last. `items` has one row per item:

    task, generation, prompt, word, part_of_speech, choices (joined by spaces), ratings (how many 1 to 5),
    score and dropped (None, "too_abstract" or "too_few_valid"). `display`: how all heat maps were drawn.
    """

    display: str | None

    min_valid: int
    confidence: float
    exclude_failed_checks: bool
    flow: OpinionFlow
    rows: tuple[OpinionRow, ...]
    overall: OpinionRow
    layouts: tuple[LayoutScore, ...]
    response_statistics: ResponseStatistics
    agreement: OpinionAgreement
    annotators: tuple[AnnotatorChecks, ...]
    items: pd.DataFrame = field(compare=False, repr=False)


@dataclass(frozen=True)
class _Item:
    task: int
    generation: int
    prompt: str
    word: str | None
    part_of_speech: str
    choices: tuple[int, ...]
    score: float | None
    dropped: str | None

    @property
    def ratings(self) -> list[int]:
        return [choice for choice in self.choices if choice <= HIGHEST_RATING]


def analyze_opinion(
    responses: pd.DataFrame,
    *,
    min_valid: int = 2,
    confidence: float = 0.95,
    exclude_failed_checks: bool = False,
) -> OpinionAnalysis:
    """Opinion scores of a study of attributions, from its final responses (`evaluation.frames`).

    `exclude_failed_checks` removes every annotator who failed an attention check, as the paper did; it
    belongs to a study's plan. An item all of whose annotators are removed is dropped as "too_few_valid". A
    frame without rows gives undefined numbers. Raises ValueError for a frame that is none of final responses,
    answers to heat maps that were drawn in several ways, or a choice that is no whole number from 1 to 7.
    """
    check_responses(responses, COLUMNS)
    choices = responses["choice"]
    for choice in choices.unique() if is_integer_dtype(choices.dtype) else choices:
        check_choice(choice)
    counting = split_counting(responses)
    ordinary, checks = counting.items, counting.checks
    annotators = summarize_annotators(ordinary, checks, confidence, exclude_failed_checks)
    excluded = tuple(annotator.annotator for annotator in annotators if annotator.excluded)
    analyzed = ordinary[~ordinary["annotator"].isin(excluded)]
    items = _items(ordinary, analyzed, min_valid)
    parts_of_speech = sorted({item.part_of_speech for item in items}, key=lambda tag: (tag == UNKNOWN, tag))
    grouped = {tag: [item for item in items if item.part_of_speech == tag] for tag in parts_of_speech}
    overall = _row(ALL, items, confidence)
    return OpinionAnalysis(
        display=only_display(responses),
        min_valid=min_valid,
        confidence=confidence,
        exclude_failed_checks=exclude_failed_checks,
        flow=OpinionFlow(
            responses=len(responses),
            not_counting=counting.not_counting,
            attention_check_responses=len(checks),
            excluded_annotators=excluded,
            excluded_responses=len(ordinary) - len(analyzed),
            analyzed_responses=len(analyzed),
            items=overall.items,
            too_abstract=overall.too_abstract,
            too_few_valid=overall.too_few_valid,
            scored=overall.scored,
        ),
        rows=tuple(_row(tag, group, confidence) for tag, group in grouped.items()),
        overall=overall,
        layouts=score_by_layout(analyzed, _scored(items), min_valid, confidence),
        response_statistics=_response_statistics(grouped, items),
        agreement=_agreement(analyzed),
        annotators=annotators,
        items=_item_table(items),
    )


def _items(ordinary: pd.DataFrame, analyzed: pd.DataFrame, min_valid: int) -> list[_Item]:
    choices, scores = choices_by_task(analyzed), dict[tuple[int, ...], ItemScore]()
    # From all ordinary responses, so that an item whose annotators were all excluded is counted as dropped
    rows = ordinary.drop_duplicates("task").sort_values("task")
    columns = (
        rows["task"].tolist(),
        rows["generation"].tolist(),
        rows["prompt"].tolist(),
        rows["word"].astype(object).where(rows["word"].notna(), None).tolist(),
        rows["part_of_speech"].astype(object).where(rows["part_of_speech"].notna(), UNKNOWN).tolist(),
    )
    items = []
    for task, generation, prompt, word, part_of_speech in zip(*columns, strict=True):
        left = choices.get(task, ())
        # Of hundreds of thousands of items, few were answered otherwise than all before them.
        if left not in scores:
            scores[left] = item_score(left, min_valid)
        scored = scores[left]
        items.append(
            _Item(task, generation, prompt, word, part_of_speech, left, scored.score, scored.dropped)
        )
    return items


def _scored(items: Sequence[_Item]) -> set[int]:
    return {item.task for item in items if item.score is not None}


def _row(part_of_speech: str, items: Sequence[_Item], confidence: float) -> OpinionRow:
    scores = [item.score for item in items if item.score is not None]
    ratings = [rating for item in items if item.score is not None for rating in item.ratings]
    return OpinionRow(
        part_of_speech=part_of_speech,
        items=len(items),
        too_abstract=sum(item.dropped == "too_abstract" for item in items),
        too_few_valid=sum(item.dropped == "too_few_valid" for item in items),
        scored=len(scores),
        mean_opinion_score=mean_opinion_score(scores, confidence),
        fair_to_excellent_items=fair_to_excellent(scores, confidence),
        fair_to_excellent_ratings=fair_to_excellent(ratings, confidence),
    )


def _response_statistics(grouped: dict[str, list[_Item]], items: Sequence[_Item]) -> ResponseStatistics:
    rows = tuple(_option_counts(tag, group) for tag, group in grouped.items())
    table = np.array([row.counts for row in rows], dtype=np.int64).reshape(len(rows), WORD_TOO_ABSTRACT)
    return ResponseStatistics(rows, _option_counts(ALL, items), cramers_v(table))


def _option_counts(part_of_speech: str, items: Sequence[_Item]) -> OptionCounts:
    choices = [choice for item in items for choice in item.choices]
    counts = tuple(choices.count(option) for option in range(1, WORD_TOO_ABSTRACT + 1))
    return OptionCounts(part_of_speech, counts, len(choices))


def _agreement(analyzed: pd.DataFrame) -> OpinionAgreement:
    # By item, and of an item by annotator: nominal alpha is summed in the order in which options are met.
    annotators, _ = pd.factorize(analyzed["annotator"], sort=True)
    order = np.lexsort((annotators, analyzed["task"].to_numpy()))
    tasks = analyzed["task"].to_numpy()[order]
    choices = analyzed["choice"].to_numpy(dtype=np.int64)[order]
    rated = choices <= HIGHEST_RATING
    ratings = tasks[rated], choices[rated]
    interpretability = tasks, np.where(rated, 1, choices)
    return OpinionAgreement(
        ratings=krippendorff_alpha_by_item(*ratings, "ordinal"),
        ratings_raw=raw_agreement_by_item(*ratings),
        interpretability=krippendorff_alpha_by_item(*interpretability, "nominal"),
        interpretability_raw=raw_agreement_by_item(*interpretability),
    )


def _item_table(items: Sequence[_Item]) -> pd.DataFrame:
    columns = {
        "task": [item.task for item in items],
        "generation": [item.generation for item in items],
        "prompt": [item.prompt for item in items],
        "word": pd.Series([item.word for item in items], dtype=object),  # keeps None, which "str" makes NaN
        "part_of_speech": [item.part_of_speech for item in items],
        "choices": [" ".join(map(str, item.choices)) for item in items],
        "ratings": [len(item.ratings) for item in items],
        "score": pd.Series([item.score for item in items], dtype="float64"),
        "dropped": pd.Series([item.dropped for item in items], dtype=object),
    }
    return pd.DataFrame(columns)
