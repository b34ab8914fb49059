"""The report of an attribution study, against numbers worked out by hand."""

import pytest

from annotations.models import Response
from evaluation.documents.content import Section
from evaluation.statistics.estimates import Estimate
from tests.evaluation.studies import (
    answer_task,
    make_attribution_study,
    make_rated_study,
    report_of,
    sections_of,
    texts,
)
from tests.factories import make_annotator, make_open_study

pytestmark = pytest.mark.django_db


def sections(study) -> tuple[Section, ...]:
    return sections_of(study)


def shown(study, table: str) -> list[list[str]]:
    return texts({"sections": [section.document() for section in sections(study)]}, table)


def counts(study) -> dict[str, str]:
    return dict(shown(study, "flow"))


def test_every_item_shows_its_choices_its_score_or_why_it_was_dropped():
    items = {row[2]: row[3:] for row in shown(make_rated_study(), "items")}
    assert items == {
        "dog": ["NOUN", "6 4 5", "4.5", ""],
        "cat": ["NOUN", "1 2 3", "2", ""],
        "runs": ["VERB", "4 4 5", "4", ""],
        "the": ["DET", "4 7 5", "undefined", "too abstract"],
        "of": ["ADP", "6 6 2", "undefined", "too few ratings"],
    }


def test_the_flow_accounts_for_every_response_and_every_item():
    assert counts(make_rated_study(checks={".": (7, 6, 5)})) == {
        "responses collected": "18",
        "to attention checks (never analysed)": "3",
        "of annotators excluded by the plan": "0",
        "responses analysed": "15",
        "items with a response (one item: one word of one image)": "5",
        "dropped: somebody found the word too abstract or missing": "1",
        "dropped: fewer than 2 ratings left": "1",
        "items scored": "3",
    }


def test_scores_by_layout():
    """All pages told nothing: the rows are that of all items below."""
    study = make_rated_study()
    score = ["unknown", "15", "3", "3.50 [0.21, 6.79]"]
    assert shown(study, "layout_scores") == [["the task on the screen", *score], ["answered with", *score]]
    Response.objects.filter(answer__choice__lte=5).update(layout={"input": "mouse"})
    rows = shown(study, "layout_scores")
    # 6, 7, 6 and 6 told nothing.
    assert [row[1:3] for row in rows] == [["unknown", "15"], ["mouse", "11"], ["unknown", "4"]]
    assert rows[1][3:] == ["3", "3.50 [0.21, 6.79]"]
    assert rows[2][3:] == ["0", "undefined (no data)"]


def test_answers_whose_pictures_nobody_knows_painted_are_counted_where_the_plan_leaves_them_out():
    study = make_rated_study()
    plan = study.plan
    plan.settings |= {"painted_only": True}
    plan.save()
    first, *_ = Response.objects.order_by("pk")
    Response.objects.exclude(pk=first.pk).update(painted="painted", painted_milliseconds=300)
    assert counts(study)["not counting: not painted"] == "1"
    assert counts(study)["responses analysed"] == "14"
    why = [row[1:] for row in texts(report_of(study).document(), "not_counting")]
    assert why == [["nobody knows that the pictures were painted, and the plan asks for that", "item", "1"]]
    assert dict(texts(report_of(study).document(), "plan"))["analysed"].startswith("only answers whose")


def test_opinion_scores_by_part_of_speech():
    # NOUN: 4.5 and 2: mean 3.25, s = 2.5/√2, t(0.975; 1) = 12.7062, so ± 12.7062 · 1.25 = 15.88.
    # Scores from 3 up: 1 of 2, Wilson [0.0945, 0.9055]; ratings 4 5 1 2 3: 3 of 5, Wilson [0.2307, 0.8824].
    # VERB: 4 alone: Wilson of 1 of 1 [0.2065, 1]; ratings 3 of 3, Wilson [0.4385, 1].
    # all: 4.5, 2, 4: mean 3.5, s² = 1.75, t(0.975; 2) = 4.3027, so ± 4.3027 · √(1.75/3) = 3.286.
    # 2 of 3: Wilson [0.2077, 0.9385]; 6 of 8: Wilson [0.4093, 0.9285].
    rows = {row[0]: row[1:] for row in shown(make_rated_study(), "opinion_scores")}
    nothing, certain = "undefined (no data)", "100.0 % [20.7, 100.0]"
    assert rows == {
        "ADP": ["1", "0", "1", "0", nothing, nothing, nothing],
        "DET": ["1", "1", "0", "0", nothing, nothing, nothing],
        "NOUN": ["2", "0", "0", "2", "3.25 [−12.63, 19.13]", "50.0 % [9.5, 90.5]", "60.0 % [23.1, 88.2]"],
        "VERB": ["1", "0", "0", "1", "4.00 (one value only)", certain, "100.0 % [43.9, 100.0]"],
        "all": ["5", "1", "1", "3", "3.50 [0.21, 6.79]", "66.7 % [20.8, 93.9]", "75.0 % [40.9, 92.9]"],
    }  # fmt: skip


def test_response_statistics_count_every_option():
    rows = {row[0]: row[1:] for row in shown(make_rated_study(), "response_statistics")}
    assert rows["NOUN"] == ["1", "1", "1", "1", "1", "1", "0", "6"]
    assert rows["VERB"] == ["0", "0", "0", "2", "1", "0", "0", "3"]
    assert rows["DET"] == ["0", "0", "0", "1", "1", "0", "1", "3"]
    assert rows["ADP"] == ["0", "1", "0", "0", "0", "2", "0", "3"]
    assert rows["all"] == ["1", "2", "1", "4", "3", "3", "1", "15"]


