import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.errors import AssignmentNotYoursError, StudyNotOpenError
from annotations.models import Assignment, Response, Sighting, Study
from annotations.selectors import Progress, likely_next_task, progress_of
from annotations.services.assignments import claim_assignment, release_assignment, submit_response
from annotations.services.studies import close_study, pause_study
from tests.factories import (
    answer_next,
    make_annotator,
    make_cohyponym_prompt_set,
    make_open_study,
    make_run,
    make_study,
)

pytestmark = pytest.mark.django_db
State = Assignment.State
PAIRS = (("cat", "dog", True), ("cat", "bus", False), ("cow", "horse", True), ("cake", "bear", False))


@pytest.fixture
def study() -> Study:
    """Four images, two places each."""
    return make_open_study("object_presence", make_run(make_cohyponym_prompt_set(PAIRS)), replicas=2)


def submit(place, annotator, answer=None, token=None):
    return submit_response(
        assignment=place,
        annotator=annotator,
        answer=answer or {"objects": ["cat"]},
        token=token or uuid.uuid4(),
        seconds=2.0,
    )


def expire(place) -> None:
    Assignment.objects.filter(pk=place.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_claim_gives_the_first_places_first_and_holds_them_for_the_lease(study):
    place = claim_assignment(study=study, annotator=make_annotator())
    assert (place.state, place.replica, place.task.position) == (State.CLAIMED, 0, 0)
    left = place.lease_expires_at - timezone.now()
    assert timedelta(minutes=study.lease_minutes - 1) < left <= timedelta(minutes=study.lease_minutes)


def test_claiming_again_returns_the_place_one_holds_with_a_new_lease(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    Assignment.objects.filter(pk=place.pk).update(lease_expires_at=timezone.now() + timedelta(seconds=5))
    again = claim_assignment(study=study, annotator=annotator)
    assert again.pk == place.pk
    again.refresh_from_db()
    assert again.lease_expires_at > timezone.now() + timedelta(minutes=1)


def test_every_annotator_sees_every_task_once_and_then_nothing(study):
    annotator = make_annotator()
    tasks = []
    while (response := answer_next(study, annotator, {"objects": []})) is not None:
        tasks.append(response.assignment.task_id)
    assert sorted(tasks) == sorted(study.tasks.values_list("pk", flat=True))


def test_study_takes_exactly_its_places(study):
    answers = 0
    for _ in range(3):
        annotator = make_annotator()
        while answer_next(study, annotator, {"objects": []}) is not None:
            answers += 1
    assert answers == Response.objects.count() == 4 * 2
    assert claim_assignment(study=study, annotator=make_annotator()) is None


def test_share_cap_counts_open_reservations(study):
    study.share_cap = 0.25  # of eight places: two
    study.save()
    annotator = make_annotator()
    assert answer_next(study, annotator, {"objects": []}) is not None
    held = claim_assignment(study=study, annotator=annotator)
    assert claim_assignment(study=study, annotator=annotator).pk == held.pk
    submit(held, annotator)
    assert claim_assignment(study=study, annotator=annotator) is None


def test_share_cap_is_as_exact_as_it_is_written():
    run = make_run(make_cohyponym_prompt_set(), seeds=range(50))
    study = make_open_study("object_presence", run, replicas=1, share_cap=0.58)
    annotator = make_annotator()
    assert progress_of(study, annotator).total == 29  # as binary floats: 28.999…
    answers = 0
    while answer_next(study, annotator, {"objects": []}) is not None:
        answers += 1
    assert answers == 29


def test_share_cap_below_one_place_gives_nothing(study):
    study.share_cap = 0.1  # of eight places: 0.8
    study.save()
    assert claim_assignment(study=study, annotator=make_annotator()) is None


def test_expired_place_goes_to_someone_else_and_the_first_is_told(study):
    slow, quick = make_annotator(), make_annotator()
    place = claim_assignment(study=study, annotator=slow)
    expire(place)
    taken = claim_assignment(study=study, annotator=quick)
    assert taken.pk == place.pk
    with pytest.raises(AssignmentNotYoursError, match="time ran out"):
        submit(place, slow)
    assert Response.objects.count() == 0
    assert submit(taken, quick).revision == 0


def test_late_answer_counts_while_nobody_else_took_the_place(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    expire(place)
    assert submit(place, annotator).assignment_id == place.pk


def test_claim_that_loses_the_race_takes_nothing(study):
    first, second = make_annotator(), make_annotator()
    place = Assignment.objects.filter(study=study).first()
    expires = timezone.now() + timedelta(minutes=5)
    assert place.take(first, expires)
    assert not place.take(second, expires)
    place.refresh_from_db()
    assert place.annotator == first


def test_released_place_is_open_again_for_everybody(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    assert not release_assignment(assignment=place, annotator=make_annotator())
    assert release_assignment(assignment=place, annotator=annotator)
    assert claim_assignment(study=study, annotator=make_annotator()).pk == place.pk


def tasks_given_from_now_on(study, annotator) -> set[int]:
    given = set()
    while (response := answer_next(study, annotator, {"objects": []})) is not None:
        given.add(response.assignment.task_id)
    return given


def test_a_task_whose_place_went_to_someone_else_is_not_given_to_the_first_again(study):
    slow, quick = make_annotator(), make_annotator()
    place = claim_assignment(study=study, annotator=slow)
    expire(place)
    claim_assignment(study=study, annotator=quick)
    tasks = set(study.tasks.values_list("pk", flat=True))
    assert likely_next_task(study, slow).pk != place.task_id
    assert progress_of(study, slow).total == 3
    assert tasks_given_from_now_on(study, slow) == tasks - {place.task_id}


def test_a_task_that_was_given_back_is_not_given_to_the_same_annotator_again(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    release_assignment(assignment=place, annotator=annotator)
    assert place.task_id not in tasks_given_from_now_on(study, annotator)
    assert progress_of(study, annotator) == Progress(answered=3, remaining=0)


def test_a_place_one_still_holds_can_be_resumed_after_its_time(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    expire(place)
    again = claim_assignment(study=study, annotator=annotator)
    assert again.pk == place.pk
    assert Sighting.objects.get().task == place.task


def test_sending_one_page_twice_stores_once_and_answers_the_same(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    token = uuid.uuid4()
    first = submit(place, annotator, token=token)
    second = submit(place, annotator, {"objects": ["dog"]}, token=token)
    assert second.pk == first.pk
    assert second.answer == {"objects": ["cat"]}
    assert Response.objects.count() == 1


def test_correction_is_appended_as_the_next_revision(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    submit(place, annotator, {"objects": ["cat"]})
    submit(place, annotator, {"objects": ["dog"]})
    assert list(Response.objects.values_list("revision", "answer")) == [
        (0, {"objects": ["cat"]}),
        (1, {"objects": ["dog"]}),
    ]
    assert Response.objects.final().get().answer == {"objects": ["dog"]}


def test_foreign_place_cannot_be_answered(study):
    place = claim_assignment(study=study, annotator=make_annotator())
    with pytest.raises(AssignmentNotYoursError):
        submit(place, make_annotator())
    assert Response.objects.count() == 0


def test_paused_study_takes_what_is_being_worked_on_and_nothing_new(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    pause_study(study=study)
    assert submit(place, annotator).revision == 0
    with pytest.raises(StudyNotOpenError):
        claim_assignment(study=study, annotator=annotator)


def test_closed_study_takes_nothing(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    close_study(study=study)
    with pytest.raises(StudyNotOpenError):
        submit(place, annotator)
    with pytest.raises(StudyNotOpenError):
        claim_assignment(study=study, annotator=annotator)
    assert Response.objects.count() == 0


def test_answer_that_was_stored_is_acknowledged_again_after_the_study_closed(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    token = uuid.uuid4()
    stored = submit(place, annotator, token=token)
    close_study(study=study)
    assert submit(place, annotator, token=token).pk == stored.pk


def test_draft_gives_out_nothing():
    with pytest.raises(StudyNotOpenError):
        claim_assignment(study=make_study("object_presence"), annotator=make_annotator())


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": State.CLAIMED},  # without an annotator
        {"state": State.SUBMITTED},
        {"replica": 1},  # which is there already
    ],
)
def test_database_refuses_impossible_places(study, wrong):
    place = Assignment.objects.filter(study=study, replica=0).first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.filter(pk=place.pk).update(**wrong)


def test_database_refuses_one_annotator_on_two_places_of_a_task(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    other = Assignment.objects.get(task=place.task, replica=1)
    with pytest.raises(IntegrityError, match="annotator"), transaction.atomic():
        other.take(annotator, timezone.now() + timedelta(minutes=5))


def test_database_refuses_to_give_a_task_again_that_was_given_back(study):
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    release_assignment(assignment=place, annotator=annotator)
    with pytest.raises(IntegrityError), transaction.atomic():
        place.take(annotator, timezone.now() + timedelta(minutes=5))
    place.refresh_from_db()
    assert place.state == State.OPEN


def test_database_refuses_two_answers_with_one_revision_or_one_token(study):
    annotator = make_annotator()
    response = submit(claim_assignment(study=study, annotator=annotator), annotator)
    for wrong in ({"revision": 0, "token": uuid.uuid4()}, {"revision": 1, "token": response.token}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Response.objects.create(assignment=response.assignment, answer={}, seconds=1, **wrong)
