"""Closing asks first; it lets what is being rated be finished, or ends it at once."""

import pytest
from django.utils.formats import date_format

from annotations.models import Assignment, Response, Study, Verification
from annotations.services.claims import claim_assignment
from annotations.services.reviews import exclude_annotator
from tests.annotations.admin.pages import CONFIRMED, State, button, change_page, study_in, text_of
from tests.factories import answer_turn, give_turn, make_open_study, make_participation, make_study

pytestmark = pytest.mark.django_db

AT_ONCE = 'value="Close at once …"'


def study_with_somebody_at_work() -> tuple[Study, Assignment]:
    """Three tasks with three places each: the first has two answers, the second one, and one person is at the
    third."""
    study = make_open_study()
    first, second, third = study.tasks.all()
    one, other = make_participation(study), make_participation(study)
    for task, person in ((first, one), (first, other), (second, one)):
        answer_turn(give_turn(task, person), {"choice": 3})
    return study, give_turn(third, other)


def test_closing_asks_first_and_says_what_is_missing_and_who_is_at_work(researcher_client):
    study, _ = study_with_somebody_at_work()
    page = text_of(researcher_client.post(button(study, "close")))
    # 9 places, three answers; an attribution task is scored by two.
    assert "6 of 9 places have no answer that counts." in page
    assert "The report can say something of 1 of 3 tasks: those with at least 2 answers." in page
    assert "1 annotator is at a task right now" in page
    assert "whoever is at a task can finish it" in page
    assert 'value="Close for good"' in page
    assert f'<form id="at-once" method="post" action="{button(study, "close_at_once")}">' in page
    assert AT_ONCE in page
    study.refresh_from_db()
    assert study.state == State.OPEN


def test_where_nobody_is_at_work_closing_at_once_is_not_offered(researcher_client):
    page = text_of(researcher_client.post(button(make_open_study(replicas=1), "close")))
    assert "3 of 3 places have no answer that counts." in page
    assert "The report can say something of 0 of 3 tasks: those with at least 1 answer." in page
    assert "at a task right now" not in page
    assert AT_ONCE not in page


def test_an_answer_that_counts_no_more_is_missing_again(researcher_client):
    study, _ = study_with_somebody_at_work()
    exclude_annotator(participation=study.participations.first(), reason="failed every check")
    page = text_of(researcher_client.post(button(study, "close")))
    assert "8 of 9 places have no answer that counts." in page
    assert "of 0 of 3 tasks" in page


def test_closing_for_good_lets_what_is_being_rated_be_finished(researcher_client, press, pokes):
    study, turn = study_with_somebody_at_work()
    answer = press(button(study, "close"), **CONFIRMED)
    study.refresh_from_db()
    assert study.state == State.CLOSING
    assert study.closes_at == turn.lease_expires_at
    page = text_of(answer)
    assert "is closing: nothing new is given out, and who is at a task can finish it" in page
    assert AT_ONCE in page
    assert date_format(study.closes_at, "DATETIME_FORMAT") in page
    assert pokes == []
    answer_turn(turn, {"choice": 5})
    assert Response.objects.get(assignment=turn).late is False


def test_closing_with_nobody_at_work_closes_now_and_has_the_plan_verified(press, pokes):
    study = make_open_study()
    answer = press(button(study, "close"), **CONFIRMED)
    assert "is closed for good: no more answers are taken" in text_of(answer)
    study.refresh_from_db()
    assert study.state == State.CLOSED
    assert pokes == [("annotations.jobs.run_verification", (Verification.objects.get(study=study).pk,))]


@pytest.mark.parametrize("state", [State.OPEN, State.PAUSED, State.CLOSING])
def test_closing_at_once_asks_and_then_returns_what_is_being_rated(researcher_client, press, pokes, state):
    study = study_in(state)
    if state == State.OPEN:
        claim_assignment(participation=make_participation(study))
    page = text_of(researcher_client.post(button(study, "close_at_once")))
    assert "Whoever is at a task right now cannot send the answer." in page
    assert "9 of 9 places have no answer that counts." in page
    assert 'value="Close at once"' in page
    study.refresh_from_db()
    assert study.state == state

    answer = press(button(study, "close_at_once"), **CONFIRMED)
    study.refresh_from_db()
    assert study.state == State.CLOSED
    assert "is closed for good" in text_of(answer)
    assert set(study.assignments.values_list("state", flat=True)) <= {Assignment.State.RETURNED}
    assert [name for name, _ in pokes] == ["annotations.jobs.run_verification"]


def test_what_one_request_cannot_take_back_a_worker_does_and_the_page_says_so(monkeypatch, press, pokes):
    monkeypatch.setattr("annotations.services.closings.TURNS_AT_ONCE", 0)
    study, turn = study_with_somebody_at_work()
    answer = press(button(study, "close_at_once"), **CONFIRMED)
    assert "nothing new is given out, and a worker takes back what is being rated" in text_of(answer)
    assert "can finish it" not in text_of(answer)
    turn.refresh_from_db()
    assert turn.state == Assignment.State.CLAIMED
    assert pokes == [("annotations.jobs.go_on_stopping", (study.pk,))]


@pytest.mark.parametrize("change", ["stop", "close"])
def test_in_a_large_study_a_worker_writes_down_who_is_interrupted(monkeypatch, press, pokes, change):
    monkeypatch.setattr("annotations.services.closings.PEOPLE_AT_ONCE", 1)
    study, _ = study_with_somebody_at_work()
    press(button(study, change), **CONFIRMED)
    assert pokes == [("annotations.jobs.go_on_stopping", (study.pk,))]


def test_a_confirmation_that_comes_too_late_changes_nothing(press):
    """The page that asks was made while the study was open."""
    study = study_in(State.CLOSED)
    closed_at = study.closed_at
    answer = press(button(study, "close"), **CONFIRMED)
    assert "is closed; only an open or paused study can be closed" in text_of(answer)
    study.refresh_from_db()
    assert study.closed_at == closed_at
    assert "Close" not in text_of(answer).partition("submit-row")[2]


def test_a_draft_is_not_asked_about(researcher_client):
    answer = researcher_client.post(button(make_study(), "close"), follow=True)
    assert "is draft; only an open or paused study can be closed" in text_of(answer)
    assert answer.redirect_chain[-1][0] == change_page(Study.objects.get())
