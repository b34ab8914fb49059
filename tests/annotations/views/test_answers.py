"""What a task's page sends: answers, answers that are none, and what the page says of itself."""

import re

import pytest

from annotations.models import Assignment, Response
from annotations.services.participations import withdraw
from tests.annotations.views.visits import (
    address,
    as_measured,
    begin_earlier,
    fields_of,
    held,
    join,
    make_study_of_one_place,
    page_fields,
    send,
)
from tests.factories import make_cohyponym_prompt_set, make_open_study, make_run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"choice": "0"}, "“0” is not one of the seven answers"),
        ({"choice": "8"}, "“8” is not one of the seven answers"),
        ({}, "Choose one of the seven answers."),
    ],
)
def test_a_rating_that_is_none_is_sent_back(client, answer, message):
    turn = held(join(client, make_open_study()))
    page = send(client, turn, answer)
    assert page.status_code == 422
    assert message in page.text
    turn.refresh_from_db()
    assert turn.state == Assignment.State.CLAIMED
    assert not Response.objects.exists()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"objects": ["cat", "zebra-unicorn"]}, "“zebra-unicorn” is not on the list"),
        ({"objects": ["cat", "cat"]}, "this came twice: cat"),
        ({"objects": ["cat"], "none": "on"}, "only one of the two can be right"),
        ({}, "Tick every object you see"),
    ],
)
def test_objects_that_cannot_be_are_sent_back_with_what_was_ticked(client, answer, message):
    turn = held(join(client, make_open_study("object_presence")))
    page = send(client, turn, answer)
    assert page.status_code == 422
    assert message in page.text
    assert page.context["form"]["objects"].value() == answer.get("objects", [])
    assert not Response.objects.exists()


def shown_objects(page) -> list[str]:
    return re.findall(r'name="objects" value="(.*?)"', page.text)


def test_objects_stand_in_the_same_order_on_every_page_of_a_person(client):
    """Of the next task, of a correction, of what is sent back, and of what a script is given."""
    pairs = [("cat", "dog", True), ("bus", "pizza", False), ("cat", "zebra", False)]
    study = make_open_study("object_presence", make_run(make_cohyponym_prompt_set(pairs)))
    person = join(client, study)
    order = [study.options["objects"][index] for index in person.option_order]
    assert order != study.options["objects"]
    first = held(person)
    pages = [client.get(address("assignment", study, first.pk)), send(client, first, {})]
    by_script = {"X-Requested-With": "fetch"}
    fields = {**page_fields(), "objects": ["cat"]}
    pages.append(client.post(address("assignment", study, first.pk), fields, headers=by_script))
    pages.append(client.get(address("assignment", study, first.pk)))
    assert [page.status_code for page in pages] == [200, 422, 200, 200]
    assert [shown_objects(page) for page in pages] == [order] * 4


@pytest.mark.parametrize(
    "changes",
    [
        {"page-token": "x"},
        {"page-token": ""},
        {"page-base": "x"},
        {"page-base": "-1"},
    ],
)
def test_a_damaged_page_is_sent_back_with_the_choice(client, changes):
    turn = held(join(client, make_open_study()))
    page = send(client, turn, {"choice": "4"}, **changes)
    assert page.status_code == 422
    assert "reached us damaged" in page.text
    assert page.context["form"]["choice"].value() == "4"
    assert not Response.objects.exists()
    # The page that came back is whole.
    assert list(fields_of(page)) == ["page-token", "page-base", "page-measured"]
    assert send(client, turn, {"choice": "4"}, **fields_of(page)).status_code == 302
    assert Response.objects.get().answer == {"choice": 4}


@pytest.mark.parametrize("answered", [10**11, 4_000_000_000, 60_001])
def test_nothing_takes_longer_than_since_the_task_was_claimed(client, answered):
    turn = held(join(client, make_open_study()))
    begin_earlier(turn, minutes=1)
    forged = {"page-measured": as_measured(answered=answered)}
    assert send(client, turn, {"choice": 4}, **forged).status_code == 302
    response = Response.objects.get()
    assert 60_000 <= response.milliseconds < 120_000 or answered == 60_001
    assert response.flags == ([] if response.milliseconds == answered else ["bounded"])


