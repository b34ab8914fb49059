"""What the database refuses, whatever the code above it does: each line is one raw UPDATE or INSERT."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from annotations.models import (
    Annotator,
    Assignment,
    Operation,
    Participation,
    Place,
    Plan,
    Response,
    Review,
    Study,
    Task,
    Visit,
)
from annotations.services.reviews import exclude_annotator
from generation.models import Generation, PromptSet
from tests.annotations.services.rows import again, claim, four_images, one_image, person, submit
from tests.factories import make_annotator, make_open_study, make_run, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rows]
NOW = timezone.now()
NAN = "'nan'"


def assert_refused(sql: str, *parameters, constraint: str = "") -> None:
    """By raw SQL. SQLite names the columns of a broken uniqueness, not its constraint."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
    message = str(caught.value)
    assert constraint in message or (connection.vendor == "sqlite" and message.startswith("UNIQUE"))


def set_by_sql(row, assignments: str) -> str:
    return f"UPDATE {row._meta.db_table} SET {assignments} WHERE id = {row.pk}"


# --- unknown states ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "field", "constraint"),
    [
        (make_study, "state", "study_"),
        (lambda: make_study().tasks.first(), "role", "task_role_known"),
        (lambda: claim(person(one_image())), "state", "assignment_"),
        (lambda: claim(person(one_image())), "dropped", "assignment_"),
        (lambda: submit(claim(person(one_image()))), "painted", "response_painted_known"),
        (make_annotator, "platform", "annotator_platform_known"),
        (lambda: person(one_image()).visit, "platform", "visit_platform_known"),
        (lambda: person(one_image()).visit, "verdict", "visit_verdict"),
        (lambda: exclude_annotator(participation=person(one_image()), reason="x"), "action", "review_"),
        (lambda: make_open_study().openings.get(), "state", "opening_"),
        (lambda: make_operation(), "state", "operation_"),
        (lambda: make_operation(), "platform", "operation_platform_known"),
        (lambda: make_run().generations.get(), "state", "generation_state_known"),
        (lambda: PromptSet.objects.create(name="p", origin="text"), "parse_state", "prompt_set_parse"),
    ],
)
def test_a_state_that_nobody_knows(make, field, constraint):
    assert_refused(set_by_sql(make(), f"{field} = 'banana'"), constraint=constraint)


# --- a study and its plan ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "assignments",
    [
        "state = 'draft'",  # an open study back to draft
        "state = 'opening'",
        "plan_id = NULL",  # an opened study without a plan
        "opened_at = NULL",
        "state = 'closing'",  # without a last lease
        "state = 'closed'",  # without the time of closing
        "closed_at = opened_at",  # and still open
    ],
)
def test_an_opened_study(assignments):
    assert_refused(set_by_sql(make_open_study(), assignments), constraint="study_state_has_plan_and_times")


@pytest.mark.parametrize("state", ["open", "paused", "closing", "closed"])
def test_a_draft_is_not_opened_without_a_plan(state):
    assignments = (
        f"state = '{state}', opened_at = '2026-01-01', closes_at = '2026-01-02', closed_at = '2026-01-02'"
    )
    assert_refused(set_by_sql(make_study(), assignments), constraint="study_state_has_plan_and_times")


def test_a_study_does_not_close_before_it_opened():
    assert_refused(
        set_by_sql(make_open_study(), "state = 'closed', closed_at = '2020-01-01'"),
        constraint="study_closed_after_opened",
    )


@pytest.mark.parametrize(
    ("assignments", "constraint"),
    [
        ("replicas = 0", "study_replicas_in_range"),
        ("replicas = 101", "study_replicas_in_range"),
        ("lease_minutes = 0", "study_lease_in_range"),
        ("lease_minutes = 100000", "study_lease_in_range"),
        ("check_every = 1", "study_check_every_in_range"),
        ("share_cap = 0", "study_share_cap_in_range"),
        ("share_cap = 1.01", "study_share_cap_in_range"),
        (f"share_cap = {NAN}", "study_share_cap_in_range"),
    ],
)
def test_a_design_out_of_range(assignments, constraint):
    assert_refused(set_by_sql(make_study(), assignments), constraint=constraint)


