import pandas as pd
import pytest

from evaluation.analyses.responses import check_responses, split_counting
from tests.evaluation.analyses.response_frames import attribution_frame

COLUMNS = ("task", "annotator", "assignment", "role", "dropped", "choice")


@pytest.fixture
def responses():
    return attribution_frame([("NOUN", {"ann": 4, "bo": 5}), ("check", {"ann": 7})])


def test_a_frame_of_final_responses_passes(responses):
    check_responses(responses, COLUMNS)
    check_responses(responses.iloc[:0], COLUMNS)


def test_missing_columns_are_named(responses):
    with pytest.raises(ValueError, match="lacks the columns annotator, choice"):
        check_responses(responses.drop(columns=["choice", "annotator"]), COLUMNS)


def test_an_earlier_revision_beside_the_latest_is_refused(responses):
    both = pd.concat([responses, responses.iloc[[1]].assign(choice=2, revision=0)])
    with pytest.raises(ValueError, match=r"latest revision of each \(first: assignment 301\)"):
        check_responses(both, COLUMNS)


def test_an_annotator_who_saw_a_task_twice_is_refused(responses):
    twice = pd.concat([responses, responses.iloc[[1]].assign(assignment=999)])
    with pytest.raises(ValueError, match=r"one task \(first: task 1, annotator bo\)"):
        check_responses(twice, COLUMNS)


@pytest.mark.parametrize("column", ["role", "dropped"])
def test_a_row_that_does_not_say_whether_it_counts_is_refused(responses, column):
    unknown = responses.astype({column: object})
    unknown.loc[0, column] = None
    with pytest.raises(ValueError, match=f"the column {column} must not be empty in any row"):
        check_responses(unknown, COLUMNS)


def test_a_role_that_no_task_has_is_refused():
    frame = attribution_frame([("NOUN", {"ann": 4})]).assign(role="gold")
    with pytest.raises(
        ValueError, match="gold is no role of a task; roles are check, control, item, practice"
    ):
        check_responses(frame, COLUMNS)


def test_answers_are_split_by_the_role_of_their_task(responses):
    counting = split_counting(responses)
    assert counting.items["choice"].tolist() == [4, 5]
    assert counting.checks["choice"].tolist() == [7]
    assert counting.not_counting == ()


@pytest.mark.parametrize("role", ["control", "practice"])
def test_controls_and_practice_are_no_items(responses, role):
    counting = split_counting(responses.assign(role=[role, "item", "check"]))
    assert counting.items["choice"].tolist() == [5]
    assert counting.checks["choice"].tolist() == [7]
    assert counting.not_counting == ((f"{role} tasks", 1),)


def test_what_does_not_count_is_counted_by_its_reason():
    frame = attribution_frame(
        [("NOUN", {"ann": 1, "bo": 2, "cy": 3, "di": 4}), ("check", {"ann": 7, "bo": 6})]
    )
    counting = split_counting(frame.assign(dropped=["late", "excluded", "", "late", "late", ""]))
    assert counting.items["choice"].tolist() == [3]
    assert counting.checks["choice"].tolist() == [6]
    assert counting.not_counting == (("excluded", 1), ("late", 3))
