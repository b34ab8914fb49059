"""Figures of attribution studies: opinion scores and response statistics (section 3.2, appendix A.2)."""

import textwrap
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.analyses.opinion.analysis import OpinionAnalysis
from evaluation.documents.drawing import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    SILVER,
    SKY_BLUE,
    VERMILION,
    YELLOW,
    add_footnote,
    draw_shares,
    message_figure,
    name_groups,
)
from evaluation.statistics.estimates import Estimate
from evaluation.statistics.opinion import HIGHEST_RATING

PARTS_OF_SPEECH = {
    "ADJ": "adjective",
    "ADP": "adposition",
    "ADV": "adverb",
    "AUX": "auxiliary",
    "CCONJ": "coordinating conjunction",
    "DET": "determiner",
    "INTJ": "interjection",
    "NOUN": "noun",
    "NUM": "numeral",
    "PART": "particle",
    "PRON": "pronoun",
    "PROPN": "proper noun",
    "PUNCT": "punctuation",
    "SCONJ": "subordinating conjunction",
    "SYM": "symbol",
    "VERB": "verb",
    "X": "other",
}
ANSWER_COLOURS = (VERMILION, ORANGE, YELLOW, SKY_BLUE, BLUE, SILVER, GREY)


def opinion_figure(analysis: OpinionAnalysis, scale: Sequence[str]) -> Figure:
    """Figure 3: above, mean opinion scores by part of speech; below, shares of fair to excellent item scores.

    With confidence intervals; parts of speech by descending score. Those without a scored item are named
    below. `scale`: the seven answers in words.
    """
    scored = [row for row in analysis.rows if row.scored]
    unscored = [row for row in analysis.rows if not row.scored]
    if not scored:
        flow = analysis.flow
        return message_figure(
            "No item has an opinion score yet.",
            f"Items rated: {flow.items}.\nDropped as too abstract: {flow.too_abstract}; "
            f"for fewer than {analysis.min_valid} valid ratings: {flow.too_few_valid}.",
        )
    scored.sort(key=lambda row: (-_value(row.mean_opinion_score), row.part_of_speech))
    crowded = len(scored) > 8
    columns = max(len(scored), 5)  # one bar across the whole figure would look like a background
    figure = Figure(figsize=(1.5 + (0.56 if crowded else 0.8) * columns, 5.8), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    level = f"{100 * analysis.confidence:g}%"
    _draw_mean_scores(above, [row.mean_opinion_score for row in scored], scale[:HIGHEST_RATING])
    above.set_title(f"Mean opinion score, {level} t interval")
    handles, labels = above.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper left", fontsize=8, ncols=3, columnspacing=1.2)
    draw_shares(
        below, range(len(scored)), [row.fair_to_excellent_items for row in scored], [SKY_BLUE] * len(scored)
    )
    below.set_title(f"Item scores from fair to excellent, {level} Wilson interval")
    below.set_ylabel("share of item scores")
    below.set_xticks(range(len(scored)), [f"n={row.scored}" for row in scored], fontsize=7.5)
    names = [_name(row.part_of_speech, 14) for row in scored]
    name_groups(below, range(len(scored)), names, slanted=crowded)
    below.set_xlim((len(scored) - 1 - columns) / 2 - 0.1, (len(scored) - 1 + columns) / 2 + 0.1)
    if unscored:
        dropped = ", ".join(f"{_name(row.part_of_speech)} ({row.items})" for row in unscored)
        add_footnote(figure, f"Not shown, all items dropped: {dropped}.")
    return figure


def response_statistics_figure(analysis: OpinionAnalysis, scale: Sequence[str]) -> Figure:
    """Figure 13: how often each of the seven answers of the scale was chosen, in percent, by part of
    speech."""
    statistics = analysis.response_statistics
    rows = [row for row in statistics.rows if row.total]
    if not rows:
        return message_figure("No responses yet.", "Responses to attention checks are not shown here.")
    rows.sort(key=lambda row: (-sum(row.counts[:HIGHEST_RATING]) / row.total, row.part_of_speech))
    places = [float(y) for y in range(len(rows))]
    if len(rows) > 1:
        rows.append(statistics.overall)
        places.append(len(places) + 0.4)
    figure = Figure(figsize=(7.2, 1.1 + 0.36 * (places[-1] + 1)), layout="constrained")
    axes = figure.subplots()
    start = [0.0] * len(rows)
    for option, (label, colour) in enumerate(zip(scale, ANSWER_COLOURS, strict=True)):
        percent = [100 * row.counts[option] / row.total for row in rows]
        axes.barh(
            places,
            percent,
            left=start,
            height=0.74,
            color=colour,
            edgecolor="white",
            lw=0.5,
            label=label,
        )
        for y, left, width in zip(places, start, percent, strict=True):
            if width >= 5:
                ink = "white" if colour in (VERMILION, BLUE, GREY) else BLACK
                axes.text(
                    left + width / 2, y, f"{width:.0f}", ha="center", va="center", color=ink, fontsize=7.5
                )
        start = [left + width for left, width in zip(start, percent, strict=True)]
    axes.set_yticks(places, [_name(row.part_of_speech) for row in rows])
    axes.set_ylim(places[-1] + 0.6, -0.6)
    axes.tick_params(axis="y", length=0)
    for y, row in zip(places, rows, strict=True):
        axes.annotate(
            f"n = {row.total}", (100, y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8
        )
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of responses (%)")
    axes.spines["left"].set_visible(False)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)
    return figure


def _draw_mean_scores(axes: Axes, scores: Sequence[Estimate], ratings: Sequence[str]) -> None:
    """Points with their intervals on the rating scale; special cases have markers of their own."""
    bottom, top = 0.7, 5.3
    markers: dict[str | None, dict[str, Any]] = {
        None: {"marker": "o", "color": BLUE},
        "single_value": {
            "marker": "o",
            "markerfacecolor": "white",
            "color": BLUE,
            "label": "one item: no interval",
        },
        "no_variance": {"marker": "D", "color": BLUE, "label": "all scores equal"},
    }
    for flag, style in markers.items():
        points = [(x, _value(score)) for x, score in enumerate(scores) if score.flag == flag]
        if points:
            axes.plot(*zip(*points, strict=True), linestyle="", markersize=6, zorder=3, **style)
    beyond = []
    for x, score in enumerate(scores):
        axes.annotate(
            f"{_value(score):.2f}",
            (x, _value(score)),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            size=8,
        )
        if score.low is None or score.high is None or score.flag:
            continue
        axes.vlines(x, max(score.low, bottom), min(score.high, top), color=BLUE, lw=1.4)
        caps = [end for end in (score.low, score.high) if bottom < end < top]
        axes.plot([x] * len(caps), caps, linestyle="", marker="_", markersize=8, color=BLUE)
        beyond += [(x, bottom, "v")] * (score.low <= bottom) + [(x, top, "^")] * (score.high >= top)
    for number, (x, y, marker) in enumerate(beyond):
        # The interval is not clipped to the scale, the picture is: an arrow says so
        label = "interval continues" if number == 0 else None
        axes.plot(
            x, y, linestyle="", marker=marker, color=VERMILION, markersize=6, clip_on=False, label=label
        )
    axes.set_ylim(bottom, top)
    axes.set_yticks(
        range(1, len(ratings) + 1), [f"{name}  {code}" for code, name in enumerate(ratings, start=1)]
    )
    axes.grid(axis="y")
    axes.tick_params(axis="x", length=0)


def _name(part_of_speech: str, width: int = 40) -> str:
    return textwrap.fill(PARTS_OF_SPEECH.get(part_of_speech, part_of_speech), width)


def _value(score: Estimate) -> float:
    """The value of a score that is known to be defined: only scored parts of speech are drawn."""
    if score.value is None:
        raise ValueError("a score without value cannot be drawn")
    return score.value