@pytest.mark.parametrize(
    ("rated", "cramers_v"),
    [
        # phi² = 83/72 over 15 responses; chance gives four groups and seven options more: 3·6/14
        (None, "0.000"),
        ({"dog": ("NOUN", (5, 5, 5)), "the": ("DET", (7, 7, 7))}, "1.000"),
        # phi² = 5/8 over 9 responses, of which 1·2/8 is expected: V² = (5/8 - 1/4) / (1 - 1/8) = 3/7
        (
            {"dog": ("NOUN", (5, 5, 5)), "cat": ("NOUN", (4, 4, 4)), "the": ("DET", (4, 7, 7))},
            "0.655",
        ),
        ({"dog": ("NOUN", (5, 4, 5))}, "undefined"),
    ],
)
def test_cramers_v_is_corrected_for_bias_and_says_so(rated, cramers_v):
    study = make_rated_study(rated) if rated else make_rated_study()
    (note,) = (
        table.note
        for section in sections(study)
        for table in section.tables
        if table.name == "response_statistics"
    )
    assert note.endswith(f"option, corrected for bias (Bergsma, 2013): {cramers_v}.")


def test_agreement_stands_beside_the_raw_share_of_equal_pairs():
    # Pairs of ratings: dog 1, cat 3, runs 3 (one equal), the 1, of none: 1 of 8 is equal.
    ratings, interpretability = shown(make_rated_study(), "agreement")
    assert ratings[3:] == ["12.5 %", "8"]
    # dog 1 of 3, cat 3, runs 3, the 1 of 3, of 1 of 3 (the two 6s).
    assert interpretability[3:] == ["60.0 %", "15"]


def test_agreement_of_equal_answers_is_undefined_and_not_one():
    ratings, interpretability = shown(make_rated_study({"dog": ("NOUN", (4, 4, 4))}), "agreement")
    assert ratings[1:] == ["undefined (all answers equal)", "3", "100.0 %", "3"]
    assert interpretability[1:] == ["undefined (all answers equal)", "3", "100.0 %", "3"]


def test_annotators_are_listed_with_their_share_and_their_checks():
    rows = shown(make_rated_study({"dog": ("NOUN", (6, 4, 5))}, checks={".": (7, 6, 5)}), "annotators")
    assert sorted(row[1:] for row in rows) == [
        ["1", "33.3 %", "1", "0", "0.0 % [0.0, 79.3]", "no"],
        ["1", "33.3 %", "1", "1", "100.0 % [20.7, 100.0]", "no"],
        ["1", "33.3 %", "1", "1", "100.0 % [20.7, 100.0]", "no"],
    ]


def test_shares_are_over_items_and_not_over_checks():
    study = make_attribution_study({"dog": ("NOUN", ()), "runs": ("VERB", ())}, checks={".": ()})
    dog, runs, check = (study.tasks.get(payload__word=word) for word in ("dog", "runs", "."))
    busy, idle = make_annotator(), make_annotator()
    for annotator, task in ((busy, dog), (busy, runs), (idle, runs), (idle, check)):
        answer_task(task, annotator, {"choice": 6})
    (table,) = (
        table for section in sections(study) for table in section.tables if table.name == "annotators"
    )
    shares = {row[1]: row[2].estimate for row in table.rows}
    assert shares == {
        2: Estimate(pytest.approx(2 / 3), None, None, 3),
        1: Estimate(pytest.approx(1 / 3), None, None, 3),
    }


def test_the_frozen_plan_decides_who_is_excluded():
    def rated(**options):
        return make_rated_study({"dog": ("NOUN", (3, 4, 5))}, checks={".": (7, 6, 5)}, options=options)

    lenient, strict = rated(), rated(exclude_failed_checks=True)
    assert shown(lenient, "items")[0][4:6] == ["3 4 5", "4"]
    assert shown(strict, "items")[0][4:6] == ["3 4", "3.5"]
    assert counts(strict)["of annotators excluded by the plan"] == "1"
    assert [row[-1] for row in shown(strict, "annotators")].count("yes") == 1


def test_without_answers_numbers_are_undefined_and_counts_are_zero():
    study = make_open_study()
    assert set(counts(study).values()) == {"0"}
    nothing = "undefined (no data)"
    assert shown(study, "opinion_scores") == [["all", "0", "0", "0", "0", nothing, nothing, nothing]]
    assert [row[1] for row in shown(study, "agreement")] == [nothing] * 2
    assert shown(study, "items") == shown(study, "annotators") == []
    figures = [figure for section in sections(study) for figure in section.figures]
    assert [figure.name for figure in figures] == ["opinion_scores", "response_statistics"]


def test_with_attention_checks_alone_nothing_is_scored():
    study = make_attribution_study({"dog": ("NOUN", ())}, checks={".": ()})
    assert counts(study)["items scored"] == "0"
    rated = make_rated_study({"dog": ("NOUN", ())}, checks={".": (7, 7, 7)})
    assert counts(rated)["responses collected"] == "3"
    assert counts(rated)["responses analysed"] == "0"
    assert shown(rated, "opinion_scores")[0][5] == "undefined (no data)"
    assert {row[2] for row in shown(rated, "annotators")} == {"undefined"}
