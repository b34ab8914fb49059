from datetime import UTC, datetime

import pandas as pd
import pytest

from annotations.kinds.interface import Column
from annotations.kinds.registry import KINDS
from annotations.models import Response, Study
from annotations.services.identities import erase_person
from evaluation.analyses.cohyponyms import analysis as cohyponyms
from evaluation.analyses.opinion import analysis as opinion
from evaluation.frames import responses
from evaluation.frames.arrays import filled_array
from evaluation.frames.columns import ONLY_IN_FILES, columns_of
from evaluation.frames.responses import answered_turns, response_chunks, response_frame
from evaluation.frames.stored_columns import CommonColumn
from tests.evaluation.studies import (
    answer_task,
    file_frame,
    make_attribution_study,
    make_rated_study,
    make_ticked_study,
)
from tests.factories import answer_turn, make_annotator, make_open_study, make_participation, make_study

pytestmark = pytest.mark.django_db

# What a row says of a page that told nothing of how it was shown.
NOTHING_TOLD = {
    "language": "",
    "base": None,
    "late": False,
    "painted": "unknown",
    **dict.fromkeys(("painted_milliseconds", "first_input_milliseconds", "viewed_milliseconds")),
    "visible_spans": "[]",
    "interrupted": False,
    **dict.fromkeys(("input", "arrangement", "viewport_width", "viewport_height", "picture_width")),
    **dict.fromkeys(("picture_height", "pixel_ratio", "scheme", "direction", "enlarged", "overlay_hidden")),
    **dict.fromkeys(("served_image_sha256", "served_overlay_sha256")),
    "flags": [],
}
ONE_PAIR = {("cat", "dog", True): [("dog", "cat"), ()]}


def test_there_is_one_row_per_answer_in_the_order_of_first_submission():
    study = make_rated_study({"dog": ("NOUN", (6, 4, 5)), "runs": ("VERB", (1, 7, 2))})
    make_rated_study({"other": ("NOUN", (1, 1, 1))})
    frame = response_frame(study)
    assert len(frame) == 6
    assert list(frame["response"]) == list(
        Response.objects.filter(assignment__study=study).order_by("pk").values_list("pk", flat=True)
    )
    choices = {word: list(rows["choice"]) for word, rows in frame.groupby("word")}
    assert choices == {"dog": [6, 4, 5], "runs": [1, 7, 2]}


def test_a_corrected_answer_counts_once_with_its_last_revision():
    study = make_attribution_study({"dog": ("NOUN", ())})
    first = answer_task(study.tasks.get(), make_annotator(), {"choice": 2}, milliseconds=9500)
    answer_turn(first.assignment, {"choice": 3}, milliseconds=1500)
    last = answer_turn(first.assignment, {"choice": 5}, milliseconds=250)
    (row,) = response_frame(study).itertuples()
    assert (row.response, row.revision, row.choice, row.milliseconds) == (last.pk, 2, 5, 250)
    assert (row.submitted_at, row.revised_at) == (first.created_at, last.created_at)
    assert first.created_at < last.created_at
    assert Response.objects.count() == 3


def test_a_corrected_answer_keeps_its_place_in_the_order():
    study = make_attribution_study({"dog": ("NOUN", ())})
    first, _ = (answer_task(study.tasks.get(), make_annotator(), {"choice": choice}) for choice in (2, 3))
    answer_turn(first.assignment, {"choice": 5})
    assert list(response_frame(study)["choice"]) == [5, 3]


def test_a_row_says_what_was_judged():
    study = make_attribution_study({"dog": ("NOUN", ()), "runs": ("VERB", ())})
    task = study.tasks.get(payload__word="runs")
    annotator = make_annotator()
    response = answer_task(task, annotator, {"choice": 4}, milliseconds=7250)
    (row,) = file_frame(study).to_dict("records")
    generation = task.generation
    assert row == {
        "study": study.name,
        "task": task.pk,
        "task_position": task.position,
        "generation": generation.pk,
        "seed": 0,
        "prompt_id": generation.prompt_id,
        "prompt_external_id": "0",
        "prompt": "dog runs",
        "word_id": task.word_id,
        "word": "runs",
        "part_of_speech": "VERB",
        "role": "item",
        "annotator": make_participation(study, annotator).pseudonym,
        "assignment": response.assignment_id,
        "number": 1,
        "place": task.places.get(replica=0).pk,
        "replica": 0,
        "ended": "submitted",
        "dropped": "",
        "response": response.pk,
        "revision": 0,
        "submitted_at": pd.Timestamp(response.created_at),
        "revised_at": pd.Timestamp(response.created_at),
        "milliseconds": 7250,
        **NOTHING_TOLD,
        "image_sha256": generation.image_sha256,
        "order_known": True,
        "start": 4,
        "end": 8,
        "display": "veil",
        "choice": 4,
        "label": "good",
    }


