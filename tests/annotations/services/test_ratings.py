"""One transaction stores an answer and gives the next task."""

import uuid

import pytest

from annotations.errors import AssignmentNotYoursError
from annotations.measured import Measured
from annotations.models import Assignment, Place, Response
from annotations.services import ratings
from annotations.services.closings import pause_study
from annotations.services.ratings import Rated, rate
from annotations.services.turns import return_assignment
from tests.annotations.services.rows import claim, four_images, one_image, person

pytestmark = pytest.mark.django_db


def send(turn: Assignment, token: uuid.UUID | None = None, choice: int = 3) -> Rated:
    return rate(
        assignment=turn,
        participation=turn.participation,
        answer={"choice": choice},
        token=token or uuid.uuid4(),
        base=None,
        measured=Measured(),
    )


def test_what_was_promised_is_given_next_and_the_one_after_it_is_promised():
    turn = claim(person(four_images()))
    promised = Place.objects.get(reserved_for=turn.participation)
    rated = send(turn)
    assert rated.claim.turn.place == promised
    upcoming = Place.objects.get(reserved_for=turn.participation).task
    assert rated.claim.upcoming.payload == upcoming.payload
    assert rated.participation.answered == 1


def test_where_the_claim_fails_nothing_is_stored(monkeypatch):
    turn = claim(person(four_images()))

    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(ratings, "claim_locked", fail)
    with pytest.raises(RuntimeError):
        send(turn)
    turn.refresh_from_db()
    assert turn.state == Assignment.State.CLAIMED
    assert not Response.objects.exists()


def test_sent_twice_it_is_stored_once_and_brings_the_same_turn():
    turn, token = claim(person(four_images())), uuid.uuid4()
    first, again = send(turn, token), send(turn, token)
    assert first.response == again.response
    assert first.claim.turn == again.claim.turn
    assert again.claim.upcoming == first.claim.upcoming


def test_the_same_page_with_another_answer_gives_nothing():
    turn, token = claim(person(four_images())), uuid.uuid4()
    return_assignment(assignment=send(turn, token).claim.turn)
    rated = send(turn, token, choice=5)
    assert (rated.response.answer, rated.claim) == ({"choice": 3}, None)


@pytest.mark.parametrize("stop_everybody", [False, True])
def test_a_paused_study_stores_the_answer_and_goes_on_unless_everybody_is_stopped(stop_everybody):
    study = four_images()
    turn = claim(person(study))
    pause_study(study=study, stop_everybody=stop_everybody)
    rated = send(turn)
    assert (rated.claim is None, rated.response.late) == (stop_everybody, False)


def test_after_the_last_task_it_is_the_end():
    rated = send(claim(person(one_image())))
    assert (rated.claim.turn, rated.claim.ended) == (None, True)


def test_nobody_answers_for_somebody_else():
    study = four_images()
    turn, other = claim(person(study)), person(study)
    with pytest.raises(AssignmentNotYoursError):
        rate(
            assignment=turn,
            participation=other,
            answer={},
            token=uuid.uuid4(),
            base=None,
            measured=Measured(),
        )
