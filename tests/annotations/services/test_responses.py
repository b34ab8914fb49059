import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.errors import AssignmentNotYoursError, StaleRevisionError, StudyNotOpenError
from annotations.models import Assignment, Participation, Place, Response
from annotations.services.closings import close_study, end_closing, pause_study
from annotations.services.reviews import exclude_annotator
from annotations.services.turns import expire_due_turns, return_assignment
from tests.annotations.services.rows import (
    again,
    claim,
    four_images,
    one_image,
    person,
    place_of,
    run_out,
    submit,
)

pytestmark = pytest.mark.django_db
State = Assignment.State


@pytest.fixture
def study():
    return four_images()


def test_an_answer_ends_its_turn_and_is_counted(study):
    participation = person(study)
    turn = claim(participation)
    response = submit(turn)
    turn, participation = again(turn), again(participation)
    assert (turn.state, turn.submitted_at, turn.revision) == (State.SUBMITTED, response.created_at, 0)
    assert (response.revision, response.base, response.late) == (0, None, False)
    assert (participation.answered, participation.items_held, participation.items_filled) == (1, 1, 1)
    assert participation.last_answer_at == response.created_at


def test_sending_one_page_twice_stores_once_and_answers_the_same(study):
    turn = claim(person(study))
    token = uuid.uuid4()
    first = submit(turn, token=token)
    second = submit(turn, ("dog",), token=token)
    assert (second.pk, second.answer) == (first.pk, {"objects": ["cat"]})
    assert Response.objects.count() == 1


def test_a_correction_is_appended_and_the_turn_keeps_its_first_time(study):
    turn = claim(person(study))
    first = submit(turn)
    second = submit(turn, ("dog",), base=0)
    assert (second.revision, second.base) == (1, 0)
    assert (again(turn).submitted_at, again(turn).revision) == (first.created_at, 1)
    assert Response.objects.final().get() == second


@pytest.mark.parametrize("base", [None, 0, 2])
def test_a_correction_from_another_revision_stores_nothing_and_says_what_is_stored(study, base):
    turn = claim(person(study))
    submit(turn)
    submit(turn, ("dog",), base=0)
    with pytest.raises(StaleRevisionError) as caught:
        submit(turn, ("bus",), base=base)
    assert (caught.value.revision, caught.value.answer) == (1, {"objects": ["dog"]})
    assert Response.objects.count() == 2


def test_a_foreign_turn_cannot_be_answered(study):
    turn = claim(person(study))
    with pytest.raises(AssignmentNotYoursError):
        submit(turn, participation=person(study))
    assert not Response.objects.exists()


# --- times ------------------------------------------------------------------------------------------------


def test_nothing_took_longer_than_the_server_knows_of(study):
    turn = claim(person(study))
    turn.claimed_at = timezone.now() - timedelta(seconds=20)
    turn.save()
    spans = tuple((number, 10**9) for number in range(30))
    response = submit(
        turn, milliseconds=10**12, painted_milliseconds=150, first_input_milliseconds=-5, visible_spans=spans
    )
    assert 20_000 <= response.milliseconds < 30_000
    assert (response.painted_milliseconds, response.first_input_milliseconds) == (150, 0)
    assert len(response.visible_spans) == 20
    assert max(end for _, end in response.visible_spans) == response.milliseconds


def test_without_a_paint_report_times_stay_empty(study):
    response = submit(claim(person(study)))
    assert (response.painted, response.milliseconds, response.painted_milliseconds) == ("unknown", None, None)


# --- late answers, in each state of their place -----------------------------------------------------------


def test_an_answer_after_its_time_counts_while_nobody_noticed(study):
    turn = claim(person(study))
    run_out(turn)
    assert not submit(turn).late
    assert again(turn).state == State.SUBMITTED


@pytest.mark.parametrize("end", ["expire", "return"])
def test_a_turn_that_ended_is_revived_while_its_place_is_free(study, end):
    participation = person(study)
    turn = end_turn(claim(participation), end)
    assert again(participation).items_held == 0
    assert not submit(turn).late
    assert (again(turn).state, place_of(turn).turn) == (State.SUBMITTED, turn)
    assert again(participation).items_held == again(participation).items_filled == 1