def test_object_presence_keeps_lists_and_the_order_of_clicks():
    frame = response_frame(make_ticked_study(ONE_PAIR))
    assert list(frame["objects"]) == [["dog", "cat"], []]
    assert list(frame["prompt_objects"]) == [["cat", "dog"]] * 2
    assert list(frame["pair"]) == ["cat|dog"] * 2
    assert list(frame["cohyponyms"]) == [True, True]
    assert frame["word_id"].isna().all()


@pytest.mark.parametrize("kind", list(KINDS))
def test_types_are_the_same_with_and_without_rows(kind):
    study = make_open_study(kind)
    empty = response_frame(study)
    assert len(empty) == 0
    answer_task(study.tasks.first(), make_annotator(), {"choice": 4, "objects": ["dog"]})
    frame = response_frame(study)
    assert dict(empty.dtypes) == dict(frame.dtypes)
    whole = file_frame(study)
    assert list(whole.columns) == [column.name for column in columns_of(study)]
    assert list(frame.columns) == [name for name in whole.columns if name not in ONLY_IN_FILES]
    pd.testing.assert_frame_equal(whole[list(frame.columns)], frame)
    types = whole.dtypes.astype(str)
    assert types["task"] == types["assignment"] == "int64"
    assert types["role"] == types["dropped"] == "string"
    assert types["place"] == types["replica"] == types["base"] == "Int64"
    assert types["milliseconds"] == types["viewed_milliseconds"] == types["viewport_width"] == "Int32"
    assert types["late"] == types["interrupted"] == types["order_known"] == "bool"
    assert types["input"] == types["visible_spans"] == "string"
    assert (types["pixel_ratio"], types["flags"]) == ("Float64", "object")
    assert types["submitted_at"] == types["revised_at"] == "datetime64[us, UTC]"
    if kind == "attribution":
        assert types["choice"] == types["start"] == "Int64"
        assert types["word"] == types["part_of_speech"] == "string"
    if kind == "object_presence":
        assert types["cohyponyms"] == "boolean"


@pytest.mark.parametrize(
    ("kind", "needed"), [("attribution", opinion.COLUMNS), ("object_presence", cohyponyms.COLUMNS)]
)
def test_the_analyses_take_what_the_gate_gives(kind, needed):
    study = make_open_study(kind)
    assert set(needed) <= set(response_frame(study).columns)
    assert len(response_frame(make_study(kind))) == 0  # a draft


def test_attention_checks_are_marked_and_have_no_place():
    study = make_rated_study({"dog": ("NOUN", (4, 5, 3))}, checks={".": (7, 6, 5)})
    frame = response_frame(study)
    assert {word: set(rows["role"]) for word, rows in frame.groupby("word")} == {
        "dog": {"item"},
        ".": {"check"},
    }
    assert {word: rows["place"].isna().tolist() for word, rows in frame.groupby("word")} == {
        "dog": [False] * 3,
        ".": [True] * 3,
    }
    assert sorted(frame["replica"].dropna()) == [0, 1, 2]


def test_a_time_that_was_not_measured_is_empty():
    study = make_attribution_study({"dog": ("NOUN", ())})
    answer_task(study.tasks.get(), make_annotator(), {"choice": 2}, milliseconds=None)
    assert response_frame(study)["milliseconds"].isna().tolist() == [True]