def test_nothing_takes_longer_than_a_day(client):
    turn = held(join(client, make_open_study()))
    begin_earlier(turn, days=3)
    send(client, turn, {"choice": 4}, **{"page-measured": as_measured(answered=10**11)})
    assert Response.objects.get().milliseconds == 86_400_000


def test_without_the_pages_script_no_time_is_made_up_and_nothing_was_painted(client):
    turn = held(join(client, make_open_study()))
    begin_earlier(turn, seconds=30)
    send(client, turn, {"choice": 2}, **{"page-measured": ""})
    response = Response.objects.get()
    assert (response.milliseconds, response.painted, response.layout) == (None, "unknown", {})


@pytest.mark.parametrize("forged", ["nonsense", "x" * 100_000, "[" * 1000, '{"answered": "soon"}'])
def test_what_a_page_says_of_itself_keeps_no_answer_from_being_stored(client, forged):
    turn = held(join(client, make_open_study()))
    page = send(client, turn, {"choice": 2}, **{"page-measured": forged})
    assert page.status_code == 302
    response = Response.objects.get()
    assert (response.answer, response.painted) == ({"choice": 2}, "unknown")
    assert response.flags in (["unreadable"], ["damaged"])


def test_what_was_painted_and_looked_at_is_stored(client):
    turn = held(join(client, make_open_study()))
    begin_earlier(turn, seconds=30)
    shown = {"viewport": [360, 512], "input": "touch", "enlarged": 1}
    said = as_measured(visible=[[300, 2000], [3000, 4500]], interrupted=True, **shown)
    send(client, turn, {"choice": 2}, **{"page-measured": said})
    response = Response.objects.get()
    assert (response.painted, response.painted_milliseconds) == ("painted", 300)
    assert response.visible_spans == [[300, 2000], [3000, 4500]]
    assert response.layout == shown
    turn.refresh_from_db()
    assert turn.interrupted


def test_sending_a_page_twice_stores_once_and_answers_the_same(client):
    turn = held(join(client, make_open_study()))
    fields = {**page_fields(), "choice": 4}
    first, second = (client.post(address("assignment", turn.study, turn.pk), fields) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.url == second.url
    assert Response.objects.count() == 1


def test_the_pages_script_is_told_where_to_go_when_no_task_comes(client):
    participation = join(client, make_study_of_one_place())
    turn = held(participation)
    answer = client.post(
        address("assignment", turn.study, turn.pk),
        {**page_fields(), "choice": 4},
        headers={"X-Requested-With": "fetch"},
    )
    assert answer.json() == {"next": address("thanks", turn.study)}


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
@pytest.mark.parametrize("character", ["x", "9"])
def test_a_choice_that_is_very_long_is_not_shown_again(client, kind, character):
    turn = held(join(client, make_open_study(kind)))
    name = "choice" if kind == "attribution" else "objects"
    page = send(client, turn, {name: 100_000 * character})
    assert page.status_code == 422
    assert 30 * character in page.text
    assert 50 * character not in page.text
    assert not Response.objects.exists()


def test_an_answer_after_withdrawing_is_not_stored_and_leads_to_where_that_is_said(client):
    person = join(client, make_open_study())
    first = held(person)
    send(client, first, {"choice": 2})
    second = held(person)
    withdraw(participation=person)
    for turn in (first, second):
        answer = send(client, turn, {"choice": 5})
        assert (answer.status_code, answer.url) == (302, address("thanks", turn.study))
        assert client.get(address("assignment", turn.study, turn.pk)).url == address("thanks", turn.study)
    assert list(Response.objects.values_list("answer", flat=True)) == [{"choice": 2}]
