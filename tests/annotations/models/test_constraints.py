"""What the database refuses, whatever the code above it does."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from annotations.models import Annotator, Assignment, Participation, Response, Sighting, Study, Task
from tests.factories import answer_next, make_annotator, make_open_study, make_participation, make_study

pytestmark = pytest.mark.django_db


def assert_refused(change, constraint: str) -> None:
    """SQLite names the columns of a broken uniqueness, not its constraint."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        change()
    message = str(caught.value)
    assert constraint in message or (connection.vendor == "sqlite" and message.startswith("UNIQUE"))


def assert_check_refuses(change, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        change()


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("study_replicas_at_least_one", {"replicas": 0}),
        ("study_lease_at_least_a_minute", {"lease_minutes": 0}),
        ("study_share_cap_in_range", {"share_cap": 0.0}),
        ("study_share_cap_in_range", {"share_cap": 1.01}),
        ("study_opened_has_plan", {"state": "open"}),
        ("study_opened_has_plan", {"state": "open", "opened_at": timezone.now()}),
        ("study_opened_has_plan", {"state": "paused", "plan_sha256": "a" * 64}),
        (
            "study_closed_has_time",
            {"state": "closed", "opened_at": timezone.now(), "plan_sha256": "a" * 64},
        ),
    ],
)
def test_studies(constraint, fields):
    study = make_study()
    assert_check_refuses(lambda: Study.objects.filter(pk=study.pk).update(**fields), constraint)


def test_names_and_addresses_of_studies_are_unique():
    first, second = make_study(), make_study()
    for field in ("name", "slug"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Study.objects.filter(pk=second.pk).update(**{field: getattr(first, field)})


def test_tasks():
    study = make_study()
    first, second = study.tasks.order_by("position")[:2]
    new = {"study": study, "generation": first.generation, "payload": {}}
    assert_refused(
        lambda: Task.objects.create(**new, position=first.position, word=None),
        "task_position_unique_in_study",
    )
    assert_refused(
        lambda: Task.objects.create(**new, position=90, word=second.word), "task_of_word_unique_in_study"
    )
    Task.objects.create(**new, position=91, word=None)
    assert_refused(
        lambda: Task.objects.create(**new, position=92, word=None), "task_of_image_unique_in_study"
    )


def test_places():
    study = make_open_study()
    place, other = Assignment.objects.filter(task=study.tasks.first()).order_by("replica")[:2]
    annotator = make_annotator()
    assert_refused(
        lambda: Assignment.objects.create(study=study, task=place.task, replica=place.replica),
        "assignment_replica_unique_on_task",
    )
    lease = {"lease_expires_at": timezone.now(), "claimed_at": timezone.now()}
    Assignment.objects.filter(pk=place.pk).update(state="claimed", annotator=annotator, **lease)
    assert_refused(
        lambda: Assignment.objects.filter(pk=other.pk).update(state="claimed", annotator=annotator, **lease),
        "assignment_annotator_sees_task_once",
    )


def test_sightings():
    seen = Sighting.objects.create(task=make_study().tasks.first(), annotator=make_annotator())
    assert_refused(
        lambda: Sighting.objects.create(task=seen.task, annotator=seen.annotator), "sighting_once_per_task"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "claimed"},
        {"state": "claimed", "lease_expires_at": timezone.now()},
        {"state": "submitted", "submitted_at": timezone.now()},
        {"state": "unheard-of"},
    ],
)
def test_a_place_in_a_state_has_what_belongs_to_it(fields):
    place = make_open_study().assignments.first()
    assert_check_refuses(
        lambda: Assignment.objects.filter(pk=place.pk).update(**fields), "assignment_state_has_annotator"
    )


def test_an_open_place_has_no_annotator():
    place, annotator = make_open_study().assignments.first(), make_annotator()
    assert_check_refuses(
        lambda: Assignment.objects.filter(pk=place.pk).update(annotator=annotator),
        "assignment_state_has_annotator",
    )


def test_responses():
    response = answer_next(make_open_study(), make_annotator(), {"choice": 4})
    new = {"assignment": response.assignment, "answer": {}, "seconds": 1.0}
    assert_refused(
        lambda: Response.objects.create(**new, revision=0, token=uuid.uuid4()), "response_revision_unique"
    )
    assert_refused(lambda: Response.objects.create(**new, revision=1, token=response.token), "token")
    assert_check_refuses(
        lambda: Response.objects.create(**{**new, "seconds": -0.1}, revision=1, token=uuid.uuid4()),
        "response_seconds_not_negative",
    )


def test_annotators_and_participations():
    annotator = make_annotator()
    assert_refused(
        lambda: Annotator.objects.create(external_id=annotator.external_id), "annotator_unique_on_platform"
    )
    assert_check_refuses(lambda: Annotator.objects.create(external_id=""), "annotator_external_id_not_empty")
    participation = make_participation(make_open_study())
    assert_refused(
        lambda: Participation.objects.create(study=participation.study, annotator=participation.annotator),
        "participation_unique_in_study",
    )
