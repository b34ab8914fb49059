"""The place of a person's next picture: kept for a while, never a turn."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import Place
from annotations.services.claims import RESERVATION, renew_reservation
from tests.annotations.services.rows import again, claim, four_images, person, rate_everything, submit
from tests.factories import make_cohyponym_prompt_set, make_open_study, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return four_images()


def reserved(participation) -> Place | None:
    return Place.objects.filter(reserved_for=participation).first()


def test_the_place_that_is_reserved_is_the_one_that_comes(study):
    participation = person(study)
    submit(claim(participation))
    for _ in range(3):
        following = reserved(participation)
        turn = claim(participation)
        if following is not None:
            assert turn.place_id == following.pk
        submit(turn)


def test_a_reservation_is_no_turn_and_lasts_two_minutes(study):
    participation = person(study)
    claim(participation)
    place = reserved(participation)
    assert place.turn is None
    assert place.reserved_until - timezone.now() <= RESERVATION
    assert participation.assignments.count() == 1


def test_the_page_renews_its_reservation(study):
    participation = person(study)
    claim(participation)
    Place.objects.filter(reserved_for=participation).update(reserved_until=timezone.now())
    assert renew_reservation(participation=participation)
    assert reserved(participation).reserved_until > timezone.now() + timedelta(minutes=1)
    Place.objects.filter(reserved_for=participation).update(reserved_for=None, reserved_until=None)
    assert not renew_reservation(participation=participation)


def test_others_pass_over_what_is_reserved_until_nothing_else_is_open():
    run = make_run(make_cohyponym_prompt_set(), seeds=range(2))
    study = make_open_study("object_presence", run, replicas=1)
    first, second = person(study), person(study)
    claim(first)
    last = reserved(first)
    # The only place left is the first one's next; nobody else can do it.
    turn = claim(second)
    assert turn.place_id == last.pk
    assert reserved(first) is None


def test_a_reservation_that_outlived_its_page_is_an_open_place(study):
    first = person(study)
    claim(first)
    place = reserved(first)
    Place.objects.filter(pk=place.pk).update(reserved_until=timezone.now() - timedelta(seconds=1))
    taken = set()
    for _ in range(2):
        taken |= {response.assignment.place_id for response in rate_everything(person(study))}
    assert place.pk in taken
    assert again(first).items_held == 1


def test_the_share_cap_counts_the_reservation():
    participation = person(four_images(share_cap=0.25))
    claim(participation)
    assert reserved(participation) is not None
    participation = person(four_images(share_cap=0.125))  # one place
    claim(participation)
    assert reserved(participation) is None
