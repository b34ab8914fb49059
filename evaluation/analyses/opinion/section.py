"""The report of an attribution study (section 3.2): flow, opinion scores, response statistics, agreement,
annotators."""

from collections.abc import Sequence

from evaluation.analyses.opinion.analysis import OpinionAnalysis, OpinionRow, OptionCounts
from evaluation.analyses.opinion.figures import opinion_figure, response_statistics_figure
from evaluation.documents.cells import Cell, Share
from evaluation.documents.content import NamedFigure, Section
from evaluation.documents.tables import Table
from evaluation.statistics.agreement import Agreement
from evaluation.statistics.estimates import Estimate

DROPPED = {"too_abstract": "too abstract", "too_few_valid": "too few ratings"}


def opinion_sections(analysis: OpinionAnalysis, scale: Sequence[str]) -> tuple[Section, ...]:
    """`scale`: the seven answers in words, as annotators saw them."""
    return (
        _flow(analysis),
        _scores(analysis, scale),
        _layouts(analysis),
        _response_statistics(analysis, scale),
        _agreement(analysis),
        _annotators(analysis),
        _items(analysis),
    )


def _flow(analysis: OpinionAnalysis) -> Section:
    flow = analysis.flow
    rows = (
        ("responses collected", flow.responses),
        *((f"not counting: {reason}", number) for reason, number in flow.not_counting),
        ("to attention checks (never analysed)", flow.attention_check_responses),
        ("of annotators excluded by the plan", flow.excluded_responses),
        ("responses analysed", flow.analyzed_responses),
        ("items with a response (one item: one word of one image)", flow.items),
        ("dropped: somebody found the word too abstract or missing", flow.too_abstract),
        (f"dropped: fewer than {analysis.min_valid} ratings left", flow.too_few_valid),
        ("items scored", flow.scored),
    )
    drawn = f"Every heat map was drawn as “{analysis.display}”. " if analysis.display else ""
    return Section(
        "From responses to scores",
        text=f"{drawn}Of a corrected answer the last revision counts. An item is dropped if any of its "
        "annotators chose “word too abstract or missing”. Answers “image too poor” leave their item; one "
        "that has too few ratings left is dropped.",
        tables=(Table("flow", "Responses and items", ("step", "count"), rows),),
    )


def _scores(analysis: OpinionAnalysis, scale: Sequence[str]) -> Section:
    table = Table(
        "opinion_scores",
        "Mean opinion score by part of speech",
        (
            "part of speech", "items", "too abstract", "too few ratings", "scored", "mean opinion score",
            "fair–excellent items", "fair–excellent ratings",
        ),
        tuple(_score_row(row) for row in (*analysis.rows, analysis.overall)),
        note="An item’s score is the median of its ratings from 1 (bad) to 5 (excellent); fair–excellent is "
        "the share of scores, or of single ratings, from 3 up. In brackets: "
        f"{analysis.confidence:.0%} intervals, Student’s t for means and Wilson’s for shares.",
    )  # fmt: skip
    return Section(
        "Opinion scores",
        text="For comparison, the paper reports mean opinion scores from 3.4 to 4.2 on interpretable parts "
        "of speech, and ratings from fair to excellent above 80 % for numerals and adverbs and above 90 % "
        "for the others (section 3.2, figure 3).",
        tables=(table,),
        figures=(
            NamedFigure(
                "opinion_scores",
                "Mean opinion scores and shares from fair to excellent, by part of speech",
                opinion_figure(analysis, scale),
            ),
        ),
    )


def _score_row(row: OpinionRow) -> tuple[Cell, ...]:
    return (
        row.part_of_speech,
        row.items,
        row.too_abstract,
        row.too_few_valid,
        row.scored,
        row.mean_opinion_score,
        Share(row.fair_to_excellent_items),
        Share(row.fair_to_excellent_ratings),
    )


LAYOUTS = {"arrangement": "the task on the screen", "input": "answered with", "language": "read in"}


