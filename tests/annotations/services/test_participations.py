import pytest
from django.db import IntegrityError

from annotations.errors import AssignmentNotYoursError, StudyNotOpenError
from annotations.models import Annotator, Assignment, Participation, Place, Response, Visit
from annotations.ring import own_order
from annotations.services import participations
from annotations.services.closings import close_study, pause_study
from annotations.services.participations import erase_answers, join_by_link, join_study, withdraw
from tests.annotations.services.rows import (
    again,
    claim,
    four_images,
    one_image,
    person,
    place_of,
    submit,
)
from tests.factories import make_annotator, make_open_study

pytestmark = pytest.mark.django_db
State = Assignment.State


def test_joining_makes_a_person_a_participation_and_a_visit():
    study = four_images(share_cap=0.5)
    participation = join_by_link(study=study, annotator=None)
    assert participation.annotator == Annotator.objects.get()
    assert (participation.visit, participation.visit.unit_id) == (Visit.objects.get(), study.slug)
    assert participation.item_cap == 4


def test_joining_draws_an_order_of_the_options_from_the_persons_seed_once():
    study = make_open_study("object_presence", options={"objects": ["bus", "cat", "dog", "owl", "pig"]})
    people = [join_by_link(study=study, annotator=None) for _ in range(20)]
    for each in people:
        assert each.option_order == own_order(each.seed, 5)
    assert len({tuple(each.option_order) for each in people}) > 5
    again = join_by_link(study=study, annotator=people[0].annotator)
    assert (again.seed, again.option_order) == (people[0].seed, people[0].option_order)


def test_a_kind_without_options_to_order_draws_none():
    assert join_by_link(study=make_open_study(), annotator=None).option_order == []


def test_joining_twice_is_one_participation_and_one_visit():
    study = four_images()
    first = join_by_link(study=study, annotator=None)
    assert join_by_link(study=study, annotator=first.annotator) == first
    assert Participation.objects.count() == Visit.objects.count() == 1


def test_a_platform_brings_one_person_through_several_visits_of_one_participation():
    study, annotator = four_images(), make_annotator()
    first = join_study(study=study, annotator=annotator, unit_id="session 1")
    second = join_study(study=study, annotator=annotator, unit_id="session 1", number=2)
    assert first == second
    assert second.visit.number == 2
    assert Visit.objects.count() == 2


def test_people_are_numbered_and_begin_where_the_golden_ratio_says():
    study = four_images()
    # floor(4 · frac(n / golden ratio)): 0, 0.618, 0.236
    assert [join_by_link(study=study, annotator=None).cursor for _ in range(3)] == [0, 2, 0]
    assert [each.ordinal for each in Participation.objects.order_by("pk")] == [0, 1, 2]


def test_pseudonyms_differ_from_study_to_study_and_lead_to_nobody():
    annotator = make_annotator()
    names = [
        join_study(study=make_open_study(), annotator=annotator, unit_id="unit").pseudonym for _ in range(2)
    ]
    assert names[0] != names[1]
    assert all(len(name) == 12 and annotator.external_id not in name for name in names)


def test_a_paused_study_takes_nobody_new_and_makes_nobody():
    study = four_images()
    pause_study(study=study)
    with pytest.raises(StudyNotOpenError):
        join_by_link(study=study, annotator=None)
    assert not Annotator.objects.exists()


def test_joining_says_what_is_wrong_with_a_visit():
    with pytest.raises(IntegrityError, match="visit_has_unit"):
        join_study(study=one_image(), annotator=make_annotator(), unit_id="")


# --- leaving ---------------------------------------------------------------------------------------------


def test_erased_answers_are_empty_and_their_turns_stay():
    study = one_image()
    participation = person(study)
    turn = claim(participation)
    submit(turn)
    submit(turn, ("dog",), base=0)
    assert erase_answers(participation=participation) == 2
    assert set(Response.objects.values_list("answer", flat=True)) == {None}
    assert not Response.objects.filter(erased_at=None).exists()
    assert (again(turn).state, again(turn).dropped) == (State.SUBMITTED, "erased")
    assert Place.objects.get().turn is None
    assert erase_answers(participation=participation) == 0
    with pytest.raises(AssignmentNotYoursError, match="were erased"):
        submit(turn, ("bus",), base=1)


def test_who_withdraws_while_rating_gives_the_place_back():
    study = one_image()
    participation = person(study)
    turn = claim(participation)
    withdraw(participation=participation)
    assert (again(turn).state, place_of(turn).turn) == (State.RETURNED, None)
    assert again(participation).items_held == 0


@pytest.mark.parametrize("drop", ["withdraw", "erase"])
def test_what_is_left_short_after_closing_is_listed_whoever_dropped_it(drop):
    study = four_images()
    participation = person(study)
    submit(claim(participation))
    close_study(study=study)
    (withdraw if drop == "withdraw" else erase_answers)(participation=participation)
    assert study.plan.deviations.get().now == "places left short: 1"


def test_a_code_that_somebody_has_is_drawn_again(monkeypatch):
    study = make_open_study()
    drawn = iter(["AAAAAAAA", "AAAAAAAA", "AAAAAAAA", "BBBBBBBB"])
    monkeypatch.setattr(participations, "new_completion_code", lambda: next(drawn))
    people = [join_by_link(study=study, annotator=None) for _ in range(2)]
    assert [person.completion_code for person in people] == ["AAAAAAAA", "BBBBBBBB"]
