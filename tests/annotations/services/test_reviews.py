"""Whatever frees a place, both people's answers stand under their own names; and what was dropped can be
taken back as far as its place is still free."""

import pytest

from annotations.errors import ReviewError
from annotations.models import Assignment, Participation, Review, Visit
from annotations.services.closings import close_study
from annotations.services.participations import join_study, withdraw
from annotations.services.reviews import accept_visit, exclude_annotator, reject_visit, undo_review
from annotations.services.turns import expire_due_turns, return_assignment
from evaluation.frames.responses import response_frame
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


def exclude(participation: Participation) -> Review:
    return exclude_annotator(participation=participation, reason="careless")


def reject(participation: Participation) -> Review:
    return reject_visit(visit=again(participation).visit, reason="careless")


def names(study) -> dict[str, tuple[str, str]]:
    """Whose answers are in the file: pseudonym → (first object, why it does not count)."""
    frame = response_frame(study)
    return {row.annotator: (row.objects[0], row.dropped) for row in frame.itertuples()}


# --- a place reopened by each of them --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reopen", "dropped"),
    [
        (exclude, "excluded"),
        (reject, "rejected"),
        (lambda participation: withdraw(participation=participation), "withdrawn"),
    ],
)
def test_after_a_verdict_both_answers_stand_under_their_own_names(reopen, dropped):
    study = one_image()
    first, second = person(study), person(study)
    turn = claim(first)
    submit(turn, ("cat",))
    reopen(first)
    assert place_of(turn).turn is None
    other = claim(second)
    assert other.place_id == turn.place_id
    submit(other, ("dog",))
    assert names(study) == {first.pseudonym: ("cat", dropped), second.pseudonym: ("dog", "")}
    assert (again(turn).state, again(turn).counts, place_of(turn).turn) == (State.SUBMITTED, False, other)
    assert (again(first).places_filled, again(second).places_filled) == (0, 1)


@pytest.mark.parametrize("end", ["expire", "return"])
def test_after_a_lost_turn_both_answers_stand_under_their_own_names(end):
    study = one_image()
    first, second = person(study), person(study)
    turn = claim(first)
    if end == "expire":
        run_out(turn)
        expire_due_turns(study=study)
    else:
        return_assignment(assignment=turn)
    submit(claim(second), ("dog",))
    submit(turn, ("cat",))
    assert names(study) == {first.pseudonym: ("cat", "late"), second.pseudonym: ("dog", "")}


# --- undoing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drop", [exclude, reject])
def test_undone_while_the_place_is_free_the_answer_counts_again(drop):
    study = one_image()
    first = person(study)
    turn = claim(first)
    submit(turn)
    before = again(first)
    review = drop(first)
    undo_review(review=review, reason="it was somebody else")
    turn = again(turn)
    assert (turn.counts, turn.dropped, turn.dropped_by, place_of(turn).turn) == (True, "", None, turn)
    counters = ("items_held", "places_filled", "items_filled")
    assert [getattr(again(first), name) for name in counters] == [getattr(before, name) for name in counters]


@pytest.mark.parametrize("drop", [exclude, reject])
def test_undone_after_somebody_filled_the_place_it_stays_as_replaced(drop):
    study = one_image()
    first, second = person(study), person(study)
    turn = claim(first)
    submit(turn)
    review = drop(first)
    submit(claim(second), ("dog",))
    undo_review(review=review, reason="it was somebody else")
    assert (again(turn).counts, again(turn).dropped) == (False, "replaced")
    assert names(study)[first.pseudonym] == ("cat", "replaced")
    assert again(first).places_filled == 0


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
def test_of_two_who_had_one_place_the_one_undone_first_has_it_again(order):
    study = one_image()
    people = {"first": person(study), "second": person(study)}
    turns, reviews = {}, {}
    for name, participation in people.items():
        turns[name] = claim(participation)
        submit(turns[name])
        reviews[name] = exclude(participation)
    for name in order:
        undo_review(review=reviews[name], reason="a mistake")
    earlier, later = (again(turns[name]) for name in order)
    assert (earlier.counts, earlier.dropped) == (True, "")
    assert (later.counts, later.dropped) == (False, "replaced")
    assert place_of(earlier).turn == earlier


def test_a_person_who_was_let_back_in_is_given_tasks_again():
    participation = person(four_images())
    submit(claim(participation))
    undo_review(review=exclude(participation), reason="a mistake")
    assert claim(participation) is not None


