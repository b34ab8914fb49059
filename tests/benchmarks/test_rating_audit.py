"""What the rows say is held against what annotators were told."""

import uuid

import pytest

from annotations.models import Place, Response, Study
from benchmarks.rating_audit import audit
from tests.factories import answer_next, make_annotator, make_open_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    """Two people have answered two tasks each, and hold another one."""
    study = make_open_study(replicas=2)
    for _ in range(2):
        annotator = make_annotator()
        for _ in range(2):
            answer_next(study, annotator, {"choice": 3})
    return study


def acknowledged() -> list[str]:
    return [str(token) for token in Response.objects.values_list("token", flat=True)]


def test_of_a_sound_study_nothing_is_wrong(study):
    answers = Response.objects.count()
    assert audit(acknowledged()) == {
        "acknowledged": answers, "stored": answers, "lost": 0, "over": 0, "under": 0, "twice": 0,
    }  # fmt: skip


def test_an_answer_that_was_acknowledged_and_is_not_stored_is_lost(study):
    assert audit([*acknowledged(), str(uuid.uuid4())])["lost"] == 1


def test_an_answer_that_came_and_was_never_acknowledged_is_not_lost(study):
    found = audit(acknowledged()[1:])
    assert (found["lost"], found["stored"] - found["acknowledged"]) == (0, 1)


@pytest.mark.breaks_rows
def test_a_task_with_more_answers_than_it_asks_for_is_over(study):
    Study.objects.update(replicas=1)  # both people answered the same tasks
    assert audit(acknowledged())["over"] > 0


@pytest.mark.breaks_rows
def test_an_answer_without_its_place_is_under(study):
    Place.objects.filter(pk=Place.objects.filter(turn__state="submitted").first().pk).update(turn=None)
    assert audit(acknowledged())["under"] == 1
