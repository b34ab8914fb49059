"""Turns are declined, or given back until later; problems are reported."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.errors import AssignmentNotYoursError, DeclineError, ReportError
from annotations.models import Assignment, Participation, Place, ProblemReport
from annotations.services.participations import erase_answers
from annotations.services.problems import MOST_OF_A_PERSON, report_problem
from annotations.services.turns import decline_assignment, leave_turns
from tests.annotations.services.rows import again, claim, four_images, one_image, person, submit

pytestmark = pytest.mark.django_db


def decline(turn: Assignment) -> None:
    decline_assignment(assignment=turn, participation=turn.participation)


def test_a_declined_task_is_given_to_others_and_never_again_to_who_declined_it():
    study = one_image()
    somebody, other = person(study), person(study)
    turn = claim(somebody)
    decline(turn)
    turn = again(turn)
    assert (turn.state, turn.declined, turn.counts) == (Assignment.State.RETURNED, True, True)
    assert again(somebody).declined == 1
    assert again(somebody).items_held == 0
    assert claim(somebody) is None
    assert claim(other).place == turn.place


def test_an_answer_to_a_declined_task_is_kept_and_never_used():
    study = one_image()
    turn = claim(person(study))
    decline(turn)
    assert submit(turn).late is True
    assert Place.objects.get().turn is None
    assert again(turn).state == Assignment.State.RETURNED
    assert claim(person(study)) is not None


@pytest.mark.breaks_rows
def test_a_declined_check_is_not_revived_either():
    study = four_images()
    turn = claim(person(study))
    Place.objects.filter(turn=turn).update(turn=None)
    Assignment.objects.filter(pk=turn.pk).update(place=None)
    Participation.objects.update(items_held=0, places_given=0)
    decline(again(turn))
    assert submit(again(turn)).late is True


def test_one_in_ten_can_be_declined_and_at_least_one():
    somebody = person(four_images())
    decline(claim(somebody))
    second = claim(somebody)
    with pytest.raises(DeclineError, match="given 2 tasks and declined 1 of them; one in ten"):
        decline(second)
    assert again(second).state == Assignment.State.CLAIMED
    assert again(somebody).declined == 1


@pytest.mark.breaks_rows
def test_of_twenty_turns_two_can_be_declined():
    somebody = person(four_images())
    decline(claim(somebody))
    Participation.objects.filter(pk=somebody.pk).update(turns=19)
    turn = claim(somebody)
    assert again(somebody).turns == 20
    decline(turn)
    with pytest.raises(DeclineError):
        decline(claim(somebody))


def test_to_decline_twice_is_to_decline_once():
    turn = claim(person(four_images()))
    decline(turn)
    decline(turn)
    assert again(turn.participation).declined == 1


def test_what_was_answered_cannot_be_declined():
    turn = claim(person(four_images()))
    submit(turn)
    with pytest.raises(DeclineError, match="answered this task already"):
        decline(turn)
    assert again(turn).state == Assignment.State.SUBMITTED


def test_what_ran_out_cannot_be_declined():
    turn = claim(person(four_images()))
    leave_turns(participation=turn.participation)
    with pytest.raises(DeclineError, match="was over already"):
        decline(turn)


def test_nobody_declines_for_somebody_else():
    study = four_images()
    turn, other = claim(person(study)), person(study)
    with pytest.raises(AssignmentNotYoursError):
        decline_assignment(assignment=turn, participation=other)


def test_who_stops_gives_the_task_and_the_next_one_back_and_can_go_on():
    study = four_images(replicas=1)
    somebody, other = person(study), person(study)
    submit(claim(somebody))
    turn = claim(somebody)
    assert Place.objects.filter(reserved_for=somebody).exists()
    assert leave_turns(participation=somebody) == 1
    assert not Place.objects.filter(reserved_for=somebody).exists()
    assert again(turn).state == Assignment.State.RETURNED
    assert again(turn).declined is False
    theirs = [submit(claim(other)).assignment.place for _ in range(3)]
    assert turn.place in theirs
    assert leave_turns(participation=somebody) == 0


def test_who_comes_back_has_the_task_that_was_given_back_unless_somebody_took_it():
    """To stop is no way around a task."""
    study = four_images(replicas=1, share_cap=0.5)
    somebody, other = person(study), person(study)
    turn = claim(somebody)
    leave_turns(participation=somebody)
    assert claim(somebody) == turn
    again_there = again(turn)
    assert (again_there.state, again_there.ended_at) == (Assignment.State.CLAIMED, None)
    assert again_there.set_aside is False
    assert (again(somebody).turns, again(somebody).items_held) == (1, 1)
    leave_turns(participation=somebody)
    Place.objects.filter(pk=turn.place_id).update(
        reserved_for=other, reserved_until=timezone.now() + timedelta(minutes=1)
    )
    assert claim(somebody) != turn
    submit(somebody.assignments.get(state="claimed"))
    assert Place.objects.get(pk=turn.place_id).turn is None


def test_what_was_declined_is_not_given_back_to_who_comes_back():
    somebody = person(four_images())
    turn = claim(somebody)
    decline(turn)
    leave_turns(participation=somebody)
    assert claim(somebody) != turn


def test_who_stops_and_answers_after_all_is_heard_while_the_place_is_free():
    turn = claim(person(four_images()))
    leave_turns(participation=turn.participation)
    assert submit(turn).late is False


@pytest.mark.breaks_rows
def test_a_check_waits_for_its_person():
    """To stop is no way around checks."""
    study = four_images()
    somebody = person(study)
    turn = claim(somebody)
    Place.objects.filter(turn=turn).update(turn=None)
    Assignment.objects.filter(pk=turn.pk).update(place=None)
    assert leave_turns(participation=somebody) == 0
    assert again(turn).state == Assignment.State.CLAIMED


def report(participation: Participation, **said) -> ProblemReport:
    return report_problem(**{"participation": participation, "assignment": None, "kind": "other", **said})


def test_a_report_says_of_which_task_it_is():
    turn = claim(person(four_images()))
    made = again(report(turn.participation, assignment=turn, text="It is upside down."))
    assert (made.study, made.participation, made.assignment) == (turn.study, turn.participation, turn)
    assert (made.kind, made.text) == ("other", "It is upside down.")
    assert made.created_at >= turn.claimed_at


def test_nobody_reports_somebody_elses_task():
    study = four_images()
    turn, other = claim(person(study)), person(study)
    with pytest.raises(AssignmentNotYoursError):
        report(other, assignment=turn)


def test_somebody_is_heard_so_often_and_not_more():
    study = four_images()
    somebody = person(study)
    for _ in range(MOST_OF_A_PERSON):
        report(somebody)
    with pytest.raises(ReportError, match="You have reported 20 problems"):
        report(somebody)
    report(person(study))


def test_reports_are_erased_with_the_person():
    study = four_images()
    turn = claim(person(study))
    other = report(person(study))
    report(turn.participation, assignment=turn)
    erase_answers(participation=turn.participation)
    assert ProblemReport.objects.get() == other
    with pytest.raises(ReportError, match="nothing more of yours is stored"):
        report(turn.participation)


@pytest.mark.breaks_rows
@pytest.mark.parametrize(
    ("model", "changes", "name"),
    [
        (ProblemReport, {"kind": "poem"}, "problem_report_kind_known"),
        (Assignment, {"declined": True}, "assignment_declined_is_returned"),
        (Assignment, {"set_aside": True}, "assignment_set_aside_is_returned"),
        (Participation, {"declined": 99}, "participation_declined_at_most_its_turns"),
    ],
)
def test_the_database_refuses_what_cannot_be(model, changes, name):
    turn = claim(person(four_images()))
    report(turn.participation)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        model.objects.update(**changes)
