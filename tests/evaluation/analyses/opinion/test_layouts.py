"""Scores by how the page was shown, against numbers worked out by hand."""

import pytest

from evaluation.analyses.opinion.analysis import analyze_opinion
from evaluation.analyses.opinion.layouts import LayoutScore
from evaluation.statistics.estimates import Estimate
from evaluation.statistics.intervals import student_t
from tests.evaluation.analyses.response_frames import attribution_frame

NOTHING = Estimate(None, None, None, 0, "no_data")

# Of these, the first two, the third and the last are scored.
TASKS = [
    ("NOUN", {"ann": 5, "bo": 4, "cy": 4}),
    ("NOUN", {"ann": 6, "bo": 4, "cy": 5}),
    ("NOUN", {"ann": 2, "bo": 3, "cy": 6}),
    ("NOUN", {"ann": 4, "bo": 3, "cy": 7}),  # too abstract for cy
    ("DET", {"ann": 6, "bo": 6, "cy": 2}),  # too few valid
    ("VERB", {"ann": 3, "bo": 3, "cy": 3}),
    ("check", {"ann": 7, "bo": 6, "cy": 4}),
]


def layouts(inputs: dict, arrangements: dict, **settings) -> tuple[LayoutScore, ...]:
    """Of annotators who kept to one each."""
    frame = attribution_frame(TASKS)
    frame["input"] = frame["annotator"].map(inputs).astype("string")
    frame["arrangement"] = frame["annotator"].map(arrangements).astype("string")
    return analyze_opinion(frame, **settings).layouts


def test_an_items_score_is_the_median_of_the_ratings_given_in_one_way():
    rows = layouts(
        {"ann": "mouse", "bo": "mouse", "cy": "touch"},
        {"ann": "one screen", "bo": "scrolling", "cy": "scrolling"},
    )
    assert rows == (
        LayoutScore("arrangement", "one screen", 6, 0, NOTHING),  # a single rating of each item
        # 4 and 4, 4 and 5, 3 alone, 3 and 3.
        LayoutScore("arrangement", "scrolling", 12, 3, student_t([4, 4.5, 3])),
        # 5 and 4, 4 alone, 2 and 3, 3 and 3. What cy found too abstract has no score here either.
        LayoutScore("input", "mouse", 12, 3, student_t([4.5, 2.5, 3])),
        LayoutScore("input", "touch", 6, 0, NOTHING),
    )
    assert rows[2].mean_opinion_score.value == pytest.approx(10 / 3)


def test_an_item_needs_as_many_ratings_as_the_plan_says():
    rows = layouts({"ann": "mouse"}, {}, min_valid=1)
    # Of the items that are scored now: 5; too poor; 2; too poor; 3.
    assert rows[1] == LayoutScore("input", "mouse", 6, 3, student_t([5, 2, 3]))


def test_what_pages_did_not_tell_is_a_row_of_its_own_the_last_one():
    rows = layouts({"ann": "touch", "bo": "pen"}, {})
    assert [(row.layout, row.value, row.responses) for row in rows] == [
        ("arrangement", "unknown", 18),
        ("input", "pen", 6),
        ("input", "touch", 6),
        ("input", "unknown", 6),
    ]
    assert rows[0].mean_opinion_score == student_t([4, 4.5, 2.5, 3])  # the same as of all


def test_languages_stand_beside_each_other_where_there_are_several():
    frame = attribution_frame(TASKS)
    assert "language" not in {row.layout for row in analyze_opinion(frame).layouts}
    frame["language"] = frame["annotator"].map({"ann": "de", "bo": "es", "cy": ""}).astype("string")
    rows = [row for row in analyze_opinion(frame, min_valid=1).layouts if row.layout == "language"]
    assert rows == [
        LayoutScore("language", "de", 6, 3, student_t([5, 2, 3])),
        # 4, 4, 3, 3; of what cy found too abstract there is no score.
        LayoutScore("language", "es", 6, 4, student_t([4, 4, 3, 3])),
        LayoutScore("language", "unknown", 6, 4, student_t([4, 5, 2, 3])),
    ]


def test_without_answers_there_are_no_rows():
    assert analyze_opinion(attribution_frame([])).layouts == ()
