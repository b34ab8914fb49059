import pandas as pd
import pytest

from evaluation.analyses.responses import check_responses, split_attention_checks
from tests.evaluation.analyses.response_frames import attribution_frame

COLUMNS = ("task", "annotator", "assignment", "attention_check", "choice")


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


def test_a_row_that_may_be_a_check_or_not_is_refused(responses):
    unknown = responses.astype({"attention_check": object})
    unknown.loc[0, "attention_check"] = None
    with pytest.raises(ValueError, match="attention_check must be true or false"):
        check_responses(unknown, COLUMNS)


def test_attention_checks_are_split_off(responses):
    ordinary, checks = split_attention_checks(responses)
    assert ordinary["choice"].tolist() == [4, 5]
    assert checks["choice"].tolist() == [7]
