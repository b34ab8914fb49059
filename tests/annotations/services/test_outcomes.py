"""How participations come to their outcomes."""

from datetime import timedelta

import pytest
from django.db.models import F

from annotations.errors import StudyError, StudyNotOpenError
from annotations.models import Outcome, Participation, Response, Study
from annotations.services.closings import close_study, pause_study
from annotations.services.openings import open_study
from annotations.services.participations import withdraw
from annotations.services.reviews import exclude_annotator, undo_review
from annotations.services.turns import expire_due_turns
from tests.annotations.services.rows import (
    again,
    claim,
    four_images,
    leave_the_last_task_to_others,
    one_image,
    outcome,
    person,
    rate_everything,
    run_out,
    submit,
)
from tests.annotations.services.test_ratings import send
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


def waited(participation: Participation, **time: float) -> None:
    """As if this person's wait had begun that much earlier, and a place became free and was taken since."""
    Study.objects.update(reopenings=F("reopenings") + 1)
    Participation.objects.filter(pk=participation.pk).update(
        waiting_since=F("waiting_since") - timedelta(**time)
    )


@pytest.fixture
def searching(monkeypatch) -> Participation:
    searching = person(make_open_study(replicas=2))
    leave_the_last_task_to_others(searching, monkeypatch)
    return again(searching)


def test_who_answered_all_has_finished():
    somebody = person(four_images())
    assert outcome(somebody) == Outcome.NONE
    rate_everything(somebody)
    assert outcome(somebody) == Outcome.FINISHED
    assert again(somebody).outcome_code == somebody.completion_code


def test_who_reached_the_cap_has_finished_though_others_go_on():
    study = four_images(share_cap=0.25)
    somebody = person(study)
    assert len(rate_everything(somebody)) == 2
    assert outcome(somebody) == Outcome.FINISHED


def test_who_came_too_late_had_no_place_until_there_is_one():
    study = one_image()
    first, late = person(study), person(study)
    turn = claim(first)
    assert claim(late) is None
    assert outcome(late) == Outcome.NO_PLACE
    run_out(turn)
    expire_due_turns(study=study)
    theirs = claim(late)
    assert outcome(late) == Outcome.NONE
    submit(theirs)
    assert claim(late) is None
    assert outcome(late) == Outcome.FINISHED


def test_who_is_given_a_place_that_runs_out_just_then_has_not_finished():
    study = four_images(replicas=1)
    other, somebody = person(study), person(study)
    others = claim(other)
    turn = claim(somebody)
    for _ in range(2):
        turn = send(turn).claim.turn
    run_out(others)
    rated = send(turn)
    assert rated.claim.turn.place == others.place
    assert outcome(somebody) == Outcome.NONE


def test_who_looks_again_after_the_end_stays_finished():
    study = one_image(replicas=2)
    somebody, other = person(study), person(study)
    rate_everything(somebody)
    claim(other)
    assert claim(somebody) is None
    assert outcome(somebody) == Outcome.FINISHED


def test_exclusion_is_an_outcome_until_it_is_taken_back():
    somebody = person(four_images())
    rate_everything(somebody)
    review = exclude_annotator(participation=somebody, reason="Failed every check.")
    assert outcome(somebody) == Outcome.FAILED_CHECKS
    undo_review(review=review, reason="The checks were wrong.")
    assert outcome(somebody) == Outcome.FINISHED


def test_to_withdraw_twice_is_to_withdraw_once():
    somebody = person(four_images())
    submit(claim(somebody))
    first = withdraw(participation=somebody)
    second = withdraw(participation=somebody)
    assert first.withdrew_at == second.withdrew_at
    assert outcome(somebody) == Outcome.WITHDREW
    assert Response.objects.count() == 1


def test_closing_interrupts_who_had_not_finished_and_no_others():
    study = four_images(replicas=3)
    done, inside, gone, new = (person(study) for _ in range(4))
    rate_everything(done)
    submit(claim(inside))
    withdraw(participation=gone)
    close_study(study=study, at_once=True)
    found = [outcome(each) for each in (done, inside, gone, new)]
    assert found == [Outcome.FINISHED, Outcome.INTERRUPTED, Outcome.WITHDREW, Outcome.INTERRUPTED]
    assert again(inside).outcome_code not in ("", inside.completion_code)


