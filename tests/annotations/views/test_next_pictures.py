"""The next picture is loaded beforehand: a place is reserved for it, which is no turn."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotations.models import Assignment, Participation, Place
from annotations.services.participations import withdraw
from tests.annotations.views.visits import address, held, join, make_study_of_one_place, picture, send
from tests.factories import make_cohyponym_prompt_set, make_open_study, make_run

pytestmark = pytest.mark.django_db


def preloaded(page) -> list[str]:
    """The addresses that the page loads beforehand."""
    _, found, rest = page.text.partition('data-preload="')
    return rest.partition('"')[0].split() if found else []


def test_the_pictures_of_the_reserved_place_are_named_and_it_is_given_next(client):
    study = make_open_study()
    participation = join(client, study)
    for _ in range(2):
        turn = held(participation)
        page = client.get(address("assignment", study, turn.pk))
        place = Place.objects.get(reserved_for=participation)
        assert place.task != turn.task
        assert preloaded(page) == [picture("image", place.task), picture("overlay", place.task)]
        assert participation.assignments.filter(state=Assignment.State.CLAIMED).get() == turn
        page = client.get(send(client, turn, {"choice": 3}).url)
        assert held(participation).place == place
        for name in ("image", "overlay"):
            assert f'<img src="{picture(name, place.task)}"' in page.text


def test_a_task_without_a_word_names_one_picture(client):
    pairs = [("cat", "dog", True), ("cat", "bus", False)]
    study = make_open_study("object_presence", make_run(make_cohyponym_prompt_set(pairs)))
    participation = join(client, study)
    page = client.get(address("assignment", study, held(participation).pk))
    task = Place.objects.get(reserved_for=participation).task
    assert preloaded(page) == [picture("image", task)]


def test_nothing_is_named_where_nothing_comes(client):
    study = make_study_of_one_place()
    page = client.get(address("assignment", study, held(join(client, study)).pk))
    assert preloaded(page) == []


def test_two_people_are_never_promised_the_same_place(client):
    study = make_open_study(replicas=1)
    first, second = join(client, study), join(Client(), study)
    # Three places: two are held, and one is promised to the first who came.
    assert held(first).place != held(second).place
    (promised,) = Place.objects.filter(reserved_for__isnull=False)
    assert promised.reserved_for == first
    page = client.get(send(client, held(first), {"choice": 3}).url)
    assert held(first).place == promised
    assert preloaded(page) == []


def promised_until(participation: Participation):
    return Place.objects.get(reserved_for=participation).reserved_until


def test_a_page_that_is_still_there_keeps_its_next_picture(client):
    study = make_open_study()
    participation = join(client, study)
    before = timezone.now()
    Place.objects.filter(reserved_for=participation).update(reserved_until=before + timedelta(seconds=5))
    answer = client.post(address("keep", study))
    assert (answer.status_code, answer.content) == (204, b"")
    until = promised_until(participation)
    assert before + timedelta(minutes=2) <= until <= timezone.now() + timedelta(minutes=2)


def test_keeping_is_of_ones_own_picture_alone(client):
    study = make_open_study()
    participation = join(client, study)
    until = promised_until(participation)
    other, stranger = Client(), Client()
    join(other, study)
    for visitor in (other, stranger):
        assert visitor.post(address("keep", study)).status_code == 204
    assert promised_until(participation) == until
    assert client.get(address("keep", study)).status_code == 405
    assert promised_until(participation) == until


def test_a_picture_that_went_to_somebody_else_is_not_kept(client):
    study = make_open_study()
    participation = join(client, study)
    Place.objects.filter(reserved_for=participation).update(reserved_for=None, reserved_until=None)
    assert client.post(address("keep", study)).status_code == 204
    assert not Place.objects.filter(reserved_for=participation).exists()


def test_who_withdrew_keeps_nothing(client):
    study = make_open_study()
    participation = join(client, study)
    withdraw(participation=participation)
    client.post(address("keep", study))
    assert not Place.objects.filter(reserved_for__isnull=False).exists()
