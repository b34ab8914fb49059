import re

import pytest

from annotations.models import Assignment, Opening, Place
from daamweb.projects.models import Event, Role
from tests.annotations.admin.pages import (
    CONFIRMED,
    STUDIES,
    State,
    button,
    change_page,
    study_in,
    text_of,
)
from tests.factories import make_project, make_study

pytestmark = pytest.mark.django_db

# What was done, the newest first.
WRITTEN = {
    (State.DRAFT, "open"): ["opening"],
    (State.OPEN, "pause"): ["paused"],
    (State.OPEN, "stop"): ["paused"],
    (State.PAUSED, "stop"): ["paused"],
    (State.OPEN, "close"): ["closed", "closing"],
    (State.OPEN, "close_at_once"): ["closed", "closing"],
    (State.PAUSED, "open"): ["resumed"],
    (State.PAUSED, "close"): ["closed", "closing"],
    (State.CLOSING, "close_at_once"): ["closed", "closing"],
}


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (State.DRAFT, {}),  # its button sends the whole page, see test_opening.py
        (State.OPENING, {}),
        (State.OPEN, {"Pause …": "pause", "Close for good …": "close"}),
        (State.PAUSED, {"Open again": "open", "Stop everybody …": "stop", "Close for good …": "close"}),
        (State.CLOSING, {"Close at once …": "close_at_once"}),
        (State.CLOSED, {}),
    ],
)
def test_every_state_offers_its_buttons(researcher_client, state, offered):
    study = study_in(state)
    page = text_of(researcher_client.get(change_page(study)))
    found = {value: change for change, value in re.findall(r'form="study-(\w+)" value="([^"]+)"', page)}
    assert found == offered
    for change in offered.values():
        assert f'<form id="study-{change}" method="post" action="{button(study, change)}">' in page


@pytest.mark.parametrize(
    ("state", "change", "after", "said"),
    [
        (State.DRAFT, "open", State.OPENING, "is being opened"),
        (State.OPEN, "pause", State.PAUSED, "is paused"),
        (State.OPEN, "stop", State.PAUSED, "is paused"),
        (State.PAUSED, "stop", State.PAUSED, "is paused"),
        (State.OPEN, "close", State.CLOSED, "is closed for good"),
        (State.OPEN, "close_at_once", State.CLOSED, "is closed for good"),
        (State.PAUSED, "open", State.OPEN, "is open"),
        (State.PAUSED, "close", State.CLOSED, "is closed for good"),
        (State.CLOSING, "close_at_once", State.CLOSED, "is closed for good"),
    ],
)
def test_a_button_changes_the_state_and_says_so(press, state, change, after, said):
    study = study_in(state)
    answer = press(button(study, change), **CONFIRMED)
    study.refresh_from_db()
    assert study.state == after
    assert answer.redirect_chain == [(change_page(study), 302)]
    assert f"“{study.name}” {said}" in text_of(answer)
    by_hand = Event.objects.exclude(actor=None)
    assert {(event.subject_id, event.actor_name) for event in by_hand} == {(study.pk, "researcher")}
    assert list(by_hand.values_list("action", flat=True)) == WRITTEN[state, change]


@pytest.mark.parametrize(
    ("state", "change"),
    [
        (State.DRAFT, "pause"),
        (State.DRAFT, "close"),
        (State.OPENING, "pause"),
        (State.OPENING, "close_at_once"),
        (State.OPEN, "open"),
        (State.CLOSING, "open"),
        (State.CLOSING, "pause"),
        (State.CLOSING, "stop"),
        (State.DRAFT, "stop"),
        (State.CLOSING, "close"),
        (State.CLOSED, "open"),
        (State.CLOSED, "pause"),
        (State.CLOSED, "close"),
        (State.CLOSED, "close_at_once"),
    ],
)
def test_a_button_that_makes_no_sense_any_more_explains_itself(press, pokes, state, change):
    study = study_in(state)
    answer = press(button(study, change), **CONFIRMED)
    (message,) = answer.context["messages"]
    assert message.level_tag == "error"
    assert f"'{study.name}' is {state}; " in str(message)
    study.refresh_from_db()
    assert study.state == state
    assert not Event.objects.exclude(actor=None).exists()
    assert pokes == []


def test_pausing_is_asked_with_both_choices(researcher_client):
    study = study_in(State.OPEN)
    page = text_of(researcher_client.post(button(study, "pause")))
    assert "Those who began may go on and finish." in page
    assert f'<form id="stop-everybody" method="post" action="{button(study, "stop")}">' in page
    study.refresh_from_db()
    assert study.state == State.OPEN
    page = text_of(researcher_client.post(button(study, "stop")))
    assert "It counts as interrupting them" in page
    researcher_client.post(button(study, "stop"), CONFIRMED)
    study.refresh_from_db()
    assert (study.state, study.stops_everybody) == (State.PAUSED, True)
    assert "study-stop" not in re.findall(
        r'form="([^"]+)"', text_of(researcher_client.get(change_page(study)))
    )


def test_a_get_changes_nothing(researcher_client):
    study = make_study()
    for change in ("open", "pause", "stop", "close", "close_at_once"):
        assert researcher_client.get(button(study, change)).status_code == 405
    researcher_client.get(change_page(study))
    researcher_client.get(STUDIES)
    study.refresh_from_db()
    assert study.state == State.DRAFT
    assert not Opening.objects.exists()
    assert not Place.objects.exists()
    assert not Assignment.objects.exists()


def test_unknown_buttons_and_studies_are_not_found(researcher_client):
    assert researcher_client.post(button(make_study(), "explode")).status_code == 404
    assert researcher_client.post("/admin/annotations/study/999/state/open/").status_code == 404


def test_observers_look_and_press_no_button(member_client, pokes):
    study, client = make_study(), member_client(Role.OBSERVER)
    page = client.get(change_page(study))
    assert page.status_code == 200
    assert "study-open" not in page.content.decode()
    assert client.post(button(study, "open"), CONFIRMED).status_code == 403
    study.refresh_from_db()
    assert study.state == State.DRAFT
    assert pokes == []


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.OWNER])
def test_researchers_and_owners_press_buttons(member_client, pokes, role):
    study, client = make_study(), member_client(role)
    assert "study-open" in client.get(change_page(study)).text
    client.post(button(study, "open"), CONFIRMED)
    study.refresh_from_db()
    assert study.state == State.OPENING


def test_who_is_not_in_the_project_finds_no_button(member_client, pokes):
    study = make_study()
    for client in (member_client(None), member_client(Role.OWNER, make_project())):
        assert client.post(button(study, "open"), CONFIRMED).status_code == 404
    study.refresh_from_db()
    assert study.state == State.DRAFT