def _layouts(analysis: OpinionAnalysis) -> Section:
    table = Table(
        "layout_scores",
        "Mean opinion score by how the page was shown",
        ("layout", "value", "responses", "items scored", "mean opinion score"),
        tuple(
            (LAYOUTS[row.layout], row.value, row.responses, row.scored, row.mean_opinion_score)
            for row in analysis.layouts
        ),
        note="An item’s score in a row is the median of those of its ratings that were given in this way, of "
        f"at least {analysis.min_valid}; items that have no score above have none here. Nobody was "
        "assigned to a layout: people, devices, layouts and languages differ together. Unknown: the page did "
        f"not tell, as without scripts. In brackets: {analysis.confidence:.0%} intervals, Student’s t.",
    )
    return Section("Scores by layout", tables=(table,))


def _response_statistics(analysis: OpinionAnalysis, scale: Sequence[str]) -> Section:
    statistics = analysis.response_statistics
    cramers_v = "undefined" if statistics.cramers_v is None else f"{statistics.cramers_v:.3f}"
    table = Table(
        "response_statistics",
        "How often each option was chosen",
        ("part of speech", *scale, "all"),
        tuple(_option_row(row) for row in (*statistics.rows, statistics.overall)),
        note="Cramér’s V between part of speech and option, corrected for bias (Bergsma, 2013): "
        f"{cramers_v}.",
    )
    return Section(
        "Response statistics",
        text="All responses analysed, those to dropped items included (the paper’s figure 13).",
        tables=(table,),
        figures=(
            NamedFigure(
                "response_statistics",
                "Shares of the seven options by part of speech",
                response_statistics_figure(analysis, scale),
            ),
        ),
    )


def _option_row(row: OptionCounts) -> tuple[Cell, ...]:
    return (row.part_of_speech, *row.counts, row.total)


def _agreement(analysis: OpinionAnalysis) -> Section:
    agreement = analysis.agreement
    rows = (
        (
            "ratings from 1 to 5 (ordinal)",
            _alpha(agreement.ratings),
            agreement.ratings.n,
            Share(agreement.ratings_raw),
            agreement.ratings_raw.n,
        ),
        (
            "interpretable, image too poor or word too abstract (nominal)",
            _alpha(agreement.interpretability),
            agreement.interpretability.n,
            Share(agreement.interpretability_raw),
            agreement.interpretability_raw.n,
        ),
    )
    table = Table(
        "agreement",
        "Agreement among annotators",
        ("answers", "Krippendorff’s alpha", "answers compared", "equal pairs", "pairs"),
        rows,
        note="Alpha is 1 for perfect agreement and 0 for that of chance; where all answers are equal it is "
        "undefined. Only items with at least two answers can be compared.",
    )
    return Section("Agreement", tables=(table,))


def _alpha(agreement: Agreement) -> Estimate:
    return Estimate(agreement.alpha, None, None, agreement.n, agreement.flag)


def _annotators(analysis: OpinionAnalysis) -> Section:
    of_all = sum(annotator.responses for annotator in analysis.annotators)
    rows = tuple(
        (
            annotator.annotator,
            annotator.responses,
            # A count of everything, not a sample: no interval.
            Share(Estimate(annotator.share, None, None, of_all)),
            annotator.checks,
            annotator.passed,
            Share(annotator.pass_rate),
            "yes" if annotator.excluded else "no",
        )
        for annotator in analysis.annotators
    )
    columns = (
        "annotator", "responses", "share of all", "checks met", "passed", "pass rate", "excluded by the plan",
    )  # fmt: skip
    table = Table(
        "annotators",
        "Annotators, by pseudonym",
        columns,
        rows,
        note="An attention check asks about a word that no image shows; it is passed by “image too poor” or "
        "“word too abstract or missing”.",
    )
    return Section("Annotators", tables=(table,), of_persons=True)


def _items(analysis: OpinionAnalysis) -> Section:
    columns = ("task", "prompt", "word", "part of speech", "choices", "score", "dropped")
    rows = tuple(
        (
            int(item.task),
            item.prompt,
            item.word or "",
            item.part_of_speech,
            item.choices,
            None if item.dropped else float(item.score),
            DROPPED[item.dropped] if item.dropped else "",
        )
        for item in analysis.items.itertuples()
    )
    return Section("Items", tables=(Table("items", "Every item with its choices", columns, rows),))
