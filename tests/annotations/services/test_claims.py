from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from annotations.errors import StudyNotOpenError
from annotations.models import Assignment, Participation, Place, Response
from annotations.services.claims import Claim, claim_assignment
from annotations.services.closings import close_study, pause_study
from annotations.services.open_places import OpenPlaces
from annotations.services.participations import withdraw
from annotations.services.reviews import exclude_annotator
from annotations.services.turns import expire_due_turns, return_assignment
from tests.annotations.services.rows import (
    again,
    claim,
    four_images,
    one_image,
    person,
    place_of,
    rate_everything,
    run_out,
    set_window,
    submit,
)
from tests.factories import answer_turn, make_cohyponym_prompt_set, make_open_study, make_prompt_set, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return four_images()


def test_a_claim_holds_one_place_for_the_lease(study):
    turn = claim(person(study))
    assert (turn.state, turn.number, place_of(turn).turn) == (Assignment.State.CLAIMED, 1, turn)
    left = turn.lease_expires_at - timezone.now()
    assert timedelta(minutes=study.lease_minutes - 1) < left <= timedelta(minutes=study.lease_minutes)


def test_claiming_again_returns_the_turn_one_holds_with_a_new_lease_once_half_is_over(study):
    participation = person(study)
    turn = claim(participation)
    assert claim(participation).lease_expires_at == turn.lease_expires_at
    Assignment.objects.filter(pk=turn.pk).update(lease_expires_at=timezone.now() + timedelta(seconds=5))
    renewed = claim(participation)
    assert (renewed.pk, renewed.extensions) == (turn.pk, 1)
    assert again(turn).lease_expires_at > timezone.now() + timedelta(minutes=1)


def test_a_lease_is_extended_ten_times_and_no_more(study):
    participation = person(study)
    turn = claim(participation)
    soon = timezone.now() + timedelta(seconds=30)
    for _ in range(12):
        Assignment.objects.filter(pk=turn.pk).update(lease_expires_at=soon)
        claim(participation)
    assert (again(turn).extensions, again(turn).lease_expires_at) == (10, soon)


def test_everybody_is_given_every_task_once_and_then_nothing(study):
    participation = person(study)
    tasks = [response.assignment.task_id for response in rate_everything(participation)]
    assert sorted(tasks) == sorted(study.tasks.values_list("pk", flat=True))
    assert claim_assignment(participation=participation).ended


def test_a_study_takes_exactly_its_places(study):
    answers = sum(len(rate_everything(person(study))) for _ in range(3))
    assert answers == Response.objects.count() == 4 * 2
    last = claim_assignment(participation=person(study))
    assert (last.turn, last.ended) == (None, True)


def test_the_numbers_of_a_persons_turns_are_the_order_in_which_they_were_shown(study):
    participation = person(study)
    rate_everything(participation)
    assert list(participation.assignments.order_by("pk").values_list("number", flat=True)) == [1, 2, 3, 4]


def test_people_walk_in_orders_of_their_own():
    study = make_open_study(
        "object_presence", make_run(make_cohyponym_prompt_set(), seeds=range(30)), replicas=4
    )
    orders = []
    for _ in range(4):
        rate_everything(participation := person(study))
        orders.append(tuple(participation.assignments.order_by("number").values_list("task", flat=True)))
    assert len(set(orders)) == 4


# --- the cap ---------------------------------------------------------------------------------------------


def test_the_share_cap_counts_what_is_held():
    study = four_images(share_cap=0.25)  # of eight places: two
    participation = person(study)
    assert participation.item_cap == 2
    submit(claim(participation))
    held = claim(participation)
    assert claim(participation) == held
    submit(held)
    assert claim_assignment(participation=participation).ended
    assert again(participation).items_held == 2


def test_the_share_cap_is_as_exact_as_it_is_written():
    run = make_run(make_cohyponym_prompt_set(), seeds=range(50))
    study = make_open_study("object_presence", run, replicas=1, share_cap=0.58)
    assert len(rate_everything(person(study))) == 29  # as binary floats: 28.999…


def test_checks_are_not_counted_for_the_cap():
    words = [*((f"w{number}", "NOUN", "") for number in range(8)), (".", "PUNCT", "attention_check")]
    run = make_run(make_prompt_set([(" ".join(word for word, _, _ in words), words)]))
    study = make_open_study(run=run, replicas=1, share_cap=0.5, check_every=2)
    participation = person(study)
    given = []
    while (turn := claim(participation)) is not None:
        given.append(turn.task.role)
        answer_turn(turn, {"choice": 3})
    assert given.count("item") == 4
    assert given.count("check") == 1


# --- places that come back -------------------------------------------------------------------------------


def test_a_place_whose_lease_ran_out_goes_to_whoever_finds_nothing_else():
    study = one_image()
    slow, quick = person(study), person(study)
    turn = claim(slow)
    run_out(turn)
    taken = claim(quick)
    assert taken.place_id == turn.place_id
    assert again(turn).state == Assignment.State.EXPIRED
    assert again(slow).items_held == 0


def test_the_sweep_lets_places_come_back(study):
    turn = claim(person(study))
    assert expire_due_turns(study=study) == 0
    run_out(turn)
    assert expire_due_turns(study=study) == 1
    assert place_of(turn).turn is None
    assert expire_due_turns(study=study) == 0


