"""Addresses and cookies that are not one's own, and pages that are only looked at."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotations.models import Participation, Response, Study
from annotations.services.closings import close_study, pause_study
from tests.annotations.views.visits import (
    address,
    held,
    join,
    make_study_of_one_place,
    picture,
    run_out,
    send,
)
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db
PAGES = (
    "start", "instructions", "waiting", "thanks", "next", "keep", "stop", "stopped", "withdraw", "no_consent",
    "report",
)  # fmt: skip


def pages_of(study: Study, *turns) -> list[str]:
    return [
        *(address(name, study) for name in PAGES),
        *(
            address(name, study, turn.pk)
            for name in ("assignment", "report_task", "decline")
            for turn in turns
        ),
        *(picture(name, turn.task) for name in ("image", "overlay") for turn in turns),
    ]


def assert_looking_changes_nothing(visitor: Client, pages: list[str]) -> None:
    for page in pages:
        for look in (visitor.get, visitor.head):
            with CaptureQueriesContext(connection) as queries:
                assert look(page).status_code < 500
            assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []


@pytest.mark.parametrize(
    "change", [None, pause_study, close_study, lambda study: close_study(study=study, at_once=True)]
)
def test_a_get_changes_nothing(client, change):
    study = make_open_study()
    participation = join(client, study)
    first = held(participation)
    send(client, first, {"choice": 3})
    second = held(participation)
    run_out(second)
    if change:
        change(study=study)
    for visitor in (client, Client()):
        assert_looking_changes_nothing(visitor, pages_of(study, first, second))


def test_a_get_changes_nothing_for_who_finished_or_lost_a_task(client):
    study = make_study_of_one_place()
    loser, winner = Client(), client
    lost = held(join(loser, study))
    run_out(lost)
    turn = held(join(winner, study))
    assert_looking_changes_nothing(loser, pages_of(study, lost))
    send(winner, turn, {"choice": 3})
    assert_looking_changes_nothing(winner, pages_of(study, turn))


@pytest.mark.parametrize("page", ["next", "keep"])
def test_what_changes_something_has_to_be_sent(client, page):
    study = make_open_study()
    join(client, study)
    assert client.get(address(page, study)).status_code == 405


def test_someone_elses_turn_is_not_found(client):
    study = make_open_study()
    turn = held(join(Client(), study))
    join(client, study)
    assert client.get(address("assignment", study, turn.pk)).status_code == 404
    assert send(client, turn, {"choice": 4}).status_code == 404
    assert not Response.objects.exists()


def test_somebody_elses_turn_at_a_task_that_one_has_answered_is_not_found(client):
    study = make_study_of_one_place()
    turn = held(join(client, study))
    run_out(turn)
    other = held(join(Client(), study))
    send(client, turn, {"choice": 4})
    assert client.get(address("assignment", study, other.pk)).status_code == 404
    assert send(client, other, {"choice": 4}).status_code == 404


def test_a_turn_of_another_study_is_not_found(client):
    study, other = make_open_study(), make_open_study()
    turn = held(join(client, study))
    join(client, other)
    assert client.get(address("assignment", other, turn.pk)).status_code == 404
    assert client.get(address("assignment", study, 2**70)).status_code == 404


def test_an_answer_of_an_unknown_browser_is_refused_with_a_way_on():
    study = make_open_study()
    turn = held(join(Client(), study))
    stranger = Client()
    page = send(stranger, turn, {"choice": 4})
    assert page.status_code == 403
    assert "do not recognise this browser" in page.text
    assert f'href="{address("start", study)}"' in page.text
    assert stranger.get(address("assignment", study, turn.pk)).status_code == 403


def test_a_page_without_the_csrf_token_is_refused_and_explained():
    study = make_open_study()
    strict = Client(enforce_csrf_checks=True)
    page = strict.post(address("start", study))
    assert page.status_code == 403
    assert "Allow cookies" in page.text
    assert not Participation.objects.exists()
