"""The report of a study of object presence, against numbers worked out by hand."""

import json
import math

import pytest

from evaluation.documents.content import Section
from tests.evaluation.studies import make_ticked_study, sections_of, texts
from tests.factories import answer_turn, make_open_study

pytestmark = pytest.mark.django_db

TICKS = {
    # cat 3, dog 2: both are among the two most picked, both have two votes, the dog's are not all.
    ("cat", "dog", True): [("cat", "dog"), ("dog", "cat"), ("cat",)],
    # bench 3, cake 2, pizza 1: the bench and the cake are shown; the pizza of the prompt is not.
    ("bench", "pizza", False): [("bench",), ("bench", "cake"), ("cake", "bench", "pizza")],
    # Two of three annotators: incomplete.
    ("cup", "bowl", True): [("cup", "bowl"), ("cup", "bowl")],
}
NOTHING = "undefined (no data)"


def sections(study) -> tuple[Section, ...]:
    return sections_of(study)


def shown(study, table: str) -> list[list[str]]:
    return texts({"sections": [section.document() for section in sections(study)]}, table)


def test_every_image_shows_its_votes_and_its_verdict():
    images = {row[1]: row[2:] for row in shown(make_ticked_study(TICKS), "images")}
    assert images == {
        "a cat and a dog": ["3", "cat 3, dog 2", "cat, dog", "scored", "yes"],
        "a bench and a pizza": ["3", "bench 3, cake 2, pizza 1", "bench, cake", "scored", "no"],
        "a cup and a bowl": ["2", "cup 2, bowl 2", "", "incomplete", ""],
    }


def test_the_flow_accounts_for_every_image():
    assert dict(shown(make_ticked_study(TICKS), "flow")) == {
        "responses collected": "8",
        "to attention checks (never analysed)": "0",
        "images with a response": "3",
        "incomplete: fewer than 3 responses so far": "1",
        "prompt without objects, or with more than 2": "0",
        "images scored": "2",
    }


def test_accuracy_by_group_and_rule():
    # Wilson: 1 of 1 [0.2065, 1], 0 of 1 [0, 0.7935], 1 of 2 [0.0945, 0.9055], 0 of 2 [0, 0.6576].
    all_of_one, none_of_one, half = "100.0 % [20.7, 100.0]", "0.0 % [0.0, 79.3]", "50.0 % [9.5, 90.5]"
    first, second, third = (
        "among the 2 most picked",
        "picked by at least two annotators",
        "picked by everybody",
    )
    assert shown(make_ticked_study(TICKS), "accuracy") == [
        [first, "cohyponyms", "1", "1", "1", all_of_one],
        [first, "others", "1", "1", "0", none_of_one],
        [first, "all", "2", "2", "1", half],
        [second, "cohyponyms", "1", "1", "1", all_of_one],
        [second, "others", "1", "1", "0", none_of_one],
        [second, "all", "2", "2", "1", half],
        [third, "cohyponyms", "1", "1", "0", none_of_one],
        [third, "others", "1", "1", "0", none_of_one],
        [third, "all", "2", "2", "0", "0.0 % [0.0, 65.8]"],
    ]


def test_the_comparison_says_infinity_one_and_undefined_where_it_must():
    most_picked, _, unanimous = shown(make_ticked_study(TICKS), "comparison")
    # 1 of 1 against 0 of 1. Newcombe: 1 ± √(2 · 0.7935²) below, 1 above; h = 2 asin 1 = π.
    assert most_picked[1] == "100.0 % [−12.2, 100.0]"
    assert most_picked[2] == "1"
    assert most_picked[4:] == ["∞", f"{math.pi:.3g}"]
    # 0 of 1 against 0 of 1: no other outcome has as few successes, so that p is 1; the odds ratio is 0/0.
    assert unanimous[1].endswith("(all correct, or none: p is 1)")
    assert unanimous[2:] == ["1", "1", "undefined", "0"]


def test_the_comparison_says_which_boschloo_it_gives():
    (note,) = (
        table.note
        for section in sections(make_open_study("object_presence"))
        for table in section.tables
        if table.name == "comparison"
    )
    assert "Boschloo’s p is scipy’s, twice the smaller one-sided p and at most 1." in note


def test_an_infinite_odds_ratio_is_stored_as_json():
    study = make_ticked_study(TICKS)
    document = [section.document() for section in sections(study)]
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_objects_are_counted_over_scored_images():
    objects = {row[0]: row[1:] for row in shown(make_ticked_study(TICKS), "objects")}
    assert objects == {
        "bench": ["1", "1", "1", "0"],
        "cake": ["0", "1", "0", "1"],
        "cat": ["1", "1", "1", "0"],
        "dog": ["1", "1", "1", "0"],
        "pizza": ["1", "0", "0", "0"],
    }


def test_ties_go_to_whoever_came_first():
    # cup and bowl one vote each, after the fork's two: the cup was clicked first.
    ticks = {("cup", "fork", False): [("fork",), ("fork", "cup"), ("bowl",)]}
    ((*_, shown_objects, status, correct),) = shown(make_ticked_study(ticks), "images")
    assert (shown_objects, status, correct) == ("fork, cup", "scored", "yes")


def test_an_answer_sent_again_keeps_its_place_among_the_ties():
    # giraffe 3; horse and zebra one vote each, the horse's came first: the zebra of the prompt is not shown.
    ticks = {("giraffe", "zebra", True): [("giraffe", "horse"), ("giraffe", "zebra"), ("giraffe",)]}
    study = make_ticked_study(ticks)
    verdict = ["giraffe 3, horse 1, zebra 1", "giraffe, horse", "scored", "no"]
    assert shown(study, "images")[0][3:] == verdict
    first = study.assignments.order_by("pk").first()
    assert answer_turn(first, {"objects": ["giraffe", "horse"]}).revision == 1
    assert shown(study, "images")[0][3:] == verdict
    # A corrected answer, too, is as old as its first revision.
    answer_turn(first, {"objects": ["giraffe", "cow"]})
    assert shown(study, "images")[0][3:] == ["giraffe 3, cow 1, zebra 1", "giraffe, cow", "scored", "no"]


def test_without_answers_numbers_are_undefined_and_counts_are_zero():
    study = make_open_study("object_presence")
    assert {count for _, count in shown(study, "flow")} == {"0"}
    assert {row[-1] for row in shown(study, "accuracy")} == {NOTHING}
    assert {row[1] for row in shown(study, "comparison")} == {NOTHING}
    assert {cell for row in shown(study, "comparison") for cell in row[2:]} == {"undefined"}
    assert shown(study, "objects") == shown(study, "images") == []
    (figure,) = [figure for section in sections(study) for figure in section.figures]
    assert figure.name == "accuracy"


def test_one_annotator_per_image_can_be_judged_too():
    study = make_ticked_study({("cat", "dog", True): [("cat", "dog")]}, replicas=1)
    assert [row[0] for row in shown(study, "comparison")] == [
        "among the 2 most picked",
        "picked by everybody",
    ]
    assert shown(study, "accuracy")[0][-1] == "100.0 % [20.7, 100.0]"
