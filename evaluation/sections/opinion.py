"""The report of an attribution study (section 3.2): flow, opinion scores, response statistics, agreement, annotators."""

from annotations.models import Study
from evaluation.analyses.opinion import OpinionAnalysis, OpinionRow, OptionCounts, analyze_opinion
from evaluation.documents import NamedFigure, Section, Share, Table
from evaluation.figures import opinion_figure, response_statistics_figure
from evaluation.frames import response_frame

OPTIONS = ("bad", "poor", "fair", "good", "excellent", "image too poor", "word too abstract")


def opinion_sections(study: Study) -> tuple[Section, ...]:
    plan = study.plan["analysis"]
    analysis = analyze_opinion(
        response_frame(study),
        min_valid=plan["min_valid"],
        confidence=plan["confidence"],
        exclude_failed_checks=plan["exclude_failed_checks"],
    )
    return (
        _flow(analysis),
        _scores(analysis),
        _response_statistics(analysis),
        _agreement(analysis),
        _annotators(analysis),
        _items(analysis),
    )


def _flow(analysis: OpinionAnalysis) -> Section:
    flow = analysis.flow
    rows = (
        ("responses collected", flow.responses),
        ("to attention checks (never analysed)", flow.attention_check_responses),
        ("of annotators excluded by the plan", flow.excluded_responses),
        ("responses analysed", flow.analyzed_responses),
        ("items (one word of one image)", flow.items),
        ("dropped: somebody found the word too abstract or missing", flow.too_abstract),
        (f"dropped: fewer than {analysis.min_valid} ratings left", flow.too_few_valid),
        ("items scored", flow.scored),
    )
    return Section("From responses to scores", tables=(Table("flow", "Flow", ("step", "count"), rows),))


def _scores(analysis: OpinionAnalysis) -> Section:
    table = Table(
        "opinion_scores",
        "Mean opinion score by part of speech",
        (
            "part of speech", "items", "scored", "too abstract", "too few ratings", "mean opinion score",
            "fair–excellent items", "fair–excellent ratings",
        ),
        tuple(_score_row(row) for row in (*analysis.rows, analysis.overall)),
        note=f"An item's score is the median of its ratings; intervals are {analysis.confidence:.0%}, Student's t for "
        "means and Wilson's for shares.",
    )  # fmt: skip
    return Section(
        "Opinion scores",
        text="The paper reports mean opinion scores of 3.4 to 4.2 for interpretable parts of speech, with over 80 % of "
        "ratings fair to excellent for numerals and adverbs and over 90 % for the rest (section 3.2, figure 3).",
        tables=(table,),
        figures=(NamedFigure("opinion-scores", "Mean opinion scores and fair–excellent shares", opinion_figure(analysis)),),
    )


def _score_row(row: OpinionRow) -> tuple:
    return (
        row.part_of_speech,
        row.items,
        row.scored,
        row.too_abstract,
        row.too_few_valid,
        row.mean_opinion_score,
        Share(row.fair_to_excellent_items),
        Share(row.fair_to_excellent_ratings),
    )


def _response_statistics(analysis: OpinionAnalysis) -> Section:
    statistics = analysis.response_statistics
    cramers_v = "undefined" if statistics.cramers_v is None else f"{statistics.cramers_v:.3f}"
    table = Table(
        "response_statistics",
        "Options chosen by part of speech",
        ("part of speech", *OPTIONS, "all"),
        tuple(_option_row(row) for row in (*statistics.rows, statistics.overall)),
        note=f"Cramér's V between part of speech and option: {cramers_v}.",
    )
    return Section(
        "Response statistics",
        tables=(table,),
        figures=(
            NamedFigure("response-statistics", "Options chosen by part of speech", response_statistics_figure(analysis)),
        ),
    )


def _option_row(row: OptionCounts) -> tuple:
    return (row.part_of_speech, *row.counts, row.total)


def _agreement(analysis: OpinionAnalysis) -> Section:
    agreement = analysis.agreement
    rows = (
        (
            "ratings 1–5 (ordinal)",
            agreement.ratings.alpha,
            Share(agreement.ratings_raw),
        ),
        (
            "interpretable, too poor or too abstract (nominal)",
            agreement.interpretability.alpha,
            Share(agreement.interpretability_raw),
        ),
    )
    return Section(
        "Agreement",
        tables=(
            Table("agreement", "Agreement among annotators", ("what", "Krippendorff's alpha", "equal pairs"), rows),
        ),
    )


def _annotators(analysis: OpinionAnalysis) -> Section:
    rows = tuple(
        (
            annotator.annotator,
            annotator.responses,
            None if annotator.share is None else f"{annotator.share:.1%}",
            f"{annotator.passed} of {annotator.checks}",
            "yes" if annotator.excluded else "no",
        )
        for annotator in analysis.annotators
    )
    columns = ("annotator", "responses", "share of all", "attention checks passed", "excluded by the plan")
    return Section("Annotators", tables=(Table("annotators", "Annotators", columns, rows),))


def _items(analysis: OpinionAnalysis) -> Section:
    columns = ("task", "prompt", "word", "part of speech", "choices", "score", "dropped")
    rows = tuple(
        (
            int(item.task),
            item.prompt,
            item.word,
            item.part_of_speech,
            item.choices,
            None if item.dropped else float(item.score),
            (item.dropped or "").replace("_", " "),
        )
        for item in analysis.items.itertuples()
    )
    return Section("Items", tables=(Table("items", "Every item with its choices", columns, rows),))
