"""More time for a task: asked by the page's script, two minutes before the lease is over."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotations.models import Assignment, Study
from annotations.services.claims import MOST_EXTENSIONS
from annotations.services.closings import close_study, pause_study
from tests.annotations.views.visits import address, held, join, run_out, send
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


def extend(client: Client, turn: Assignment):
    return client.post(address("extend", turn.study, turn.pk))


def begun(client: Client, study: Study) -> Assignment:
    """The second turn of somebody who has answered the first."""
    person = join(client, study)
    send(client, held(person), {"choice": 3})
    return held(person)


def seconds_left(turn: Assignment) -> float:
    turn.refresh_from_db()
    return (turn.lease_expires_at - timezone.now()).total_seconds()


@pytest.mark.parametrize("is_paused", [False, True])
def test_who_asks_has_the_whole_lease_again(client, is_paused):
    study = make_open_study(lease_minutes=20)
    turn = begun(client, study)
    Assignment.objects.filter(pk=turn.pk).update(lease_expires_at=timezone.now() + timedelta(seconds=90))
    if is_paused:
        pause_study(study=study)
    assert extend(client, turn).json() == {"seconds": 1200}
    assert 1190 < seconds_left(turn) <= 1200


def test_who_has_not_answered_yet_has_five_minutes_again(client):
    turn = held(join(client, make_open_study(lease_minutes=20)))
    assert extend(client, turn).json() == {"seconds": 300}


def test_there_are_ten_extensions_and_no_more(client):
    turn = held(join(client, make_open_study()))
    answers = [extend(client, turn).status_code for _ in range(MOST_EXTENSIONS + 1)]
    assert answers == [200] * 10 + [409]


def test_a_study_that_is_closing_gives_no_more_time(client):
    study = make_open_study()
    turn = held(join(client, study))
    close_study(study=study)
    left = seconds_left(turn)
    assert (extend(client, turn).status_code, extend(client, turn).json()) == (409, {"seconds": 0})
    assert abs(seconds_left(turn) - left) < 1


def test_a_turn_that_ended_is_not_extended(client):
    turn = held(join(client, make_open_study()))
    send(client, turn, {"choice": 3})
    assert extend(client, turn).status_code == 409


def test_a_lease_that_ran_out_unnoticed_is_extended(client):
    turn = held(join(client, make_open_study()))
    run_out(turn)
    assert extend(client, turn).status_code == 200


def test_nobody_extends_what_is_somebody_elses(client):
    study = make_open_study()
    turn = held(join(client, study))
    other = Client()
    join(other, study)
    left = seconds_left(turn)
    assert [extend(visitor, turn).status_code for visitor in (other, Client())] == [404, 403]
    assert abs(seconds_left(turn) - left) < 1


def test_the_page_knows_how_long_the_task_is_its_persons(client):
    study = make_open_study(lease_minutes=20)
    turn = begun(client, study)
    page = client.get(address("assignment", study, turn.pk))
    assert 1190 < page.context["lease_seconds"] <= 1200
    assert f'data-extend="{address("extend", study, turn.pk)}"' in page.text
    send(client, turn, {"choice": 3})
    assert client.get(address("assignment", study, turn.pk)).context["lease_seconds"] is None
