"""Where two things come together: closing and dropping, verdicts and visits, deaths and sweeps."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from annotations.jobs import sweep_studies
from annotations.models import Assignment, Opening, Participation, Place, Plan, Study, Verification
from annotations.services.claims import claim_assignment
from annotations.services.closings import close_study
from annotations.services.openings import request_opening, run_opening
from annotations.services.participations import erase_answers, join_study, withdraw
from annotations.services.reviews import exclude_annotator, reject_visit, undo_review
from annotations.services.verifications import (
    due_for_verification,
    request_verification,
    run_verification,
    verify_study,
)
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
from tests.factories import (
    give_turn,
    make_annotator,
    make_cohyponym_prompt_set,
    make_open_study,
    make_run,
    make_study,
)

pytestmark = pytest.mark.django_db


def exclude(participation: Participation) -> None:
    exclude_annotator(participation=participation, reason="careless")


def reject(participation: Participation) -> None:
    reject_visit(visit=again(participation).visit, reason="careless")


def leave(participation: Participation) -> None:
    withdraw(participation=participation)


def erase(participation: Participation) -> None:
    erase_answers(participation=participation)


# --- dropping somebody who rates while the study is closing ----------------------------------------------


@pytest.mark.parametrize("drop", [exclude, reject, leave, erase])
def test_somebody_dropped_while_the_study_closes_does_not_keep_it_from_closing(pokes, drop):
    study = four_images()
    dropped, other = person(study), person(study)
    submit(claim(dropped))
    turn = claim(dropped)
    claim(other)
    close_study(study=study)
    drop(dropped)
    assert place_of(turn).turn is None
    assert again(study).plan.deviations.get().now == "places left short: 2"
    for claimed in Assignment.objects.filter(state="claimed"):
        run_out(claimed)
    sweep_studies()
    assert again(study).state == Study.State.CLOSED


def test_one_visit_rejected_while_the_study_closes_leaves_the_other_ones_turn():
    study = four_images()
    annotator = make_annotator()
    participation = join_study(study=study, annotator=annotator, unit_id="first")
    submit(claim(participation))
    first = again(participation).visit
    turn = claim(join_study(study=study, annotator=annotator, unit_id="second"))
    close_study(study=study)
    reject_visit(visit=first, reason="careless")
    assert not submit(turn).late
    assert (again(participation).items_held, again(participation).places_filled) == (1, 1)


def test_a_study_that_cannot_be_swept_does_not_keep_the_others(pokes, monkeypatch):
    from django.db import DatabaseError

    from annotations import jobs

    broken, sound = one_image(), one_image()
    turn = claim(person(sound))
    run_out(turn)
    original = jobs.expire_due_turns

    def fail(*, study):
        if study == broken:
            raise DatabaseError("its rows are broken")
        return original(study=study)

    monkeypatch.setattr(jobs, "expire_due_turns", fail)
    sweep_studies()
    assert again(turn).state == Assignment.State.EXPIRED


# --- undoing after closing -------------------------------------------------------------------------------


def test_undone_after_closing_a_place_that_nobody_filled_is_the_persons_again():
    study = one_image()
    participation = person(study)
    turn = claim(participation)
    submit(turn)
    review = exclude_annotator(participation=participation, reason="careless")
    close_study(study=study)
    undo_review(review=review, reason="a mistake")
    assert (again(turn).counts, place_of(turn).turn) == (True, turn)


def test_each_verdict_after_closing_is_listed_with_what_it_left_short():
    study = four_images()
    annotator = make_annotator()
    visits = []
    for unit in ("first", "second"):
        participation = join_study(study=study, annotator=annotator, unit_id=unit)
        submit(claim(participation))
        visits.append(again(participation).visit)
    close_study(study=study)
    for visit in visits:
        reject_visit(visit=visit, reason="careless")
    assert [each.now for each in study.plan.deviations.all()] == ["places left short: 1"] * 2


# --- visits ----------------------------------------------------------------------------------------------


def test_one_unit_in_two_studies_is_two_visits():
    first, second = one_image(), one_image()
    annotator = make_annotator()
    people = [join_study(study=study, annotator=annotator, unit_id="unit") for study in (first, second)]
    assert [again(participation).visit.participation for participation in people] == people
    assert all(claim(participation) is not None for participation in people)
    assert [
        join_study(study=study, annotator=annotator, unit_id="unit") for study in (first, second)
    ] == people


def test_nothing_is_given_out_in_a_visit_that_was_decided_about_and_the_next_one_goes_on():
    study = four_images()
    participation = person(study)
    submit(claim(participation))
    reject(participation)
    found = claim_assignment(participation=participation)
    assert (found.turn, found.ended) == (None, True)
    assert again(participation).finished_at is None
    back = join_study(study=study, annotator=participation.annotator, unit_id=study.slug)
    assert (back, back.visit.number) == (participation, 2)
    assert claim(back) is not None


@pytest.mark.parametrize("drop", [exclude, leave])
def test_somebody_who_is_given_nothing_more_did_not_finish(drop):
    participation = person(four_images())
    submit(claim(participation))
    drop(participation)
    assert claim_assignment(participation=participation).ended
    assert again(participation).finished_at is None


def test_the_language_is_stored_with_every_turn():
    participation = join_study(study=one_image(), annotator=make_annotator(), unit_id="unit", language="de")
    assert claim(participation).language == "de"


# --- the end of the ring ---------------------------------------------------------------------------------


def test_a_place_that_is_reserved_now_is_found_behind_many_that_lapsed():
    study = make_open_study(
        "object_presence", make_run(make_cohyponym_prompt_set(), seeds=range(40)), replicas=2
    )
    rater, *others = (person(study) for _ in range(42))
    *had, last = study.tasks.order_by("position")
    for task in had:
        submit(give_turn(task, rater))
    now = timezone.now()
    for place in Place.objects.open().filter(study=study).order_by("order"):
        until = now + timedelta(minutes=2) if place.task == last else now - timedelta(hours=1)
        reserved_for = others.pop() if others else None
        if reserved_for is not None:
            Place.objects.filter(pk=place.pk).update(reserved_for=reserved_for, reserved_until=until)
    found = claim_assignment(participation=rater)
    while found.turn is None and not found.ended:
        found = claim_assignment(participation=rater)
    assert found.turn is not None


# --- deaths, and what nobody would look at again ---------------------------------------------------------


def test_a_study_that_closed_while_its_process_died_is_still_verified(pokes):
    study = four_images()
    close_study(study=study)
    assert list(due_for_verification()) == [study]
    sweep_studies()
    assert Verification.objects.filter(study=study).count() == 1
    sweep_studies()
    assert Verification.objects.count() == 1


def test_a_verification_that_began_before_the_study_closed_is_not_enough():
    study = four_images()
    verification = request_verification(study=study)
    close_study(study=study)
    Plan.objects.update(verified_at=study.opened_at)
    assert list(due_for_verification()) == []  # one waits
    run_verification(verification=verification)
    Plan.objects.update(verified_at=study.opened_at)
    assert list(due_for_verification()) == [study]


def verify(study: Study) -> None:
    run_verification(verification=request_verification(study=study))


def move(hours: float) -> None:
    """What was noted of verifications, by a clock that was off by so much."""
    off = timedelta(hours=hours)
    Plan.objects.update(verified_at=F("verified_at") + off)
    Verification.objects.update(created_at=F("created_at") + off)


@pytest.mark.parametrize("state", ["closed", "open"])
def test_a_verification_by_a_clock_that_was_ahead_is_made_again_when_it_is_right(state):
    study = four_images()
    Study.objects.filter(pk=study.pk).update(opened_at=timezone.now() - timedelta(days=2))
    verify(study)
    move(hours=24)
    if state == "closed":
        close_study(study=study)
    assert list(due_for_verification()) == [study]
    verify(study)
    assert list(due_for_verification()) == []
    assert Plan.objects.get().verified_at <= timezone.now()


def test_a_study_that_closed_by_a_clock_that_was_ahead_is_verified_once_a_day():
    study = four_images()
    close_study(study=study)
    Study.objects.filter(pk=study.pk).update(closed_at=timezone.now() + timedelta(days=3))
    for _ in range(2):
        assert list(due_for_verification()) == [study]
        verify(study)
        assert list(due_for_verification()) == []
        move(hours=-25)
    assert Verification.objects.count() == 2


def test_when_a_study_was_verified_is_said_by_the_clock_that_says_when_it_closed(monkeypatch):
    """Not by the worker's, which may be another machine's."""
    study = four_images()
    monkeypatch.setattr(
        "annotations.services.verifications.database_now", lambda: study.opened_at + timedelta(seconds=7)
    )
    verify_study(study, files=True)
    assert Plan.objects.get().verified_at == study.opened_at + timedelta(seconds=7)


def test_a_verification_that_fails_says_why_and_is_tried_once_a_day(monkeypatch):
    study = four_images()
    Study.objects.filter(pk=study.pk).update(opened_at=timezone.now() - timedelta(days=2))
    monkeypatch.setattr("annotations.services.verifications.verify_study", explode)
    assert not run_verification(verification=request_verification(study=study))
    assert Verification.objects.get().error == "ArithmeticError: storage out of reach"
    assert list(due_for_verification()) == []


def test_an_opening_that_fails_otherwise_says_why_and_is_a_draft_again(monkeypatch):
    study = make_study()
    request_opening(study=study)
    monkeypatch.setattr("annotations.services.openings.file_sha256", explode)
    assert not run_opening(opening=Opening.objects.get())
    assert Opening.objects.get().error == "ArithmeticError: storage out of reach"
    assert again(study).state == Study.State.DRAFT


def explode(*_, **__):
    raise ArithmeticError("storage out of reach")