def test_what_was_being_rated_when_it_was_excluded_and_let_back_in_counts():
    study = four_images()
    participation = person(study)
    turn = claim(participation)
    undo_review(review=exclude(participation), reason="a mistake")
    assert place_of(turn).turn == turn
    assert not submit(turn).late
    assert again(participation).places_filled == 1


def test_a_turn_that_was_rejected_and_excluded_counts_when_both_are_undone():
    study = one_image()
    participation = person(study)
    turn = claim(participation)
    submit(turn)
    rejection, exclusion = reject(participation), exclude(participation)
    assert again(turn).dropped == "rejected"
    undo_review(review=rejection, reason="the platform's mistake")
    assert (again(turn).counts, again(turn).dropped, again(turn).dropped_by) == (False, "excluded", exclusion)
    undo_review(review=exclusion, reason="a mistake")
    assert again(turn).counts


def test_what_somebody_withdrew_does_not_come_back_by_undoing():
    study = one_image()
    participation = person(study)
    turn = claim(participation)
    submit(turn)
    review = exclude(participation)
    withdraw(participation=participation)
    undo_review(review=review, reason="a mistake")
    assert (again(turn).counts, again(turn).dropped) == (False, "withdrawn")


def test_nothing_is_restored_beyond_the_cap():
    study = four_images(share_cap=0.125)  # one place
    participation = person(study)
    turn = claim(participation)
    submit(turn)
    review = reject(participation)
    join_study(study=study, annotator=participation.annotator, unit_id="another visit")
    submit(claim(again(participation)))
    undo_review(review=review, reason="a mistake")
    assert again(turn).dropped == "replaced"
    assert again(participation).items_held == 1


# --- visits ----------------------------------------------------------------------------------------------


def test_a_rejected_visit_drops_its_own_turns_only():
    study = four_images()
    participation = person(study)
    first = claim(participation)
    submit(first)
    join_study(study=study, annotator=participation.annotator, unit_id="another visit")
    second = claim(again(participation))
    submit(second)
    reject_visit(visit=Visit.objects.get(unit_id=study.slug), reason="careless")
    assert [again(turn).dropped for turn in (first, second)] == ["rejected", ""]


def test_accepting_is_final_and_restores_nothing():
    study = one_image()
    participation = person(study)
    turn = claim(participation)
    submit(turn)
    exclude(participation)
    visit = again(participation).visit
    accepted = accept_visit(visit=visit, reason="paid all the same")
    assert not again(turn).counts
    for refused in (
        lambda: reject_visit(visit=visit, reason="too late"),
        lambda: undo_review(review=accepted, reason="too late"),
    ):
        with pytest.raises(ReviewError):
            refused()


def test_a_rejection_that_is_overturned_accepts_the_visit():
    participation = person(one_image())
    submit(claim(participation))
    visit = again(participation).visit
    undo_review(review=reject(participation), reason="the platform overturned it")
    visit.refresh_from_db()
    assert (visit.verdict, visit.decided_at is not None) == ("accepted", True)


# --- verdicts themselves ---------------------------------------------------------------------------------


def test_a_verdict_needs_a_reason_and_is_given_and_undone_once():
    participation = person(one_image())
    with pytest.raises(ReviewError, match="needs a reason"):
        exclude_annotator(participation=participation, reason="  ")
    review = exclude(participation)
    with pytest.raises(ReviewError, match="excluded already"):
        exclude(participation)
    undo = undo_review(review=review, reason="a mistake")
    with pytest.raises(ReviewError, match="undone already"):
        undo_review(review=review, reason="again")
    with pytest.raises(ReviewError, match="Only an exclusion or a rejection"):
        undo_review(review=undo, reason="undo the undoing")
    assert exclude(participation) != review


def test_who_decided_by_which_rule_and_on_what_evidence_is_kept(researcher):
    participation = person(one_image())
    review = exclude_annotator(
        participation=participation,
        reason="failed",
        rule="tested share",
        evidence={"passed": 3},
        by=researcher,
    )
    review = again(review)
    assert (review.by, review.rule, review.evidence) == (researcher, "tested share", {"passed": 3})


# --- after closing ---------------------------------------------------------------------------------------


def test_after_closing_nothing_is_reopened_and_what_is_short_is_listed():
    study = four_images()
    participation = person(study)
    turn = claim(participation)
    submit(turn)
    close_study(study=study)
    review = exclude(participation)
    assert place_of(turn).turn == turn
    assert not again(turn).counts
    deviation = study.plan.deviations.get()
    assert deviation.now == "places left short: 1"
    undo_review(review=review, reason="a mistake")
    assert again(turn).counts
    assert again(participation).places_filled == 1
