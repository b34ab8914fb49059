"""The pages of all ways out of a study."""

import pytest
from django.test import Client

from annotations.models import Annotator, Assignment, Outcome, Participation, Place, Response
from annotations.services.closings import close_study
from tests.annotations.views.visits import address, held, join, make_study_of_one_place, send
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(client) -> Participation:
    """Has answered one task and is at the next one, in the browser `client`."""
    participation = join(client, make_open_study())
    send(client, held(participation), {"choice": 4})
    participation.refresh_from_db()
    return participation


def test_who_does_not_agree_leaves_no_row(client):
    study = make_open_study()
    assert f'href="{address("no_consent", study)}"' in client.get(address("start", study)).text
    page = client.get(address("no_consent", study))
    assert page.status_code == 200
    assert "nothing about you was stored" in page.text
    assert f'href="{address("start", study)}"' in page.text
    assert not Participation.objects.exists()
    assert not Annotator.objects.exists()


def test_who_agreed_before_is_led_to_withdrawing(client, person):
    page = client.get(address("no_consent", person.study))
    assert page.url == address("withdraw", person.study)


def test_a_tasks_page_leads_to_every_way_out(client, person):
    turn = held(person)
    text = client.get(address("assignment", person.study, turn.pk)).text
    for name in ("stop", "withdraw"):
        assert f'href="{address(name, person.study)}"' in text
    assert f'href="{address("report_task", person.study, turn.pk)}"' in text
    assert f'action="{address("decline", person.study, turn.pk)}"' in text


def test_a_correction_is_not_offered_to_be_declined(client, person):
    first = person.assignments.get(number=1)
    text = client.get(address("assignment", person.study, first.pk)).text
    assert "/decline/" not in text


# --- stop


def test_who_stops_hears_what_is_safe_and_how_to_come_back(client, person):
    study, turn = person.study, held(person)
    page = client.get(address("stop", study))
    assert "Tasks that you answered: 1." in page.text
    assert f"http://testserver{study.get_absolute_url()}" in page.text
    assert "in this browser" in page.text
    assert f'href="{address("assignment", study, turn.pk)}"' in page.text
    assert held(person) == turn  # looking changed nothing
    assert client.post(address("stop", study)).url == address("stopped", study)
    page = client.get(address("stopped", study))
    assert "You can close this page." in page.text
    assert f"http://testserver{study.get_absolute_url()}" in page.text
    turn.refresh_from_db()
    assert turn.state == Assignment.State.RETURNED
    assert person.completion_code not in page.text


def test_what_was_given_back_goes_to_others(client):
    study = make_study_of_one_place()
    participation = join(client, study)
    client.post(address("stop", study))
    assert held(join(Client(), study)).place == Place.objects.get()
    assert held(participation) is None


def test_who_stopped_comes_back_to_go_on(client, person):
    client.post(address("stop", person.study))
    assert client.get(address("start", person.study)).url == address("instructions", person.study)
    client.post(address("next", person.study))
    assert held(person).number == 2


def test_who_has_an_outcome_has_nothing_to_stop(client, person):
    close_study(study=person.study, at_once=True)
    assert client.get(address("stop", person.study)).url == address("thanks", person.study)


# --- withdraw


def test_withdrawing_is_asked_first(client, person):
    page = client.get(address("withdraw", person.study))
    assert "Withdraw from this study?" in page.text
    assert "none of them is used" in page.text
    person.refresh_from_db()
    assert person.withdrew_at is None


def test_who_withdrew_hears_it_with_the_code_for_that(client, person):
    study = person.study
    assert client.post(address("withdraw", study)).url == address("thanks", study)
    person.refresh_from_db()
    assert person.outcome == Outcome.WITHDREW
    page = client.get(address("thanks", study))
    assert "You have withdrawn." in page.text
    assert "Nothing that you answered is used." in page.text
    assert person.outcome_code in page.text
    assert person.completion_code not in page.text
    assert "See whether a task became free" not in page.text
    assert f'data-forget="{person.pseudonym}"' in page.text
    assert not Assignment.objects.filter(participation=person, counts=True).exists()
    assert Response.objects.get().answer == {"choice": 4}


def test_to_withdraw_again_changes_nothing(client, person):
    for _ in range(2):
        assert client.post(address("withdraw", person.study)).url == address("thanks", person.study)
    assert client.get(address("withdraw", person.study)).url == address("thanks", person.study)
    assert client.post(address("next", person.study)).url == address("thanks", person.study)
    assert held(person) is None


# --- decline


def decline(browser: Client, turn: Assignment):
    return browser.post(address("decline", turn.study, turn.pk))


def test_who_declines_is_given_the_next_task(client, person):
    turn = held(person)
    answer = decline(client, turn)
    following = held(person)
    assert following.task != turn.task
    assert answer.url == address("assignment", person.study, following.pk)
    page = client.get(address("assignment", person.study, turn.pk))
    assert page.status_code == 409
    assert "You declined this task" in page.text


def test_more_than_may_be_declined_is_refused_with_the_ways_on(client, person):
    decline(client, held(person))
    turn = held(person)
    page = decline(client, turn)
    assert page.status_code == 409
    assert "You were given 3 tasks and declined 1 of them; one in ten can be declined" in page.text
    assert f'href="{address("assignment", person.study, turn.pk)}"' in page.text
    assert f'href="{address("stop", person.study)}"' in page.text
    assert held(person) == turn


def test_an_answered_task_is_not_declined(client, person):
    first = person.assignments.get(number=1)
    page = decline(client, first)
    assert page.status_code == 409
    assert "You answered this task already" in page.text
    first.refresh_from_db()
    assert first.state == Assignment.State.SUBMITTED


def test_an_answer_after_declining_is_kept_and_not_used(client, person):
    turn = held(person)
    decline(client, turn)
    page = send(client, turn, {"choice": 3})
    assert page.status_code == 409
    assert (
        "You had declined this task. Your answer is kept under a random name, but it is not used."
        in page.text
    )
    assert turn.responses.get().late is True


def test_strangers_and_others_change_nothing(client, person):
    study, turn = person.study, held(person)
    other, stranger = Client(), Client()
    join(other, study)
    assert decline(other, turn).status_code == 404
    assert decline(stranger, turn).status_code == 403
    for name in ("stop", "withdraw"):
        assert stranger.post(address(name, study)).url == address("start", study)
        assert other.post(address(name, study)).status_code == 302
    assert held(person) == turn
    person.refresh_from_db()
    assert (person.withdrew_at, person.declined) == (None, 0)


@pytest.mark.parametrize("name", ["stop", "stopped", "withdraw"])
def test_nobody_is_led_to_the_beginning(name):
    study = make_open_study()
    assert Client().get(address(name, study)).url == address("start", study)


# --- cookies cleared in the middle


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_browser_that_forgot_its_person_hears_what_is_safe_and_how_to_go_on(client, person, is_sent):
    turn, study = held(person), person.study
    client.cookies.clear()
    page = send(client, turn, {"choice": 2}) if is_sent else client.get(address("assignment", study, turn.pk))
    assert page.status_code == 403
    assert ("What you just sent was not stored" in page.text) is is_sent
    assert "The answers that you sent before are safe" in page.text
    assert "in the browser in which you began" in page.text
    assert f'href="{address("start", study)}"' in page.text
    assert Response.objects.count() == 1
