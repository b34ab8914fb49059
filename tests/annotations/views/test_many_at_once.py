"""A lecture hall joins from one address; a script that makes people up does not get far."""

import re
from ipaddress import ip_network

import pytest
from django.test import Client

from annotations.models import Annotator, Participation, Study
from daamweb.door.models import Bucket
from tests.annotations.views.visits import address, held, join, send
from tests.factories import make_open_study, make_prompt_set, make_run

pytestmark = pytest.mark.django_db

AT_ONCE = 250
HALL, ELSEWHERE = "198.51.100.7", "203.0.113.9"


def newcomer(study: Study, where: str = HALL):
    """Somebody with a browser of their own agrees."""
    return Client(REMOTE_ADDR=where).post(address("start", study))


def let_in(study: Study, people: int, where: str = HALL) -> None:
    for _ in range(people):
        assert newcomer(study, where).url == address("instructions", study)


def fill_up(study: Study, where: str = HALL) -> None:
    """As if as many had joined from there as may at once."""
    assert newcomer(study, where).status_code == 302
    full_at = Bucket.objects.get(purpose=f"join {study.pk}").full_at
    Bucket.objects.update(full_at=full_at + (AT_ONCE - 1) * 1_000_000)


def make_study_of_2000_places() -> Study:
    words = [(f"word{number}", "NOUN", "") for number in range(20)]
    text = " ".join(word for word, _, _ in words)
    study = make_open_study(
        run=make_run(make_prompt_set([(text, words)] * 2)), replicas=50, unanswered_share=0.2
    )
    assert study.places_wanted == 2000
    return study


def test_200_people_at_one_address_all_begin_within_a_minute(clock):
    study = make_study_of_2000_places()
    for _ in range(200):
        client = Client(REMOTE_ADDR=HALL)
        assert client.get(address("start", study)).status_code == 200
        client.post(address("start", study))
        assert "/assignments/" in client.post(address("next", study)).url
        clock.seconds += 60 / 200
    assert study.participations.count() == 200
    assert all(held(person) is not None for person in study.participations.all())


def test_the_251st_at_once_waits_and_gets_in_a_second_later(clock):
    study = make_open_study()
    let_in(study, AT_ONCE)
    page = newcomer(study)
    assert (page.status_code, page["Retry-After"]) == (429, "1")
    assert study.participations.count() == Annotator.objects.count() == AT_ONCE == 250
    clock.seconds += 1
    let_in(study, 1)
    assert newcomer(study).status_code == 429


def test_the_page_says_so_calmly_and_asks_again_by_itself(clock):
    study = make_open_study()
    fill_up(study)
    pages = [newcomer(study) for _ in range(40)]
    assert all("Many people are joining from where you are" in page.text for page in pages)
    assert all(f'<form method="post" action="{address("start", study)}"' in page.text for page in pages)
    assert {page["Cache-Control"] for page in pages} == {
        "max-age=0, no-cache, no-store, must-revalidate, private"
    }
    # Not all at the same moment.
    again = {int(re.search(r'data-again="(\d+)"', page.text)[1]) for page in pages}
    assert again <= set(range(1, 11))
    assert len(again) > 3


def test_other_addresses_and_other_studies_have_room(clock):
    study, other = make_open_study(), make_open_study()
    fill_up(study)
    assert newcomer(study).status_code == 429
    let_in(study, 1, ELSEWHERE)
    let_in(other, 1)


def test_who_takes_part_already_is_never_held_up(client, clock):
    study = make_open_study()
    client.defaults["REMOTE_ADDR"] = HALL
    participation = join(client, study)
    Bucket.objects.update(full_at=Bucket.objects.get().full_at + (AT_ONCE - 1) * 1_000_000)
    assert newcomer(study).status_code == 429
    assert client.post(address("start", study)).url == address("instructions", study)
    while turn := held(participation):
        assert send(client, turn, {"choice": 3}).status_code == 302
    assert Participation.objects.count() == 1


def test_looking_at_the_first_page_and_a_paused_study_use_nothing_up(clock):
    study = make_open_study()
    for _ in range(3):
        Client(REMOTE_ADDR=HALL).get(address("start", study))
    Study.objects.filter(pk=study.pk).update(state=Study.State.PAUSED)
    assert newcomer(study).status_code == 403
    assert not Bucket.objects.exists()


def test_people_behind_a_trusted_proxy_are_told_apart(clock, settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    study = make_open_study()
    for client in (HALL, ELSEWHERE):
        Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=client).post(address("start", study))
    assert Bucket.objects.count() == 2
