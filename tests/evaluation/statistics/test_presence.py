from datetime import UTC, datetime, timedelta

import pytest

from evaluation.statistics.presence import Submission, count_votes, is_correct, present_objects
from tests.evaluation.statistics.ways_of_missing import NO_TIMES

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def submission(annotator, minute, *objects):
    return Submission(annotator, NOON + timedelta(minutes=minute), list(objects))


def test_the_objects_of_most_annotators_are_present():
    submissions = [
        submission("ann", 0, "dog", "giraffe"),
        submission("bo", 1, "zebra", "giraffe"),
        submission("cy", 2, "giraffe", "zebra"),
    ]
    assert present_objects(submissions) == ["giraffe", "zebra"]
    assert count_votes(submissions) == {"dog": 1, "giraffe": 3, "zebra": 2}


def test_ties_go_to_the_earliest_submission_then_to_the_first_click():
    submissions = [
        submission("late", 9, "cat", "bus"),
        submission("early", 1, "zebra", "apple", "dog"),
        submission("middle", 5, "dog"),
    ]
    assert present_objects(submissions) == ["dog", "zebra"]
    assert present_objects(submissions, k=5) == ["dog", "zebra", "apple", "cat", "bus"]


def test_the_order_of_the_argument_does_not_matter():
    submissions = [submission("b", 0, "cat"), submission("a", 0, "dog"), submission("c", 0, "bus")]
    assert present_objects(submissions) == present_objects(submissions[::-1]) == ["dog", "cat"]


def test_duplicate_ticks_count_once():
    submissions = [
        submission("ann", 0, "cat", "cat", "cat"),
        submission("bo", 1, "dog"),
        submission("cy", 2, "dog"),
    ]
    assert present_objects(submissions, k=1) == ["dog"]


def test_one_annotator_is_one_vote_however_often_they_submit():
    submissions = [submission("ann", 0, "cat"), submission("ann", 1, "cat"), submission("bo", 2, "dog")]
    assert count_votes(submissions) == {"cat": 1, "dog": 1}


def test_an_image_where_nobody_ticked_shows_nothing():
    assert present_objects([submission("ann", 0), submission("bo", 1)]) == []
    assert present_objects([]) == []


@pytest.mark.parametrize("k", [0, -1, 1.5])
def test_k_must_be_a_positive_count(k):
    with pytest.raises(ValueError, match="k must"):
        present_objects([], k=k)


def test_objects_must_be_a_list():
    with pytest.raises(ValueError, match="list of names"):
        Submission("ann", NOON, "cat")
    with pytest.raises(ValueError, match="lists of names"):
        is_correct("cat", ["cat"])


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (["giraffe", "zebra"], True),
        (["zebra", "giraffe"], True),
        (["giraffe", "dog"], False),
        (["giraffe"], False),
        ([], False),
    ],
)
def test_correct_means_that_both_objects_are_present(present, expected):
    assert is_correct(["giraffe", "zebra"], present) is expected


def test_a_prompt_without_objects_is_neither_right_nor_wrong():
    with pytest.raises(ValueError, match="without objects"):
        is_correct([], ["cat"])


@pytest.mark.parametrize("missing", NO_TIMES, ids=repr)
def test_a_submission_without_a_time_is_refused(missing):
    with pytest.raises(ValueError, match="must have a time, but 'ann' has"):
        Submission("ann", missing, ["dog"])
