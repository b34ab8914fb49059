"""The paper's figures of human studies, drawn from analyses.

Figures are built from matplotlib's objects, without pyplot: no global list of figures grows in a worker.
"""

import io
import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from evaluation.analyses.cohyponyms import GroupAccuracy, PresenceAnalysis
from evaluation.analyses.opinion import OpinionAnalysis
from evaluation.statistics.estimates import Estimate

# Okabe and Ito's palette, which colour-blind readers can tell apart
BLACK, ORANGE, SKY_BLUE = "#000000", "#E69F00", "#56B4E9"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#767676"
SILVER = "#BFBFBF"
FAINT = "#E3E3E3"

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
RATINGS = ("bad", "poor", "fair", "good", "excellent")
OPTIONS = (*RATINGS, "image too poor", "word too abstract or missing")
OPTION_COLOURS = (VERMILION, ORANGE, YELLOW, SKY_BLUE, BLUE, SILVER, GREY)

GROUP_COLOURS = {"cohyponyms": ORANGE, "others": SKY_BLUE, "unknown": PURPLE, "all": SILVER}
GROUP_NAMES = {
    "cohyponyms": "cohyponyms",
    "others": "others",
    "unknown": "status unknown",
    "all": "all images",
}

STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same figure on every machine
    "font.size": 9,
    "text.parse_math": False,  # a $ in a label is a dollar
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.08,  # inches
    "figure.constrained_layout.w_pad": 0.08,
    "svg.fonttype": "path",  # an SVG in an <img> cannot load fonts
    "svg.hashsalt": "daamweb",  # the same figure gives the same bytes
    "pdf.fonttype": 42,  # TrueType, embedded; publishers refuse the default, Type 3
}
# Once, and not in rc_context: that one swaps the global settings, which two threads would do to each other
mpl.rcParams.update(STYLE)


def render_figure(figure: Figure, format: str) -> bytes:
    """The figure as the bytes of a file: "svg", "pdf" or "png" (300 dots per inch), without a date.

    Fonts are embedded: as outlines in SVG, as TrueType in PDF. Raises ValueError for another format.
    """
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    if format not in undated:
        raise ValueError(f'a figure is rendered as "svg", "pdf" or "png", not as {format!r}')
    file = io.BytesIO()
    figure.savefig(file, format=format, dpi=300, metadata=undated[format])
    return file.getvalue()


def opinion_figure(analysis: OpinionAnalysis) -> Figure:
    """Figure 3: above, mean opinion scores by part of speech; below, shares of fair to excellent item scores.

    With confidence intervals; parts of speech by descending score. Those without a scored item are named
    below.
    """
    scored = [row for row in analysis.rows if row.scored]
    unscored = [row for row in analysis.rows if not row.scored]
    if not scored:
        flow = analysis.flow
        return _message_figure(
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
    _draw_mean_scores(above, [row.mean_opinion_score for row in scored])
    above.set_title(f"Mean opinion score, {level} t interval")
    handles, labels = above.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper left", fontsize=8, ncols=3, columnspacing=1.2)
    _draw_shares(
        below, range(len(scored)), [row.fair_to_excellent_items for row in scored], [SKY_BLUE] * len(scored)
    )
    below.set_title(f"Item scores from fair to excellent, {level} Wilson interval")
    below.set_ylabel("share of item scores")
    below.set_xticks(range(len(scored)), [f"n={row.scored}" for row in scored], fontsize=7.5)
    names = [_name(row.part_of_speech, 14) for row in scored]
    _name_groups(below, range(len(scored)), names, slanted=crowded)
    below.set_xlim((len(scored) - 1 - columns) / 2 - 0.1, (len(scored) - 1 + columns) / 2 + 0.1)
    if unscored:
        dropped = ", ".join(f"{_name(row.part_of_speech)} ({row.items})" for row in unscored)
        _footnote(figure, f"Not shown, all items dropped: {dropped}.")
    return figure


def response_statistics_figure(analysis: OpinionAnalysis) -> Figure:
    """Figure 13: how often each of the seven options was chosen, in percent, by part of speech."""
    statistics = analysis.response_statistics
    rows = [row for row in statistics.rows if row.total]
    if not rows:
        return _message_figure("No responses yet.", "Responses to attention checks are not shown here.")
    rows.sort(key=lambda row: (-sum(row.counts[: len(RATINGS)]) / row.total, row.part_of_speech))
    places = [float(y) for y in range(len(rows))]
    if len(rows) > 1:
        rows.append(statistics.overall)
        places.append(len(places) + 0.4)
    figure = Figure(figsize=(7.2, 1.1 + 0.36 * (places[-1] + 1)), layout="constrained")
    axes = figure.subplots()
    start = [0.0] * len(rows)
    for option, (label, colour) in enumerate(zip(OPTIONS, OPTION_COLOURS, strict=True)):
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


def accuracy_figure(analysis: PresenceAnalysis) -> Figure:
    """Section 5.1: the share of images that show both objects of their prompt, by cohyponym status.

    With Wilson intervals, under the paper's rule of correctness and beside it under the stricter ones.
    """
    flow = analysis.flow
    if not flow.scored:
        return _message_figure(
            "No image has been judged by all its annotators yet.",
            f"Images: {flow.images}.\n"
            f"With fewer than {_count(analysis.replicas, 'submission')}: {flow.incomplete}; "
            f"with a prompt of no object, or of more than {analysis.k}: {flow.unsuitable_prompt}.",
        )
    rules = (analysis.accuracy, *analysis.sensitivity)
    groups = [
        [group for group in (rule.cohyponyms, rule.others, rule.unknown, rule.overall) if _belongs(group)]
        for rule in rules
    ]
    pitch = len(groups[0]) + 0.8  # from one rule's first bar to the next rule's
    positions = [rule * pitch + bar for rule in range(len(rules)) for bar in range(len(groups[0]))]
    bars = [group for rule in groups for group in rule]
    figure = Figure(figsize=(1.4 + 0.52 * pitch * len(rules), 4.4), layout="constrained")
    axes = figure.subplots()
    colours = [GROUP_COLOURS[group.group] for group in bars]
    _draw_shares(axes, positions, [group.accuracy for group in bars], colours)
    axes.set_xticks(positions, [f"n={group.images}" for group in bars], fontsize=7.5)
    names = {
        "most_picked": f"both among the\n{analysis.k} most picked",
        "two_votes": "both picked by\ntwo or more",
        "unanimous": "both picked\nby everybody",
    }
    centres = [rule * pitch + (len(groups[0]) - 1) / 2 for rule in range(len(rules))]
    _name_groups(axes, centres, [names[rule.rule] for rule in rules])
    axes.set_xlim(-0.8, positions[-1] + 0.8)
    axes.set_ylabel("accuracy (share of images)")
    axes.set_title(
        f"Both objects of the prompt are in the image, {100 * analysis.confidence:g}% Wilson interval"
    )
    handles = [Patch(color=GROUP_COLOURS[group.group], label=GROUP_NAMES[group.group]) for group in groups[0]]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), fontsize=8)
    _footnote(figure, f"{_describe_comparison(analysis)} {_describe_left_out(analysis)}".strip())
    return figure


