"""What a page told of itself, from its JSON to columns; by hand."""

import json
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from annotations.measured import Measured, parse_measured
from annotations.models import Assignment, Plan, Response
from annotations.services.participations import erase_answers
from evaluation.frames.pages import Rules, page_values, viewed_milliseconds
from evaluation.frames.responses import answered_turns, response_chunks, response_frame
from tests.evaluation.studies import file_frame, make_attribution_study, make_ticked_study
from tests.factories import answer_turn, give_turn, make_annotator, make_participation

pytestmark = pytest.mark.django_db

OVERLAY = "ab" * 32
# Painted after 400 ms; seen for 600 ms, then for another 1,500 ms: 2,100 ms in all.
TOLD = {
    "answered": 5000, "painted": 400, "first_input": 900, "visible": [[400, 1000], [3500, 5000]],
    "arrangement": "scrolling", "scheme": "dark", "direction": "rtl", "language": "es", "input": "touch",
    "viewport": [360, 512],
    "picture": [170, 128], "pixel_ratio": 275, "enlarged": 2, "overlay_hidden": 1,
    "overlay_sha256": OVERLAY, "interrupted": True,
}  # fmt: skip
COLUMNS = {
    "milliseconds": 5000, "painted": "painted", "painted_milliseconds": 400,
    "first_input_milliseconds": 900, "viewed_milliseconds": 2100,
    "visible_spans": "[[400, 1000], [3500, 5000]]", "interrupted": True, "input": "touch",
    "order_known": True, "arrangement": "scrolling", "viewport_width": 360, "viewport_height": 512,
    "picture_width": 170, "picture_height": 128, "pixel_ratio": 2.75, "scheme": "dark", "direction": "rtl",
    "enlarged": 2,
    "overlay_hidden": 1, "served_overlay_sha256": OVERLAY, "flags": [],
}  # fmt: skip


def told(**changes) -> Measured:
    """What the server makes of it. None: the page does not say it."""
    said = {name: value for name, value in {**TOLD, **changes}.items() if value is not None}
    return parse_measured(json.dumps(said))


def answer(measured: Measured, choice: int = 4) -> Assignment:
    """The turn of a study with one word, which somebody answered on such a page."""
    study = make_attribution_study({"dog": ("NOUN", ())})
    turn = give_turn(study.tasks.get(), make_participation(study, make_annotator()))
    answer_turn(turn, {"choice": choice}, measured=measured)
    return turn


def plan(turn: Assignment, **settings) -> None:
    """Have this be in its study's frozen plan."""
    frozen = Plan.objects.get(study=turn.study)
    frozen.settings |= settings
    frozen.save()


def row(turn: Assignment) -> dict:
    turn.study.refresh_from_db()
    (found,) = file_frame(turn.study).to_dict("records")
    return found


@pytest.mark.parametrize(
    ("spans", "milliseconds"),
    [([], None), ([[400, 1000]], 600), ([[400, 1000], [3500, 5000]], 2100), ([[7, 7]], 0)],
)
def test_how_long_it_was_looked_at_is_the_sum_of_its_spans(spans, milliseconds):
    assert viewed_milliseconds(spans) == milliseconds


def test_a_row_has_everything_that_its_page_told():
    turn = answer(told())
    image = turn.task.generation.image_sha256
    Assignment.objects.update(language="de")
    found = row(turn)
    assert {name: found[name] for name in COLUMNS} == COLUMNS
    assert (found["language"], found["image_sha256"]) == ("es", image)  # of the page, not of the turn
    assert found["served_image_sha256"] is None


def test_a_page_without_a_script_tells_nothing():
    found = row(answer(parse_measured("")))
    nothing = {**dict.fromkeys(COLUMNS), "painted": "unknown", "visible_spans": "[]", "flags": []}
    nothing |= {"interrupted": False, "order_known": False}
    assert {name: found[name] for name in COLUMNS} == nothing


def test_an_image_that_is_not_the_tasks_is_flagged():
    image = answer(told()).task.generation.image_sha256
    same, other = row(answer(told(image_sha256=image))), row(answer(told(image_sha256="0" * 64)))
    assert (same["served_image_sha256"], same["flags"]) == (image, [])
    assert (other["served_image_sha256"], other["image_sha256"]) == ("0" * 64, image)
    assert other["flags"] == ["other image"]


@pytest.mark.parametrize(
    ("seconds", "flags"), [(None, []), (2, []), (2.1, []), (2.101, ["fast"]), (3, ["fast"])]
)
def test_who_looked_for_less_than_the_plan_says_was_fast(seconds, flags):
    """They had the page for 5,000 ms, and saw the pictures for 2,100 ms."""
    turn = answer(told())
    plan(turn, min_seconds=seconds)
    assert row(turn)["flags"] == flags