def test_who_is_at_a_task_when_it_closes_finishes_that_and_is_interrupted_then():
    study = four_images()
    somebody, other = person(study), person(study)
    turn, others = claim(somebody), claim(other)
    close_study(study=study)
    assert outcome(somebody) == Outcome.NONE
    assert send(turn).claim is None
    assert outcome(somebody) == Outcome.INTERRUPTED
    assert outcome(other) == Outcome.NONE
    run_out(others)
    expire_due_turns(study=study)
    close_study(study=study, at_once=True)
    assert outcome(other) == Outcome.INTERRUPTED


def test_the_last_task_of_all_answered_while_it_closes_is_a_finish():
    study = one_image()
    somebody = person(study)
    turn = claim(somebody)
    close_study(study=study)
    send(turn)
    assert outcome(somebody) == Outcome.FINISHED


def test_a_pause_lets_those_inside_finish_and_nobody_else_begin():
    study = four_images()
    inside, arrived = person(study), person(study)
    submit(claim(inside))
    pause_study(study=study)
    assert len(rate_everything(inside)) == 3
    assert outcome(inside) == Outcome.FINISHED
    with pytest.raises(StudyNotOpenError):
        claim(arrived)
    assert outcome(arrived) == Outcome.NONE


def test_to_stop_everybody_interrupts_until_it_goes_on():
    study = four_images()
    inside = person(study)
    turn = claim(inside)
    pause_study(study=study, stop_everybody=True)
    assert outcome(inside) == Outcome.INTERRUPTED
    assert send(turn).claim is None  # what they are at is taken
    with pytest.raises(StudyNotOpenError):
        claim(inside)
    open_study(study=again(study))
    assert again(study).stops_everybody is False
    assert outcome(inside) == Outcome.INTERRUPTED
    assert claim(inside)
    assert outcome(inside) == Outcome.NONE


def test_a_paused_study_can_stop_everybody_later_and_only_once():
    study = four_images()
    pause_study(study=study)
    pause_study(study=study, stop_everybody=True)
    assert study.stops_everybody is True
    with pytest.raises(StudyError, match="that goes on for somebody"):
        pause_study(study=study, stop_everybody=True)
    close_study(study=study)
    assert again(study).stops_everybody is False


def test_a_wait_of_five_minutes_is_an_interruption(searching):
    assert claim(searching) is None
    assert outcome(searching) == Outcome.NONE
    waited(searching, minutes=4)
    assert claim(searching) is None
    assert outcome(searching) == Outcome.NONE
    waited(searching, minutes=2)
    assert claim(searching) is None
    assert outcome(searching) == Outcome.INTERRUPTED


def test_a_wait_that_was_left_begins_anew(searching):
    claim(searching)
    waited(searching, hours=3)
    claim(searching)
    assert outcome(searching) == Outcome.NONE


def test_a_second_wait_is_an_interruption_of_its_own(searching):
    claim(searching)
    waited(searching, minutes=6)
    claim(searching)
    first = again(searching).interrupted_at
    waited(searching, hours=1)
    claim(searching)
    assert outcome(searching) == Outcome.NONE
    waited(searching, minutes=6)
    claim(searching)
    found = again(searching)
    assert found.outcome == Outcome.INTERRUPTED
    assert found.interrupted_at > first
    assert found.interrupted_at - found.waiting_since >= timedelta(minutes=5)


def test_who_goes_on_with_a_held_task_after_everybody_was_stopped_is_not_interrupted():
    study = four_images()
    somebody = person(study)
    turn = claim(somebody)
    pause_study(study=study, stop_everybody=True)
    open_study(study=study)
    assert claim(again(somebody)) == turn
    assert outcome(somebody) == Outcome.NONE


def test_who_is_given_a_task_after_the_wait_goes_on(searching):
    claim(searching)
    waited(searching, minutes=6)
    claim(searching)
    run_out(searching.study.assignments.filter(state="claimed").first())
    while claim(searching) is None:
        assert outcome(searching) == Outcome.INTERRUPTED
    assert outcome(searching) == Outcome.NONE
    assert again(searching).waiting_since is None


def test_who_has_finished_does_not_wait(searching):
    Participation.objects.filter(pk=searching.pk).update(finished_at=F("consented_at"))
    claim(searching)
    assert again(searching).waiting_since is None
    assert outcome(searching) == Outcome.FINISHED
