"""What the database refuses of turns, people and their answers; of verdicts and operations."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from annotations.models import Assignment, Response, Review, Visit
from annotations.services.reviews import exclude_annotator
from generation.models import Generation
from tests.annotations.models.refusals import NAN, assert_refused, make_operation, set_by_sql
from tests.annotations.services.rows import again, claim, four_images, one_image, person, submit
from tests.factories import make_annotator, make_run

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rows]
NOW = timezone.now()


# --- turns -----------------------------------------------------------------------------------------------


def test_a_turn_of_the_same_person_at_the_same_task():
    study = four_images()
    participation = person(study)
    first = claim(participation)
    submit(first)
    second = claim(participation)
    assert_refused(
        set_by_sql(second, f"task_id = {first.task_id}"), constraint="assignment_nobody_gets_a_task_twice"
    )
    assert_refused(set_by_sql(second, "number = 1"), constraint="assignment_number_unique")


def test_two_claimed_turns_of_one_visit_unless_they_are_a_block():
    participation = person(four_images())
    first = claim(participation)
    submit(first)
    claim(participation)
    back = "state = 'claimed', ended_at = NULL, submitted_at = NULL, revision = NULL"
    assert_refused(set_by_sql(first, back), constraint="assignment_one_claimed_in_visit")
    Assignment.objects.filter(pk=first.pk).update(
        state="claimed", ended_at=None, submitted_at=None, revision=None, in_block=True
    )


@pytest.mark.parametrize(
    "assignments",
    [
        "state = 'submitted'",  # without an answer's time
        "state = 'expired'",  # without the time at which it ended
        "ended_at = '2026-01-01'",  # and still claimed
        "submitted_at = '2026-01-01', revision = 0",
    ],
)
def test_a_state_without_its_times(assignments):
    assert_refused(
        set_by_sql(claim(person(one_image())), assignments), constraint="assignment_state_has_times"
    )


@pytest.mark.parametrize(
    "assignments",
    ["counts = FALSE", "dropped = 'late'", "dropped = 'excluded'", "counts = FALSE, dropped = ''"],
)
def test_a_turn_that_does_not_count_has_a_reason(assignments):
    assert_refused(set_by_sql(claim(person(one_image())), assignments), constraint="assignment_")


def test_an_answered_turn_has_a_last_revision():
    turn = claim(person(one_image()))
    submit(turn)
    assert_refused(set_by_sql(turn, "revision = NULL"), constraint="assignment_submitted_has_revision")


# --- people ----------------------------------------------------------------------------------------------


def test_nobody_passes_the_cap():
    participation = person(four_images(share_cap=0.25))
    assert_refused(set_by_sql(participation, "items_held = 3"), constraint="participation_within_cap")


def test_one_person_is_one_participation_with_names_of_its_own():
    study = four_images()
    first, second = person(study), person(study)
    for field in ("annotator_id", "ordinal", "pseudonym", "completion_code"):
        assert_refused(
            set_by_sql(second, f"{field} = '{getattr(first, field)}'"), constraint="participation_"
        )
    assert_refused(set_by_sql(second, "items_filled = 1"), constraint="participation_counters_fit")


def test_people_of_a_platform():
    first, second = make_annotator(), make_annotator()
    assert_refused(
        set_by_sql(second, f"external_id = '{first.external_id}'"), constraint="annotator_unique_in_project"
    )
    assert_refused(set_by_sql(second, "external_id = ''"), constraint="annotator_external_id_not_empty")


def test_visits():
    visit = person(one_image()).visit
    assert_refused(set_by_sql(visit, "unit_id = ''"), constraint="visit_has_unit")
    assert_refused(set_by_sql(visit, "verdict = 'accepted'"), constraint="visit_verdict_has_time")
    same = {name: getattr(visit, name) for name in ("platform", "unit_id", "annotator", "number")}
    with pytest.raises(IntegrityError), transaction.atomic():
        Visit.objects.create(**same, participation=visit.participation, arrived_at=NOW)
    Visit.objects.create(**{**same, "number": 2}, participation=visit.participation, arrived_at=NOW)


# --- answers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["milliseconds", "painted_milliseconds", "first_input_milliseconds"])
@pytest.mark.parametrize("value", ["-1", "86400001", "1e308", NAN])
def test_times_that_cannot_be(field, value):
    response = submit(claim(person(one_image())))
    # PostgreSQL refuses what is no whole number before it looks at the constraint.
    with (
        pytest.raises(Exception, match=r"response_|milliseconds|out of range|invalid input") as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(set_by_sql(response, f"{field} = {value}"))
    assert caught.type.__module__ == "django.db.utils"


@pytest.mark.parametrize("value", [NAN, "-1", "1e300"])
def test_a_generations_seconds_are_a_number(value):
    generation = make_run().generations.get()
    assert_refused(set_by_sql(generation, f"seconds = {value}"), constraint="generation_seconds_in_range")
    assert Generation.objects.get().seconds == 1.0


def test_an_answer_is_made_from_the_one_before():
    turn = claim(person(one_image()))
    first = submit(turn)
    second = submit(turn, base=0)
    for row, assignments in (
        (first, "base = 0"),
        (second, "base = NULL"),
        (second, "base = 1"),
        (second, "revision = 5"),
    ):
        assert_refused(set_by_sql(row, assignments), constraint="response_made_from_the_one_before")
    assert_refused(set_by_sql(second, "revision = 0, base = NULL"), constraint="response_revision_unique")
    token = first.token if connection.vendor == "postgresql" else first.token.hex
    assert_refused(set_by_sql(second, f"token = '{token}'"), constraint="response_token_unique")


def test_an_answer_is_there_unless_it_was_erased():
    response = submit(claim(person(one_image())))
    for assignments in ("answer = NULL", "erased_at = '2026-01-01'"):
        assert_refused(set_by_sql(response, assignments), constraint="response_answer_or_erased")
    Response.objects.filter(pk=response.pk).update(answer=None, erased_at=NOW)


# --- verdicts and operations -----------------------------------------------------------------------------


def test_reviews():
    review = exclude_annotator(participation=person(one_image()), reason="x")
    visit = again(review.participation).visit
    assert_refused(set_by_sql(review, "reason = ''"), constraint="review_has_reason")
    for assignments in ("action = 'reject'", f"visit_id = {visit.pk}", "action = 'undo'"):
        assert_refused(set_by_sql(review, assignments), constraint="review_is_of_a_visit_or_a_person")
    undo = {"study": review.study, "participation": review.participation, "created_at": NOW, "undoes": review}
    Review.objects.create(action="undo", reason="x", **undo)
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(action="undo", reason="y", **undo)


def test_operations():
    study = one_image()
    visit = person(study).visit
    first = make_operation(study=study, visit=visit, decides=True)
    for assignments, constraint in (
        ("kind = ''", "operation_has_kind_and_token"),
        ("state = 'running'", "operation_running_has_lease"),
        ("state = 'failed'", "operation_"),
        ("state = 'done'", "operation_finished_has_time"),
    ):
        assert_refused(set_by_sql(first, assignments), constraint=constraint)
    second = make_operation(study=study)
    assert_refused(set_by_sql(second, f"token = '{first.token}'"), constraint="token")
    assert_refused(
        set_by_sql(second, f"visit_id = {visit.pk}, decides = TRUE"),
        constraint="operation_one_open_decision_on_a_visit",
    )