def test_names_and_addresses_of_studies_are_unique():
    first, second = make_study(), make_study()
    for field in ("name", "slug"):
        assert_refused(set_by_sql(second, f"{field} = '{getattr(first, field)}'"), constraint=field)


def test_one_plan_is_one_studys():
    first, second = make_open_study(), make_open_study()
    assert_refused(set_by_sql(second, f"plan_id = {first.plan_id}"), constraint="plan")


def test_a_plan_has_its_hashes():
    assert_refused(set_by_sql(make_open_study().plan, "sha256 = ''"), constraint="plan_has_hashes")


# --- tasks and places -------------------------------------------------------------------------------------


def test_tasks_that_are_there_already():
    study = make_study()
    first, second = study.tasks.order_by("position")[:2]
    for assignments, constraint in (
        (f"position = {first.position}", "task_position_unique_in_study"),
        (f"rank = {first.rank}", "task_rank_unique_in_role"),
        (f"word_id = {first.word_id}", "task_of_word_unique_in_study"),
        ("sha256 = ''", "task_has_hash"),
    ):
        assert_refused(set_by_sql(second, assignments), constraint=constraint)
    Task.objects.filter(pk=first.pk).update(word=None)
    assert_refused(set_by_sql(second, "word_id = NULL"), constraint="task_of_image_unique_in_study")
    Task.objects.filter(pk=second.pk).update(word=None, role=Task.Role.CONTROL, rank=0, variant="blank")


def test_a_second_turn_at_a_place():
    study = four_images()
    first, second = claim(person(study)), claim(person(study))
    place = Place.objects.get(turn=first)
    # … by the place that the turn holds, and by the turns that hold the place.
    other = Place.objects.get(turn=second)
    assert_refused(set_by_sql(other, f"turn_id = {first.pk}"), constraint="turn")
    assert_refused(set_by_sql(second, f"place_id = {place.pk}"), constraint="assignment_one_turn_at_a_place")


def test_places_that_are_there_already():
    study = four_images()
    _, second = Place.objects.filter(task=study.tasks.first()).order_by("replica")
    assert_refused(set_by_sql(second, "replica = 0"), constraint="place_replica_unique_on_task")
    participation = person(study)
    claim(participation)  # and another place is reserved
    free = Place.objects.open().filter(study=study, reserved_for=None).first()
    assert_refused(
        set_by_sql(free, f"reserved_for_id = {participation.pk}, reserved_until = '2030-01-01'"),
        constraint="reserved",
    )


def test_what_is_held_is_not_reserved_and_a_reservation_ends():
    participation = person(four_images())
    turn = claim(participation)
    reserved = Place.objects.get(reserved_for=participation)
    assert_refused(set_by_sql(reserved, "reserved_until = NULL"), constraint="place_reserved_is_open")
    Place.objects.filter(turn=turn).update(turn=None)
    assert_refused(set_by_sql(reserved, f"turn_id = {turn.pk}"), constraint="place_reserved_is_open")


# --- turns ------------------------------------------------------------------------------------------------


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


# --- people -----------------------------------------------------------------------------------------------


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
        set_by_sql(second, f"external_id = '{first.external_id}'"), constraint="annotator_unique_on_platform"
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


# --- answers ----------------------------------------------------------------------------------------------


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


# --- verdicts and operations ------------------------------------------------------------------------------


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


def make_operation(**fields) -> Operation:
    values = {"platform": "mturk", "kind": "approve", "token": uuid.uuid4().hex, **fields}
    return Operation.objects.create(**{"study": fields.pop("study", None) or make_open_study(), **values})


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


def test_one_opening_at_a_time():
    study = make_study()
    study.openings.create()
    with pytest.raises(IntegrityError), transaction.atomic():
        study.openings.create()


def test_what_is_frozen_is_not_deleted_with_its_plan():
    study = make_open_study()
    with pytest.raises(IntegrityError):
        Plan.objects.filter(pk=study.plan_id).delete()
    assert Study.objects.get().plan == study.plan
    assert Annotator.objects.count() == Participation.objects.count() == 0
    assert timedelta(0) < NOW - study.opened_at + timedelta(hours=1)
