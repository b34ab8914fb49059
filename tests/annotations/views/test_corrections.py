"""Going back, two tabs, and pages older than what is stored."""

import uuid

import pytest

from annotations.models import Response
from tests.annotations.views.visits import address, fields_of, held, join, page_fields, send
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


def revisions(turn) -> list[tuple]:
    return list(turn.responses.order_by("revision").values_list("revision", "base", "answer"))


def sent_again(client, turn, page, **answer):
    """The page that came back, sent as it is, with this answer."""
    return send(client, turn, answer, **fields_of(page))


def test_going_back_shows_the_stored_answer_and_appends_a_correction(client):
    study = make_open_study()
    participation = join(client, study)
    first = held(participation)
    send(client, first, {"choice": 4})
    second = held(participation)
    page = client.get(address("assignment", study, second.pk))
    assert page.context["previous"] == address("assignment", study, first.pk)

    page = client.get(address("assignment", study, first.pk))
    assert "You answered this task before" in page.text
    assert page.context["form"]["choice"].value() == 4
    assert fields_of(page)["page-base"] == "0"
    assert page.context["previous"] is None
    answer = sent_again(client, first, page, choice=1)
    assert answer.url == address("assignment", study, second.pk)
    assert revisions(first) == [(0, None, {"choice": 4}), (1, 0, {"choice": 1})]
    assert client.get(address("assignment", study, first.pk)).context["form"]["choice"].value() == 1


def test_a_correction_counts_as_no_other_answer(client):
    study = make_open_study()
    participation = join(client, study)
    first = held(participation)
    send(client, first, {"choice": 4})
    submitted_at = type(first).objects.get(pk=first.pk).submitted_at
    send(client, first, {"choice": 1})
    participation.refresh_from_db()
    assert (participation.answered, participation.places_filled) == (1, 1)
    first.refresh_from_db()
    assert first.submitted_at == submitted_at
    assert "1 answered" in client.get(address("assignment", study, held(participation).pk)).text


def test_previous_leads_through_everything_that_was_answered(client):
    study = make_open_study()
    participation = join(client, study)
    turns = []
    for _ in range(2):
        turns.append(held(participation))
        send(client, turns[-1], {"choice": 4})
    first, second, third = (address("assignment", study, turn.pk) for turn in (*turns, held(participation)))
    assert client.get(third).context["previous"] == second
    assert client.get(second).context["previous"] == first


def test_the_same_page_with_another_answer_is_not_dropped_in_silence(client):
    turn = held(join(client, make_open_study()))
    token = uuid.uuid4()
    for choice in (4, 2):
        page = client.post(
            address("assignment", turn.study, turn.pk), {**page_fields(token=token), "choice": choice}
        )
    assert page.status_code == 409
    assert "Your answer “good” to this task is stored." in page.text
    assert page.context["form"]["choice"].value() == "2"
    assert fields_of(page)["page-token"] != str(token)
    assert sent_again(client, turn, page, choice=2).status_code == 302
    assert revisions(turn) == [(0, None, {"choice": 4}), (1, 0, {"choice": 2})]


def test_of_two_tabs_the_second_is_shown_what_the_first_stored_and_may_replace_it(client):
    study = make_open_study()
    participation = join(client, study)
    turn = held(participation)
    first, second = (client.get(address("assignment", study, turn.pk)) for _ in range(2))
    assert sent_again(client, turn, first, choice=5).status_code == 302
    page = sent_again(client, turn, second, choice=1)
    assert page.status_code == 409
    assert "Your answer “excellent” to this task is stored. Nothing was changed by this page" in page.text
    assert page.context["form"]["choice"].value() == "1"
    assert revisions(turn) == [(0, None, {"choice": 5})]
    following = held(participation)
    assert sent_again(client, turn, page, choice=1).url == address("assignment", study, following.pk)
    assert revisions(turn) == [(0, None, {"choice": 5}), (1, 0, {"choice": 1})]


def test_a_correction_from_an_old_revision_is_shown_what_is_stored_and_may_replace_it(client):
    study = make_open_study()
    turn = held(join(client, study))
    send(client, turn, {"choice": 4})
    old = client.get(address("assignment", study, turn.pk))
    send(client, turn, {"choice": 5})
    page = sent_again(client, turn, old, choice=1)
    assert page.status_code == 409
    assert "Your answer “excellent” to this task is stored." in page.text
    assert fields_of(page)["page-base"] == "1"
    assert Response.objects.count() == 2
    assert sent_again(client, turn, page, choice=1).status_code == 302
    assert revisions(turn) == [
        (0, None, {"choice": 4}),
        (1, 0, {"choice": 5}),
        (2, 1, {"choice": 1}),
    ]


def test_objects_that_are_stored_are_named_beside_those_that_were_sent(client):
    study = make_open_study("object_presence")
    turn = held(join(client, study))
    old = client.get(address("assignment", study, turn.pk))
    send(client, turn, {"objects": ["zebra", "cat"]})
    page = sent_again(client, turn, old, none="on")
    assert page.status_code == 409
    assert "Your answer “zebra, cat” to this task is stored." in page.text


def test_the_pages_script_gets_the_409_twice_so_that_the_browser_can_show_it(client):
    turn = held(join(client, make_open_study()))
    old = page_fields()
    send(client, turn, {"choice": 4})
    page = client.post(
        address("assignment", turn.study, turn.pk),
        {**old, "choice": 2},
        headers={"X-Requested-With": "fetch"},
    )
    assert page.status_code == 409
    assert page["Content-Type"].startswith("text/html")
    # The browser sends the very same page again.
    assert client.post(address("assignment", turn.study, turn.pk), {**old, "choice": 2}).status_code == 409
    assert revisions(turn) == [(0, None, {"choice": 4})]
