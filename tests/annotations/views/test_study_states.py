"""What annotators see of a study that is a draft, being opened, paused, closing or closed."""

import pytest
from django.test import Client
from django.urls import resolve

from annotations.jobs import sweep_studies
from annotations.models import Assignment, Participation, Response, Study
from annotations.models.studies import new_slug
from annotations.services.closings import close_study, pause_study
from annotations.services.openings import request_opening
from annotations.services.turns import expire_due_turns
from tests.annotations.views.visits import address, held, join, run_out, send
from tests.factories import make_open_study, make_study

pytestmark = pytest.mark.django_db
State = Study.State
PAGES = ("start", "instructions", "waiting", "thanks")


def stop(study: Study, state: str) -> None:
    """Bring an open study, at which somebody is at work, into this state; nobody goes on."""
    if state == State.PAUSED:
        pause_study(study=study, stop_everybody=True)
    else:
        close_study(study=study, at_once=state == State.CLOSED)
    assert study.state == state


@pytest.mark.parametrize("page", PAGES)
def test_a_draft_one_that_is_being_opened_and_a_wrong_address_are_not_found(client, page):
    opening = make_study()
    request_opening(study=opening)
    for hidden in (make_study(), opening):
        assert client.get(address(page, hidden)).status_code == 404
    missing = client.get(address(page, Study(slug="nowhere")))
    assert missing.status_code == 404
    assert "There is nothing here" in missing.text


def test_an_address_that_no_study_can_have_is_not_looked_up(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/s/%00/").status_code == 400  # as at any address with NUL
        assert client.get("/s/a%20b/").status_code == 404
    for _ in range(50):
        resolve(address("start", Study(slug=new_slug())))


@pytest.mark.parametrize(
    ("state", "status", "text"),
    [
        (State.PAUSED, 403, "This study takes a break."),
        (State.CLOSING, 410, "only what somebody is working on is still taken"),
        (State.CLOSED, 410, "It does not take answers any more."),
    ],
)
def test_a_study_that_is_not_open_says_so_to_who_is_new(client, state, status, text):
    study = make_open_study()
    other = join(Client(), study)
    stop(study, state)
    for page in (client.get(address("start", study)), client.post(address("start", study))):
        assert page.status_code == status
        assert text in page.text
    assert Participation.objects.get() == other


@pytest.mark.parametrize(
    ("state", "status"), [(State.PAUSED, 403), (State.CLOSING, 410), (State.CLOSED, 410)]
)
def test_who_took_part_hears_that_the_answers_are_stored_and_finds_no_completion_code(client, state, status):
    study = make_open_study()
    participation = join(client, study)
    send(client, held(participation), {"choice": 4})
    stop(study, state)
    for page in ("instructions", "waiting", "thanks"):
        answer = client.get(address(page, study))
        assert answer.status_code == status
        assert "Tasks that you answered: 1. Every one of these answers is stored." in answer.text
        assert participation.completion_code not in answer.text


def test_who_only_consented_has_no_completion_code_when_the_study_closes(client):
    study = make_open_study()
    participation = join(client, study)
    stop(study, State.CLOSED)
    page = client.get(address("start", study))
    assert page.status_code == 410
    assert participation.completion_code not in page.text


def test_who_finished_finds_the_completion_code_after_the_study_closed(client):
    study = make_open_study()
    participation = join(client, study)
    while turn := held(participation):
        send(client, turn, {"choice": 4})
    close_study(study=study)
    page = client.get(address("thanks", study))
    assert page.status_code == 200
    assert participation.completion_code in page.text
    assert "See whether a task became free" not in page.text


@pytest.mark.parametrize(("state", "status"), [(State.PAUSED, 403), (State.CLOSING, 410)])
def test_who_is_at_a_task_is_led_back_to_it_and_given_no_other(client, state, status):
    study = make_open_study()
    participation = join(client, study)
    turn = held(participation)
    stop(study, state)
    assert client.get(address("start", study)).url == address("assignment", study, turn.pk)
    assert client.get(address("assignment", study, turn.pk)).status_code == 200
    page = send(client, turn, {"choice": 4})
    assert page.url == address("start", study)
    assert Response.objects.get().assignment == turn
    assert held(participation) is None
    page = client.get(address("start", study))
    assert page.status_code == status
    participation.refresh_from_db()
    assert participation.outcome_code in page.text
    assert participation.completion_code not in page.text
    assert participation.assignments.count() == 1


def test_a_closing_study_is_closed_once_the_last_answer_is_there(client, pokes):
    study = make_open_study()
    turn = held(join(client, study))
    stop(study, State.CLOSING)
    sweep_studies()
    study.refresh_from_db()
    assert study.state == State.CLOSING
    send(client, turn, {"choice": 4})
    assert "only what somebody is working on is still taken" in client.get(address("start", study)).text
    sweep_studies()
    assert "It does not take answers any more." in client.get(address("start", study)).text
    study.refresh_from_db()
    assert study.state == State.CLOSED


def test_a_closing_study_takes_no_correction(client):
    study = make_open_study()
    participation = join(client, study)
    first = held(participation)
    send(client, first, {"choice": 4})
    stop(study, State.CLOSING)
    page = send(client, first, {"choice": 1})
    assert page.status_code == 410
    assert "What you just sent was not stored." in page.text
    assert "your earlier answer stays as it was" in page.text
    # and who is at another task is led to it
    assert f'href="{address("assignment", study, held(participation).pk)}"' in page.text
    assert Response.objects.get().answer == {"choice": 4}


def test_what_comes_too_late_while_a_study_closes_is_kept_and_not_used(client):
    study = make_open_study()
    turn = held(join(client, study))
    stop(study, State.CLOSING)
    run_out(turn)
    expire_due_turns(study=study)
    page = send(client, turn, {"choice": 4})
    assert page.status_code == 409
    assert "the time for this one was over" in page.text
    assert "it is not used" in page.text
    assert "someone else" not in page.text
    assert Response.objects.get().late is True
    turn.refresh_from_db()
    assert turn.state == Assignment.State.EXPIRED


def test_a_paused_study_takes_a_correction(client):
    study = make_open_study()
    turn = held(join(client, study))
    send(client, turn, {"choice": 4})
    stop(study, State.PAUSED)
    assert send(client, turn, {"choice": 1}).status_code == 302
    assert list(turn.responses.values_list("revision", "answer")) == [(0, {"choice": 4}), (1, {"choice": 1})]


def test_a_closed_study_takes_no_answer(client):
    study = make_open_study()
    turn = held(join(client, study))
    stop(study, State.CLOSED)
    page = send(client, turn, {"choice": 4})
    assert page.status_code == 410
    assert "What you just sent was not stored." in page.text
    assert client.get(address("assignment", study, turn.pk)).status_code == 410
    assert not Response.objects.exists()


def test_an_answer_that_arrived_before_closing_is_acknowledged_again_after_it(client):
    study = make_open_study()
    turn = held(join(client, study))
    fields = {"page-token": "6a8b7c1e-4f0d-4f6e-8d0f-0c3b5a1e2d4f", "page-base": ""}
    send(client, turn, {"choice": 4}, **fields)
    stop(study, State.CLOSED)
    assert send(client, turn, {"choice": 4}, **fields).url == address("start", study)
    assert "Tasks that you answered: 1. Every one" in client.get(address("start", study)).text
