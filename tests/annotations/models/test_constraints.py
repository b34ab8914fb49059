"""What the database refuses of a study, its plan, its tasks and places; and a state that nobody knows."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.models import Annotator, Participation, Place, Plan, Study, Task
from annotations.services.reviews import exclude_annotator
from generation.models import PromptSet
from tests.annotations.models.refusals import NAN, assert_refused, make_operation, set_by_sql
from tests.annotations.services.rows import claim, four_images, one_image, person, submit
from tests.factories import main_project, make_annotator, make_open_study, make_run, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rows]
NOW = timezone.now()


# --- unknown states --------------------------------------------------------------------------------------


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
        (lambda: make_run().generations.get(), "state", "generation_"),
        (
            lambda: PromptSet.objects.create(project=main_project(), name="p", origin="text"),
            "parse_state",
            "prompt_set_parse",
        ),
    ],
)
def test_a_state_that_nobody_knows(make, field, constraint):
    assert_refused(set_by_sql(make(), f"{field} = 'banana'"), constraint=constraint)


# --- a study and its plan --------------------------------------------------------------------------------


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
        ("access = 'banana'", "study_access_known"),
        ("minutes = 0", "study_minutes_in_range"),
        ("min_width = 100", "study_min_width_in_range"),
        ("min_seconds = 0", "study_min_seconds_in_range"),
        ("join_at_once = 0", "study_join_at_once_in_range"),
        ("join_per_second = 0", "study_join_per_second_in_range"),
        ("unanswered_at_most = 0", "study_unanswered_at_most_in_range"),
        ("unanswered_share = 1.01", "study_unanswered_share_in_range"),
        ("unanswered_minutes = 0", "study_unanswered_minutes_in_range"),
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


# --- tasks and places ------------------------------------------------------------------------------------


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
