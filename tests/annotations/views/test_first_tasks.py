"""Of those who came by a link and answered nothing, one address holds only so many tasks, for minutes."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotations.jobs import sweep_identities
from annotations.models import Assignment, Participation, Place, Study
from annotations.services.admissions import may_hold_one_more
from annotations.services.claims import claim_assignment, extend_lease
from annotations.services.identities import erase_person
from tests.annotations.views.visits import address, held, run_out, send
from tests.factories import make_open_study, make_participation, make_prompt_set, make_run

pytestmark = pytest.mark.django_db
HERE, ELSEWHERE = "198.51.100.7", "203.0.113.9"


def make_study_of(places: int, **design) -> Study:
    words = [(f"word{number}", "NOUN", "") for number in range(places // 2)]
    text = " ".join(word for word, _, _ in words)
    run = make_run(make_prompt_set([(text, words)]))
    study = make_open_study(run=run, **{"replicas": 2, "unanswered_share": 0.2, **design})
    assert study.places_wanted == places
    return study


def begin(study: Study, where: str = HERE, client: Client | None = None):
    """Somebody agrees and asks for a task; what came of it."""
    client = client or Client(REMOTE_ADDR=where)
    assert client.post(address("start", study)).status_code in (302, 429)
    return client.post(address("next", study))


def at_a_task(study: Study) -> int:
    return Assignment.objects.filter(study=study, state=Assignment.State.CLAIMED).count()


def test_one_script_with_many_cookies_holds_a_fifth_of_the_open_places_and_the_next_person_gets_a_task():
    study = make_study_of(100)
    came = [begin(study).status_code for _ in range(40)]
    # 16 of the 84 that are open then; 17 would be more than a fifth of 83.
    assert came == 16 * [302] + 24 * [429]
    assert at_a_task(study) == 16 <= 0.2 * Place.objects.open().filter(study=study).count()
    assert "/assignments/" in begin(study, ELSEWHERE).url


def test_the_page_says_so_and_asks_for_the_task_again_by_itself():
    study = make_study_of(10)
    begin(study)
    page = begin(study)
    assert (page.status_code, page["Retry-After"]) == (429, "10")
    assert "Many people are joining from where you are" in page.text
    assert f'<form method="post" action="{address("next", study)}"' in page.text


def test_whoever_answered_is_counted_no_more_and_asked_no_more():
    study, client = make_study_of(10), Client(REMOTE_ADDR=HERE)
    begin(study, client=client)
    assert begin(study).status_code == 429
    person = Participation.objects.order_by("pk").first()
    assert "/assignments/" in send(client, held(person), {"choice": 3}).url
    assert begin(study).status_code == 302
    assert begin(study).status_code == 429
    assert "/assignments/" in send(client, held(person), {"choice": 3}).url


def test_whoever_is_at_a_task_comes_back_to_it():
    study, client = make_study_of(10), Client(REMOTE_ADDR=HERE)
    page = begin(study, client=client)
    assert client.post(address("next", study)).url == page.url
    assert at_a_task(study) == 1


def test_a_first_task_is_kept_for_five_minutes_and_the_next_one_for_as_long_as_the_study_says():
    study, client = make_study_of(10), Client(REMOTE_ADDR=HERE)
    begin(study, client=client)
    person = Participation.objects.get()
    now = timezone.now()
    assert now + timedelta(minutes=4) < held(person).lease_expires_at < now + timedelta(minutes=5)
    assert extend_lease(turn=held(person)) == timedelta(minutes=5)
    send(client, held(person), {"choice": 3})
    assert held(person).lease_expires_at > now + timedelta(minutes=29)


def test_a_task_that_nobody_finished_is_another_ones_at_the_same_address():
    study = make_study_of(10)
    begin(study)
    assert begin(study).status_code == 429
    run_out(held(Participation.objects.first()))
    assert begin(study).status_code == 302
    assert at_a_task(study) == 1


def test_one_person_may_begin_however_few_places_are_open():
    study = make_study_of(2)
    assert may_hold_one_more(study, 0)
    assert not may_hold_one_more(study, 1)
    assert begin(study).status_code == 302


def test_where_nothing_is_open_nobody_is_told_to_queue():
    study = make_study_of(2)
    begin(study, ELSEWHERE)
    begin(study, HERE)
    assert begin(study, HERE).url == address("thanks", study)


@pytest.mark.parametrize(
    ("design", "most"),
    [
        ({}, 20),
        ({"unanswered_at_most": 7}, 7),
        ({"unanswered_share": 0.29}, 29),
        ({"unanswered_share": 0.5, "unanswered_at_most": 30}, 30),
        ({"unanswered_share": 1.0}, 250),
    ],
)
def test_a_study_may_set_the_limits(design, most):
    study = make_study_of(100, **design)
    assert may_hold_one_more(study, most - 1)
    assert not may_hold_one_more(study, most)


def test_how_long_a_first_task_is_kept_is_the_studys_too():
    study = make_study_of(10, unanswered_minutes=2)
    begin(study)
    assert held(Participation.objects.get()).lease_expires_at < timezone.now() + timedelta(minutes=2)


def test_an_address_is_kept_as_a_hash_of_the_day_until_the_first_answer(clock):
    study, client = make_study_of(100), Client(REMOTE_ADDR=HERE)
    begin(study, client=client)
    begin(study)
    begin(study, ELSEWHERE)
    keys = list(Participation.objects.order_by("pk").values_list("address_key", flat=True))
    assert keys[0] == keys[1] != keys[2]
    assert not any(HERE in key or ELSEWHERE in key for key in keys)
    person = Participation.objects.order_by("pk").first()
    send(client, held(person), {"choice": 3})
    person.refresh_from_db()
    assert person.address_key == ""


def test_a_sweep_forgets_addresses_the_next_day(clock):
    study = make_study_of(100)
    begin(study)
    sweep_identities()
    assert Participation.objects.exclude(address_key="").count() == 1
    clock.seconds += 24 * 60 * 60
    begin(study)
    sweep_identities()
    assert [bool(person.address_key) for person in Participation.objects.order_by("pk")] == [False, True]


def test_whoever_is_erased_leaves_no_address():
    study = make_study_of(10)
    begin(study)
    erase_person(participation=Participation.objects.get(), by=None)
    assert Participation.objects.get().address_key == ""


def test_a_service_that_knows_no_address_limits_nobody():
    study = make_study_of(10)
    for _ in range(5):
        assert claim_assignment(participation=make_participation(study)).turn is not None
    assert not Participation.objects.exclude(address_key="").exists()


def test_people_at_two_studies_do_not_hold_each_other_up():
    study, other = make_study_of(10), make_study_of(10)
    assert begin(study).status_code == begin(other).status_code == 302