def _belongs(group: GroupAccuracy) -> bool:
    """Images of unknown status have a bar where there are any; the two compared groups always have theirs."""
    return group.group != "unknown" or group.images > 0


def _draw_mean_scores(axes: Axes, scores: Sequence[Estimate]) -> None:
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
        range(1, len(RATINGS) + 1), [f"{name}  {code}" for code, name in enumerate(RATINGS, start=1)]
    )
    axes.grid(axis="y")
    axes.tick_params(axis="x", length=0)


def _draw_shares(
    axes: Axes, positions: Sequence[float], shares: Sequence[Estimate], colours: Sequence[str]
) -> None:
    """Bars from 0 to 100 % with their intervals; a group without data is named so, and has no bar."""
    for x, share, colour in zip(positions, shares, colours, strict=True):
        if share.value is None or share.low is None or share.high is None:
            axes.text(x, 0.02, "no data", rotation=90, ha="center", va="bottom", color=GREY, fontsize=7.5)
            continue
        axes.bar(x, share.value, width=0.78, color=colour)
        below, above = max(share.value - share.low, 0), max(share.high - share.value, 0)
        axes.errorbar(x, share.value, [[below], [above]], color=BLACK, lw=1.1, capsize=3)
        axes.annotate(
            f"{100 * share.value:.0f}%",
            (x, share.high),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            size=8,
        )
    axes.set_ylim(0, 1.08)  # room for the number above a bar of 100 %
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.grid(axis="y")
    axes.tick_params(axis="x", length=0)


def _name_groups(axes: Axes, centres: Sequence[float], names: Sequence[str], slanted: bool = False) -> None:
    """Names below the numbers on the x axis."""
    for centre, name in zip(centres, names, strict=True):
        axes.annotate(
            name,
            (centre, 0),
            xycoords=("data", "axes fraction"),
            xytext=(4 if slanted else 0, -18),
            textcoords="offset points",
            ha="right" if slanted else "center",
            va="top",
            rotation=45 if slanted else 0,
            rotation_mode="anchor" if slanted else "default",
        )


def _describe_comparison(analysis: PresenceAnalysis) -> str:
    comparison = analysis.accuracy.comparison
    if comparison.flag == "no_data":
        return "No comparison: there are no images of cohyponyms, or none of others."
    if comparison.flag == "zero_margin" or comparison.fisher_p is None:
        return "No test: all images of cohyponyms and others are correct, or all are not."
    p = "p < 0.001" if comparison.fisher_p < 0.001 else f"p = {comparison.fisher_p:.3f}"
    points = [
        100 * end for end in (comparison.difference, comparison.low, comparison.high) if end is not None
    ]
    difference, low, high = (f"{point:+.1f}".replace("-", "−") for point in points)
    return (
        f"Most picked: cohyponyms minus others {difference} points "
        f"({100 * analysis.confidence:g}% Newcombe interval {low} to {high}), Fisher’s exact test {p}."
    )


def _describe_left_out(analysis: PresenceAnalysis) -> str:
    left_out = {
        "with fewer submissions than replicas": analysis.flow.incomplete,
        f"whose prompt has no object or more than {analysis.k}": analysis.flow.unsuitable_prompt,
    }
    reasons = [f"{_count(count, 'image')} {reason}" for reason, count in left_out.items() if count]
    return f"Left out: {', '.join(reasons)}." if reasons else ""


def _message_figure(message: str, detail: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure = Figure(figsize=(5.2, 2.0))
    figure.text(0.5, 0.58, message, ha="center", va="center", fontsize=11)
    figure.text(0.5, 0.34, detail, ha="center", va="center", fontsize=8, color=GREY)
    return figure


def _footnote(figure: Figure, text: str) -> None:
    # An inch holds at least 14 characters of 8 points
    lines = textwrap.fill(text, int(14 * figure.get_figwidth()))
    figure.supxlabel(lines, fontsize=8, color=GREY, x=0.01, ha="left", linespacing=1.3)


def _name(part_of_speech: str, width: int = 40) -> str:
    return textwrap.fill(PARTS_OF_SPEECH.get(part_of_speech, part_of_speech), width)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _value(score: Estimate) -> float:
    """The value of a score that is known to be defined: only scored parts of speech are drawn."""
    if score.value is None:
        raise ValueError("a score without value cannot be drawn")
    return score.value
