"""The figure of object-presence studies: accuracy by cohyponym status (section 5.1)."""

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from evaluation.analyses.cohyponyms.analysis import GroupAccuracy, PresenceAnalysis
from evaluation.documents.drawing import (
    ORANGE,
    PURPLE,
    SILVER,
    SKY_BLUE,
    add_footnote,
    draw_shares,
    message_figure,
    name_groups,
)

GROUP_COLOURS = {"cohyponyms": ORANGE, "others": SKY_BLUE, "unknown": PURPLE, "all": SILVER}
GROUP_NAMES = {
    "cohyponyms": "cohyponyms",
    "others": "others",
    "unknown": "status unknown",
    "all": "all images",
}


def accuracy_figure(analysis: PresenceAnalysis) -> Figure:
    """Section 5.1: the share of images that show both objects of their prompt, by cohyponym status.

    With Wilson intervals, under the paper's rule of correctness and beside it under the stricter ones.
    """
    flow = analysis.flow
    if not flow.scored:
        return message_figure(
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
    draw_shares(axes, positions, [group.accuracy for group in bars], colours)
    axes.set_xticks(positions, [f"n={group.images}" for group in bars], fontsize=7.5)
    names = {
        "most_picked": f"both among the\n{analysis.k} most picked",
        "two_votes": "both picked by\ntwo or more",
        "unanimous": "both picked\nby everybody",
    }
    centres = [rule * pitch + (len(groups[0]) - 1) / 2 for rule in range(len(rules))]
    name_groups(axes, centres, [names[rule.rule] for rule in rules])
    axes.set_xlim(-0.8, positions[-1] + 0.8)
    axes.set_ylabel("accuracy (share of images)")
    axes.set_title(
        f"Both objects of the prompt are in the image, {100 * analysis.confidence:g}% Wilson interval"
    )
    handles = [Patch(color=GROUP_COLOURS[group.group], label=GROUP_NAMES[group.group]) for group in groups[0]]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), fontsize=8)
    add_footnote(figure, f"{_describe_comparison(analysis)} {_describe_left_out(analysis)}".strip())
    return figure


def _belongs(group: GroupAccuracy) -> bool:
    """Images of unknown status have a bar where there are any; the two compared groups always have theirs."""
    return group.group != "unknown" or group.images > 0


def _describe_comparison(analysis: PresenceAnalysis) -> str:
    comparison = analysis.accuracy.comparison
    if comparison.flag == "no_data":
        return "No comparison: there are no images of cohyponyms, or none of others."
    if comparison.flag == "zero_margin" or comparison.fisher_p is None:
        return "All images of cohyponyms and others are correct, or all are not: p is 1."
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


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
