"""The report of an object-presence study (section 5.1): flow, accuracy of cohyponyms and others, objects,
images."""

from evaluation.analyses.cohyponyms.analysis import PresenceAnalysis, RuleAccuracy
from evaluation.analyses.cohyponyms.figures import accuracy_figure
from evaluation.documents.cells import Cell, Share
from evaluation.documents.content import NamedFigure, Section
from evaluation.documents.tables import Table
from evaluation.statistics.estimates import Estimate


def presence_sections(analysis: PresenceAnalysis) -> tuple[Section, ...]:
    return (_flow(analysis), _accuracy(analysis), _objects(analysis), _images(analysis))


def _flow(analysis: PresenceAnalysis) -> Section:
    flow = analysis.flow
    rows = (
        ("responses collected", flow.responses),
        *((f"not counting: {reason}", number) for reason, number in flow.not_counting),
        ("to attention checks (never analysed)", flow.attention_check_responses),
        ("images with a response", flow.images),
        (f"incomplete: fewer than {analysis.replicas} responses so far", flow.incomplete),
        (f"prompt without objects, or with more than {analysis.k}", flow.unsuitable_prompt),
        ("images scored", flow.scored),
    )
    return Section(
        "From responses to accuracy",
        text="Of a corrected answer the last revision counts. Only images that all their annotators have "
        "judged are scored.",
        tables=(Table("flow", "Responses and images", ("step", "count"), rows),),
    )


def _accuracy(analysis: PresenceAnalysis) -> Section:
    rules = (analysis.accuracy, *analysis.sensitivity)
    names = {
        "most_picked": f"among the {analysis.k} most picked",
        "two_votes": "picked by at least two annotators",
        "unanimous": "picked by everybody",
    }
    groups = Table(
        "accuracy",
        "Share of images that show all objects of their prompt",
        ("present: both objects are", "group", "images", "noun pairs", "correct", "accuracy"),
        tuple(row for rule in rules for row in _group_rows(names[rule.rule], rule)),
        note=f"The first rule is the paper’s. In brackets: Wilson’s {analysis.confidence:.0%} intervals.",
    )
    comparisons = Table(
        "comparison",
        "Cohyponyms against others",
        (
            "present: both objects are", "difference", "Fisher p", "Boschloo p", "odds ratio",
            "Cohen’s h",
        ),
        tuple(_comparison_row(names[rule.rule], rule) for rule in rules),
        note="Difference: cohyponyms minus others in percentage points, with Newcombe’s "
        f"{analysis.confidence:.0%} interval. Tests are exact and two-sided; Boschloo’s p is scipy’s, twice "
        "the smaller one-sided p and at most 1. Where all images are correct, or none, both p are 1 and the "
        "odds ratio is undefined. Images of one noun pair are not independent, so these tests reject too "
        "often where few pairs were sampled many times.",
    )  # fmt: skip
    return Section(
        "Accuracy",
        text="For comparison, the paper reports 52 % for cohyponyms and 61 % for others (section 5.1).",
        tables=(groups, comparisons),
        figures=(
            NamedFigure(
                "accuracy",
                "Accuracy of cohyponyms and others, by rule of presence",
                accuracy_figure(analysis),
            ),
        ),
    )


def _group_rows(name: str, rule: RuleAccuracy) -> list[tuple[Cell, ...]]:
    groups = [rule.cohyponyms, rule.others, rule.unknown, rule.overall]
    return [
        (name, group.group, group.images, group.pairs, group.correct, Share(group.accuracy))
        for group in groups
        if group is not rule.unknown or group.images
    ]


def _comparison_row(name: str, rule: RuleAccuracy) -> tuple[Cell, ...]:
    comparison = rule.comparison
    return (
        name,
        Share(
            Estimate(
                comparison.difference,
                comparison.low,
                comparison.high,
                rule.cohyponyms.images + rule.others.images,
                comparison.flag,
            )
        ),
        comparison.fisher_p,
        comparison.boschloo_p,
        comparison.odds_ratio,
        comparison.cohens_h,
    )


def _objects(analysis: PresenceAnalysis) -> Section:
    rows = tuple(
        (row.object, row.prompted, row.present, row.prompted_and_present, row.present_unprompted)
        for row in analysis.objects
    )
    columns = ("object", "prompts that name it", "images that show it", "named and shown", "shown, not named")
    table = Table(
        "objects",
        "Objects of the scored images",
        columns,
        rows,
        note=f"An image shows the {analysis.k} objects that most of its annotators picked.",
    )
    return Section("Objects", tables=(table,))


def _images(analysis: PresenceAnalysis) -> Section:
    columns = ("task", "prompt", "responses", "votes", "shown", "status", "correct")
    rows = tuple(
        (
            int(image.task),
            image.prompt,
            int(image.submissions),
            image.votes.replace("|", ", ").replace("=", " "),
            image.present.replace("|", ", "),
            image.status.replace("_", " "),
            "" if image.status != "scored" else ("yes" if image.most_picked else "no"),
        )
        for image in analysis.images.itertuples()
    )
    return Section("Images", tables=(Table("images", "Every image with its votes", columns, rows),))