def test_annotators_are_named_by_pseudonyms():
    first, second = (make_open_study() for _ in range(2))
    annotator, other = make_annotator(), make_annotator()
    for study in (first, second):
        for task in study.tasks.all():
            answer_task(task, annotator, {"choice": 3})
            answer_task(task, other, {"choice": 3})
    frames = [response_frame(study) for study in (first, second)]
    names = [set(frame["annotator"]) for frame in frames]
    assert [len(of_study) for of_study in names] == [2, 2]  # one name per person in a study
    assert names[0].isdisjoint(names[1])  # and another one in another study
    assert names[0] == {make_participation(first, person).pseudonym for person in (annotator, other)}
    assert set(response_frame(first)["annotator"]) == names[0]  # the same when asked again
    for frame in frames:
        everything = frame.to_csv()
        assert annotator.external_id not in everything
        assert other.external_id not in everything


def test_turns_answers_and_the_plan_are_read_with_a_query_each(django_assert_num_queries):
    study = Study.objects.get(pk=make_rated_study().pk)
    with django_assert_num_queries(3):
        assert len(response_frame(study)) == 15


@pytest.mark.parametrize("make", [make_rated_study, lambda: make_ticked_study(ONE_PAIR, replicas=2)])
def test_a_frame_is_what_its_chunks_are_together(make, monkeypatch):
    study = make()
    whole = response_frame(study)
    monkeypatch.setattr(responses, "READ_AT_ONCE", 4)
    chunks = list(response_chunks(study, answered_turns(study)))
    assert [len(chunk) for chunk in chunks[:-1]] == [4] * (len(chunks) - 1)
    pd.testing.assert_frame_equal(response_frame(study), whole)
    together = pd.concat(chunks, ignore_index=True)
    pd.testing.assert_frame_equal(together[list(whole.columns)], whole)


def test_chunks_hold_what_was_answered_when_they_began_each_answer_once(monkeypatch):
    """While others answer, correct what they answered, and have their answers erased."""
    study = make_attribution_study({"dog": ("NOUN", ()), "runs": ("VERB", ())})
    first, last = study.tasks.all()
    people = [make_annotator() for _ in range(3)]
    turns = [answer_task(first, person, {"choice": 3}).assignment for person in people]
    found = answered_turns(study)
    monkeypatch.setattr(responses, "READ_AT_ONCE", 1)
    read = []
    for number, chunk in enumerate(response_chunks(study, found)):
        read.append(list(zip(chunk["assignment"], chunk["choice"], strict=True)))
        if number == 0:
            answer_task(last, people[0], {"choice": 5})
            answer_turn(turns[0], {"choice": 1})
            answer_turn(turns[1], {"choice": 2})
            erase_person(participation=turns[2].participation, by=None)
    assert read == [[(turns[0].pk, 3)], [(turns[1].pk, 2)], []]
    assert sorted(response_frame(study)["choice"]) == [1, 2, 5]


def test_times_are_read_to_the_microsecond():
    study = make_rated_study()
    frame = response_frame(study)
    stored = Response.objects.order_by("assignment__submitted_at", "assignment")
    assert list(frame["submitted_at"]) == [answer.assignment.submitted_at for answer in stored]
    assert list(frame["revised_at"]) == [answer.created_at for answer in stored]
    Response.objects.update(created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))  # a whole second
    assert set(response_frame(study)["revised_at"]) == {pd.Timestamp("2026-01-02T03:04:05Z")}


def test_numbers_that_would_not_be_exact_are_refused_and_missing_ones_stay_missing():
    column = CommonColumn("place", "whole number", "A place.", path="place")
    assert filled_array(column, [None, 0, 2**53 - 1]).tolist() == [pd.NA, 0, 2**53 - 1]
    with pytest.raises(OverflowError, match="too large to be exact"):
        filled_array(column, [2**53])


def test_what_a_kind_gives_is_held_against_its_columns_type():
    with pytest.raises(TypeError, match="non-equivalent"):
        filled_array(Column("points", "whole number", "Points."), [2.5])
    with pytest.raises((TypeError, ValueError)):
        filled_array(Column("points", "whole number", "Points."), ["two"])
    assert filled_array(Column("names", "list", "Names."), [["a"], [], None]).tolist() == [["a"], [], None]
    assert filled_array(Column("is_so", "truth", "Whether."), [True, None]).tolist() == [True, pd.NA]
