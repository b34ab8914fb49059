"""Turns whose time ran out: taken all the same while their place is free, later kept and not used."""

import pytest
from django.test import Client

from annotations.models import Assignment, Response
from annotations.services.turns import expire_due_turns, return_assignment
from tests.annotations.views.visits import address, held, join, make_study_of_one_place, run_out, send
from tests.factories import answer_turn, give_turn, make_open_study, make_participation

pytestmark = pytest.mark.django_db
State = Assignment.State


def expire(turn: Assignment) -> None:
    """Its lease is over, and the sweep was there."""
    run_out(turn)
    assert expire_due_turns(study=turn.study) == 1


def test_a_task_whose_time_ran_out_is_taken_while_nobody_has_noticed(client):
    turn = held(join(client, make_open_study()))
    run_out(turn)
    assert send(client, turn, {"choice": 4}).status_code == 302
    turn.refresh_from_db()
    assert (turn.state, turn.counts) == (State.SUBMITTED, True)


@pytest.mark.parametrize("end", [expire, lambda turn: return_assignment(assignment=turn)])
def test_a_turn_that_ended_is_revived_while_its_place_is_free(client, end):
    study = make_study_of_one_place()
    participation = join(client, study)
    turn = held(participation)
    end(turn)
    assert client.get(address("assignment", study, turn.pk)).status_code == 200
    page = send(client, turn, {"choice": 4})
    assert (page.status_code, page.url) == (302, address("thanks", study))
    turn.refresh_from_db()
    assert (turn.state, turn.counts, turn.place.turn) == (State.SUBMITTED, True, turn)
    assert Response.objects.get().late is False
    participation.refresh_from_db()
    assert (participation.answered, participation.places_filled, participation.items_held) == (1, 1, 1)


def test_a_turn_is_revived_though_its_annotator_has_gone_on(client):
    study = make_open_study(replicas=1)
    participation = join(client, study)
    turn = held(participation)
    expire(turn)
    client.post(address("next", study))
    following = held(participation)
    assert following not in (None, turn)
    page = send(client, turn, {"choice": 4})
    assert page.url == address("assignment", study, following.pk)
    assert Response.objects.get().late is False


def test_a_task_that_went_to_someone_else_says_so_and_leads_on(client):
    study = make_study_of_one_place()
    turn = held(join(client, study))
    run_out(turn)
    other = join(Client(), study)
    assert held(other).place == turn.place
    page = client.get(address("assignment", study, turn.pk))
    assert page.status_code == 409
    assert "This task went to someone else" in page.text
    assert "not answered in time" in page.text
    assert f'action="{address("next", study)}"' in page.text
    assert not Response.objects.exists()


@pytest.mark.parametrize("other_has_answered", [False, True])
def test_a_late_answer_is_kept_and_not_used(client, other_has_answered):
    study = make_study_of_one_place()
    participation = join(client, study)
    turn = held(participation)
    run_out(turn)
    other = join(Client(), study)
    taken = held(other)
    if other_has_answered:
        answer_turn(taken, {"choice": 5})
    page = send(client, turn, {"choice": 4})
    assert page.status_code == 409
    assert "Your answer is kept under a random name, but it is not used." in page.text
    assert f'action="{address("next", study)}"' in page.text
    kept = Response.objects.get(assignment=turn)
    assert (kept.answer, kept.late) == ({"choice": 4}, True)
    turn.refresh_from_db()
    assert turn.state == State.EXPIRED
    assert turn.place.turn == taken
    participation.refresh_from_db()
    assert (participation.answered, participation.places_filled, participation.items_held) == (1, 0, 0)
    if not other_has_answered:
        answer_turn(taken, {"choice": 5})
    assert list(Assignment.objects.analysed()) == [taken]
    # The late answer is nobody else's, and shown to nobody else.
    assert Response.objects.get(assignment=taken).answer == {"choice": 5}


def test_a_late_answer_that_is_sent_twice_is_stored_once(client):
    study = make_study_of_one_place()
    turn = held(join(client, study))
    run_out(turn)
    join(Client(), study)
    fields = {"page-token": "6a8b7c1e-4f0d-4f6e-8d0f-0c3b5a1e2d4f", "page-base": ""}
    for _ in range(2):
        page = send(client, turn, {"choice": 4}, **fields)
        assert page.status_code == 409
        assert "kept under a random name" in page.text
    assert Response.objects.count() == 1


def test_an_old_tab_is_told_that_its_task_went_to_someone_else_after_its_annotator_went_on(client):
    study = make_open_study(replicas=1)
    participation = join(client, study)
    turn = held(participation)
    expire(turn)
    give_turn(turn.task, make_participation(study))
    client.post(address("next", study))
    following = held(participation)
    assert following not in (None, turn)
    assert client.get(address("assignment", study, turn.pk)).status_code == 409
    page = send(client, turn, {"choice": 4})
    assert page.status_code == 409
    assert "it is not used" in page.text
    # Going on leads to the turn that is held, not to another one.
    assert client.post(address("next", study)).url == address("assignment", study, following.pk)


def test_who_lost_a_task_is_not_given_it_again(client):
    study = make_study_of_one_place()
    participation = join(client, study)
    turn = held(participation)
    expire(turn)
    assert client.post(address("next", study)).url == address("thanks", study)
    assert held(participation) is None
    assert participation.assignments.get() == turn


def test_progress_takes_a_late_answer_for_one_that_another_task_makes_up_for(client):
    study = make_open_study(share_cap=0.25)  # 2 of 9 places
    participation = join(client, study)
    turn = held(participation)
    expire(turn)
    give_turn(turn.task, make_participation(study))
    send(client, turn, {"choice": 4})
    for progress in ("1 of 2 answered", "2 of 3 answered"):
        page = client.get(client.post(address("next", study)).url)
        assert progress in page.text
        page = send(client, held(participation), {"choice": 4})
    assert page.url == address("thanks", study)
