"""The report of an object-presence study (section 5.1): flow, accuracy of cohyponyms and others, objects, images."""

from annotations.models import Study
from evaluation.analyses.cohyponyms import GroupAccuracy, PresenceAnalysis, RuleAccuracy, analyze_presence
from evaluation.documents import NamedFigure, Section, Share, Table
from evaluation.figures import accuracy_figure
from evaluation.frames import response_frame

RULES = {
    "most_picked": "both among the two most picked (the paper's rule)",
    "two_votes": "both picked by at least two annotators",
    "unanimous": "both picked by everybody",
}


def presence_sections(study: Study) -> tuple[Section, ...]:
    plan = study.plan["analysis"]
    analysis = analyze_presence(
        response_frame(study),
        replicas=study.plan["replicas"],
        k=plan["present_objects"],
        confidence=plan["confidence"],
    )
    return (_flow(analysis), _accuracy(analysis), _objects(analysis), _images(analysis))


def _flow(analysis: PresenceAnalysis) -> Section:
    flow = analysis.flow
    rows = (
        ("responses collected", flow.responses),
        ("to attention checks (never analysed)", flow.attention_check_responses),
        ("images with a response", flow.images),
        (f"incomplete: fewer than {analysis.replicas} responses so far", flow.incomplete),
        ("prompt without objects, or with too many", flow.unsuitable_prompt),
        ("images scored", flow.scored),
    )
    return Section("From responses to accuracy", tables=(Table("flow", "Flow", ("step", "count"), rows),))


def _accuracy(analysis: PresenceAnalysis) -> Section:
    rules = (analysis.accuracy, *analysis.sensitivity)
    groups = Table(
        "accuracy",
        "Share of images that show both objects",
        ("rule", "group", "images", "noun pairs", "correct", "accuracy"),
        tuple(row for rule in rules for row in _group_rows(rule)),
        note=f"Intervals are Wilson's, {analysis.confidence:.0%}.",
    )
    comparisons = Table(
        "comparison",
        "Cohyponyms against others",
        ("rule", "difference", "low", "high", "Fisher p", "Boschloo p", "odds ratio", "Cohen's h", "note"),
        tuple(_comparison_row(rule) for rule in rules),
        note="Two-sided exact tests; Newcombe's interval. Images of one noun pair are not independent, so these tests "
        "reject too often where few pairs were sampled many times.",
    )
    return Section(
        "Accuracy",
        text="The paper finds 52 % for cohyponyms and 61 % for others, of 500 images each (section 5.1).",
        tables=(groups, comparisons),
        figures=(NamedFigure("accuracy", "Accuracy of cohyponyms and others", accuracy_figure(analysis)),),
    )


def _group_rows(rule: RuleAccuracy) -> list[tuple]:
    groups: list[GroupAccuracy] = [rule.cohyponyms, rule.others, rule.overall]
    if rule.unknown.images:
        groups.insert(2, rule.unknown)
    return [
        (RULES[rule.rule], group.group, group.images, group.pairs, group.correct, Share(group.accuracy))
        for group in groups
    ]


def _comparison_row(rule: RuleAccuracy) -> tuple:
    comparison = rule.comparison
    return (
        RULES[rule.rule],
        comparison.difference,
        comparison.low,
        comparison.high,
        comparison.fisher_p,
        comparison.boschloo_p,
        comparison.odds_ratio,
        comparison.cohens_h,
        (comparison.flag or "").replace("_", " "),
    )


def _objects(analysis: PresenceAnalysis) -> Section:
    rows = tuple(
        (row.object, row.prompted, row.present, row.prompted_and_present, row.present_unprompted)
        for row in analysis.objects
    )
    columns = ("object", "prompts that name it", "images that show it", "both", "shown but not named")
    return Section("Objects", tables=(Table("objects", "Objects", columns, rows),))


def _images(analysis: PresenceAnalysis) -> Section:
    columns = ("task", "prompt", "submissions", "votes", "present", "status", "correct")
    rows = tuple(
        (
            int(image.task),
            image.prompt,
            int(image.submissions),
            image.votes.replace("|", ", "),
            image.present.replace("|", ", "),
            image.status.replace("_", " "),
            "" if image.status != "scored" else ("yes" if image.most_picked else "no"),
        )
        for image in analysis.images.itertuples()
    )
    return Section("Images", tables=(Table("images", "Every image with its votes", columns, rows),))