def test_where_nothing_was_measured_nobody_was_fast():
    turn = answer(Measured(milliseconds=10))
    plan(turn, min_seconds=3)
    assert row(turn)["flags"] == []


def test_flags_stand_behind_those_that_are_stored():
    measured = replace(told(image_sha256="0" * 64, colour="red"), flags=("damaged",)).bounded(
        timedelta(seconds=1)
    )
    turn = answer(measured)
    plan(turn, min_seconds=3)
    assert row(turn)["flags"] == ["damaged", "bounded", "other image", "fast"]


def test_equal_flags_are_one_list_and_unequal_ones_are_not():
    layouts = ['{"image_sha256": "b"}', '{"image_sha256": "a"}', "{}", "{}"]
    stored = {
        "visible_spans": ["[[0, 9]]"] * 3 + ["[[0, 1]]"],
        "milliseconds": [1] * 4,
        "image_sha256": ["a"] * 4,
        "language": ["en"] * 4,
    }
    values = page_values(layouts, ['["bounded"]'] * 4, stored, Rules(least_milliseconds=5))
    assert values["flags"] == [["bounded", "other image"], ["bounded"], ["bounded"], ["bounded", "fast"]]
    assert values["flags"][1] is values["flags"][2]


@pytest.mark.parametrize(
    ("frozen", "dropped"),
    [({}, ""), ({"painted_only": False}, ""), ({"painted_only": True}, "not painted")],
)
def test_the_plan_says_whether_answers_count_whose_pictures_nobody_knows_painted(frozen, dropped):
    unknown, painted = answer(told(painted=None)), answer(told())
    for turn in (unknown, painted):
        plan(turn, **frozen)
    assert (row(unknown)["painted"], row(unknown)["dropped"]) == ("unknown", dropped)
    assert (row(painted)["painted"], row(painted)["dropped"]) == ("painted", "")


@pytest.mark.breaks_rows
def test_what_became_of_the_turn_comes_before_what_its_page_did_not_tell():
    turn = answer(told(painted=None))
    plan(turn, painted_only=True)
    Assignment.objects.update(counts=False, dropped="excluded")
    assert row(turn)["dropped"] == "excluded"
    Assignment.objects.update(counts=True, dropped="")
    Assignment.objects.update(state="expired")
    Response.objects.update(late=True)
    assert (row(turn)["dropped"], row(turn)["late"]) == ("late", True)


def test_all_revisions_have_times_layout_and_base_of_their_own():
    turn = answer(told(), choice=4)
    second = told(input="keyboard", visible=[[0, 1000]], painted=0, answered=1000, interrupted=None)
    answer_turn(turn, {"choice": 2}, measured=second)
    answer_turn(turn, {"choice": 5}, measured=parse_measured(""))
    turns = answered_turns(turn.study)
    (every,) = response_chunks(turn.study, turns, revisions="all")
    shown = ["revision", "choice", "dropped", "milliseconds", "viewed_milliseconds", "input", "order_known"]
    assert every[shown].astype(object).to_numpy().tolist() == [
        [0, 4, "corrected", 5000, 2100, "touch", True],
        [1, 2, "corrected", 1000, 1000, "keyboard", True],
        [2, 5, "", pd.NA, pd.NA, pd.NA, False],
    ]
    assert every["base"].tolist() == [pd.NA, 0, 1]
    assert every["submitted_at"].nunique() == 1
    assert every["revised_at"].is_monotonic_increasing
    assert every["revised_at"].nunique() == 3
    (last,) = response_chunks(turn.study, turns)
    pd.testing.assert_frame_equal(last, every[2:].reset_index(drop=True))


def test_what_was_erased_is_in_no_file_and_no_row_tells_of_it():
    turn = answer(told(image_sha256="0" * 64, colour="red"))
    assert (row(turn)["flags"], row(turn)["interrupted"]) == (["damaged", "other image"], True)
    erase_answers(participation=turn.participation)
    (empty,) = response_chunks(turn.study, answered_turns(turn.study), revisions="all")
    assert empty.empty
    stored = Response.objects.get()
    assert (stored.layout, stored.visible_spans, stored.flags) == ({}, [], [])
    assert not Assignment.objects.filter(interrupted=True).exists()


def test_ticks_without_a_script_have_no_known_order():
    study = make_ticked_study({("cat", "dog", True): [("dog", "cat")]})
    assert response_frame(study)["order_known"].tolist() == [True]
    Response.objects.update(milliseconds=None)
    assert response_frame(study)["order_known"].tolist() == [False]
    Response.objects.update(layout={"input": "mouse"})
    assert response_frame(study)["order_known"].tolist() == [True]