def test_a_lease_that_a_wrong_clock_wrote_far_ahead_runs_out_too(study):
    turn = claim(person(study))
    Assignment.objects.filter(pk=turn.pk).update(lease_expires_at=timezone.now() + timedelta(days=1))
    assert expire_due_turns(study=study) == 1
    assert again(turn).state == Assignment.State.EXPIRED


def test_a_returned_place_is_open_for_everybody_else():
    study = one_image()
    first, second = person(study), person(study)
    turn = claim(first)
    assert return_assignment(assignment=turn)
    assert not return_assignment(assignment=turn)
    assert claim_assignment(participation=first).turn is None
    assert claim(second).place_id == turn.place_id


def test_nobody_is_given_a_task_again_that_ran_out_or_was_returned(study):
    participation = person(study)
    lost, returned = claim(participation), None
    run_out(lost)
    expire_due_turns(study=study)
    returned = claim(participation)
    return_assignment(assignment=returned)
    tasks = {response.assignment.task_id for response in rate_everything(participation)}
    assert tasks == set(study.tasks.values_list("pk", flat=True)) - {lost.task_id, returned.task_id}


def test_who_found_nothing_is_given_a_place_that_came_back_since():
    study = one_image()
    holder, late = person(study), person(study)
    turn = claim(holder)
    assert claim_assignment(participation=late).ended
    return_assignment(assignment=turn)
    assert claim(late).place_id == turn.place_id


def test_when_places_are_only_being_taken_by_others_nothing_is_free_right_now(study, monkeypatch):
    found = find_it_busy(person(study), monkeypatch)
    assert (found.turn, found.ended) == (None, False)


def promise(place: Place, to: Participation) -> None:
    until = timezone.now() + timedelta(minutes=1)
    Place.objects.filter(pk=place.pk).update(reserved_for=to, reserved_until=until)


def find_it_busy(participation: Participation, monkeypatch) -> Claim:
    """Others are just taking whatever there is."""
    with monkeypatch.context() as busy:
        for name in ("reserved", "free", "open"):
            busy.setattr(OpenPlaces, name, lambda places, place=None: None)
        return claim_assignment(participation=participation)


def test_nobody_is_done_while_places_are_only_being_taken_by_others(monkeypatch):
    study = one_image()
    first, late = person(study), person(study)
    promise(Place.objects.get(), first)
    assert find_it_busy(late, monkeypatch) == Claim(None, ended=False)
    assert claim(late).place == Place.objects.get()


@pytest.mark.parametrize("leave", [withdraw, partial(exclude_annotator, reason="Careless.")])
def test_who_found_nothing_is_given_a_place_that_nobody_is_promised_any_more(leave, monkeypatch):
    study = one_image()
    leaving, late = person(study), person(study)
    promise(Place.objects.get(), leaving)
    find_it_busy(late, monkeypatch)
    leave(participation=leaving)
    assert claim(late).place == Place.objects.get()


def test_a_promise_of_what_one_was_given_otherwise_is_kept_by_nobody(monkeypatch):
    """Somebody was at the promised place just then, and left it."""
    study = make_open_study(run=make_run(make_prompt_set([("A dog", [("dog", "NOUN", "")])])), replicas=2)
    participation = person(study)
    _, promised = Place.objects.order_by("order")
    promise(promised, participation)
    with monkeypatch.context() as busy:
        busy.setattr(OpenPlaces, "reserved", lambda places: None)
        turn = claim(participation)
    assert turn.place != promised
    assert not Place.objects.filter(reserved_for=participation).exists()
    submit(turn)
    assert claim_assignment(participation=participation).ended


def test_a_long_way_over_tasks_that_one_has_had_takes_several_requests(monkeypatch):
    run = make_run(make_cohyponym_prompt_set(), seeds=range(20))
    study = make_open_study("object_presence", run, replicas=2)
    set_window(2, monkeypatch)
    participation = person(study)
    had = rate_everything(participation)
    while len(had) < 20:  # each request looks through four windows of two
        had += rate_everything(participation)
    assert len({response.assignment.task_id for response in had}) == 20
    assert claim_assignment(participation=participation).ended


# --- who gets nothing ------------------------------------------------------------------------------------


def test_a_study_that_is_not_open_gives_out_nothing(study):
    participation = person(study)
    held = claim(participation)
    pause_study(study=study, stop_everybody=True)
    with pytest.raises(StudyNotOpenError):
        claim_assignment(participation=participation)
    close_study(study=study)
    with pytest.raises(StudyNotOpenError):
        claim_assignment(participation=participation)
    assert again(held).state == Assignment.State.CLAIMED


def test_who_was_excluded_or_withdrew_gets_nothing(study):
    excluded, gone = person(study), person(study)
    exclude_annotator(participation=excluded, reason="clicked the same answer all the time")
    withdraw(participation=gone)
    for participation in (excluded, gone):
        found = claim_assignment(participation=participation)
        assert (found.turn, found.ended) == (None, True)


def test_two_tabs_claim_one_turn(study):
    participation = person(study)
    assert claim(participation) == claim(Participation.objects.get(pk=participation.pk))
    assert participation.assignments.count() == 1