def test_it_is_revived_though_its_place_is_reserved_for_somebodys_next_page():
    study = one_image()
    turn = end_turn(claim(person(study)), "expire")
    Place.objects.filter(pk=turn.place_id).update(
        reserved_for=person(study), reserved_until=timezone.now() + timedelta(minutes=2)
    )
    assert not submit(turn).late
    assert place_of(turn).reserved_for is None


@pytest.mark.parametrize("end", ["expire", "return"])
@pytest.mark.parametrize("filled", [False, True])
def test_an_answer_whose_place_went_to_somebody_else_is_kept_and_never_counts(end, filled):
    study = one_image()
    slow, quick = person(study), person(study)
    turn = end_turn(claim(slow), end)
    taken = claim(quick)
    if filled:
        submit(taken, ("dog",))
    response = submit(turn)
    assert (response.late, response.answer) == (True, {"objects": ["cat"]})
    assert again(turn).state == {"expire": State.EXPIRED, "return": State.RETURNED}[end]
    assert again(turn).submitted_at == response.created_at
    assert place_of(turn).turn == taken
    assert (again(slow).answered, again(slow).places_filled) == (1, 0)
    correction = submit(again(turn), ("dog",), base=0)
    assert correction.late


def test_a_late_answer_beyond_the_cap_is_kept_and_does_not_count():
    study = four_images(share_cap=0.125)  # one place
    participation = person(study)
    turn = end_turn(claim(participation), "expire")
    submit(claim(participation))
    assert submit(turn).late
    assert again(participation).items_held == 1


def test_somebody_who_was_excluded_while_rating_is_taken_and_marked(study):
    participation = person(study)
    turn = claim(participation)
    exclude_annotator(participation=participation, reason="failed the checks")
    assert not submit(turn).late
    turn = again(turn)
    assert (turn.state, turn.counts, turn.dropped) == (State.SUBMITTED, False, "excluded")
    assert place_of(turn).turn is None


def end_turn(turn: Assignment, end: str) -> Assignment:
    if end == "return":
        return_assignment(assignment=turn)
    else:
        run_out(turn)
        expire_due_turns(study=turn.study_id)
    return again(turn)


# --- states of the study ----------------------------------------------------------------------------------


def test_a_paused_study_takes_what_is_being_worked_on_and_corrections(study):
    turn = claim(person(study))
    pause_study(study=study)
    assert not submit(turn).late
    assert submit(turn, ("dog",), base=0).revision == 1


def test_a_closing_study_takes_claimed_turns_only(study):
    first, second = person(study), person(study)
    answered, claimed = claim(first), claim(second)
    submit(answered)
    other = claim(first)
    run_out(other)
    close_study(study=study)
    assert study.state == "closing"
    assert submit(other).late  # its time was over
    with pytest.raises(StudyNotOpenError, match="closing"):
        submit(answered, ("dog",), base=0)
    assert not submit(claimed).late
    assert end_closing(study=study)
    assert Response.objects.count() == 3


def test_a_closed_study_takes_nothing_and_no_row_is_later_than_its_closing(study):
    participation = person(study)
    turn = claim(participation)
    close_study(study=study, at_once=True)
    assert study.state == "closed"
    with pytest.raises(StudyNotOpenError):
        submit(turn)
    assert not Response.objects.exists()
    assert again(turn).state == State.RETURNED


def test_what_was_stored_is_acknowledged_again_after_the_study_closed(study):
    turn = claim(person(study))
    token = uuid.uuid4()
    stored = submit(turn, token=token)
    close_study(study=study)
    assert study.state == "closed"
    assert submit(turn, token=token) == stored


def test_a_clock_that_was_set_back_does_not_close_a_study_before_its_last_answer(study):
    turn = claim(person(study))
    submit(turn)
    tomorrow = timezone.now() + timedelta(days=1)
    Response.objects.update(created_at=tomorrow)
    Participation.objects.update(last_answer_at=tomorrow)
    close_study(study=study)
    assert (study.state, study.closed_at) == ("closed", tomorrow)
