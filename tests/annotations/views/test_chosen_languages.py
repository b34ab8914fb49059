"""A language that somebody chose stays that person's, and becomes no one else's."""

import re
from urllib.parse import quote

import pytest
from django.test import Client

from annotations.models import Assignment
from annotations.services.entry_codes import make_entry_codes
from annotations.services.participations import withdraw
from annotations.services.turns import expire_due_turns, leave_turns
from tests.annotations.views.test_languages import consent, join_in
from tests.annotations.views.visits import address, held, run_out, send
from tests.speaking import make_speaking_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_speaking_study()


def test_another_language_can_be_chosen_in_the_middle(client, study):
    person = join_in(client, study, "de")
    first = held(person)
    page = client.get(address("instructions", study)).text
    assert 'value="de" lang="de" dir="ltr" aria-current="true">Deutsch</button>' in page
    answer = client.post(address("language", study), {"language": "es"})
    assert answer.url == address("instructions", study)
    first.refresh_from_db()
    assert first.language == "es"
    person.refresh_from_db()
    assert (person.language, person.consent_language) == ("es", "de")
    assert '<html lang="es"' in client.get(address("assignment", study, first.pk)).text


def test_what_was_answered_keeps_the_language_in_which_it_was(client, study):
    person = join_in(client, study, "de")
    first = held(person)
    send(client, first, {"choice": 2})
    client.post(address("language", study), {"language": "es"})
    first.refresh_from_db()
    assert first.language == "de"


def hidden_language(page: str) -> str | None:
    found = re.search(r'<input type="hidden" name="language" value="([^"]*)">', page)
    return found and found[1]


def enter(browser: Client, study, code: str, query: str = "") -> None:
    """As somebody does who sends the first page as it stands."""
    said = hidden_language(browser.get(address("start", study) + query).text)
    browser.post(address("start", study), {"code": code, **({"language": said} if said else {})})


def test_a_code_leads_back_in_the_language_that_was_chosen():
    study = make_speaking_study(access="codes")
    code = make_entry_codes(study=study, count=1)[0].code
    enter(Client(), study, code, "?code&language=es")
    again = Client(headers={"Accept-Language": "en"})
    enter(again, study, code)
    assert '<html lang="es"' in again.get(address("instructions", study)).text
    third = Client(headers={"Accept-Language": "en"})
    enter(third, study, code, "?code&language=de")
    assert '<html lang="de"' in third.get(address("instructions", study)).text


def test_the_next_person_at_a_browser_is_spoken_to_as_that_one_asks():
    study = make_speaking_study(access="codes")
    first, second = (each.code for each in make_entry_codes(study=study, count=2))
    browser = Client(headers={"Accept-Language": "en"})
    enter(browser, study, first, "?code&language=de")
    page = browser.get(address("start", study) + "?code").text
    assert '<html lang="en"' in page
    page = browser.get(address("start", study) + "?code&language=es").text
    assert '<html lang="es"' in page
    enter(browser, study, second, "?code&language=es")
    assert [person.language for person in study.participations.order_by("pk")] == ["de", "es"]


@pytest.mark.parametrize("leave", [leave_turns, None])
def test_a_turn_that_one_comes_back_to_has_the_language_in_which_it_is_answered(client, study, leave):
    person = join_in(client, study, "de")
    turn = held(person)
    if leave is None:
        run_out(turn)
        expire_due_turns(study=study)
    else:
        leave(participation=person)
    client.post(address("language", study), {"language": "es"})
    if leave is not None:
        client.post(address("next", study))
    send(client, turn, {"choice": 3})
    turn.refresh_from_db()
    assert (turn.state, turn.language) == (Assignment.State.SUBMITTED, "es")


def test_who_has_to_wait_at_the_door_keeps_the_language():
    study = make_speaking_study(join_at_once=1, join_per_second=0.01)
    Client().post(address("start", study))
    page = Client().post(address("start", study), {"language": "es"})
    assert page.status_code == 429
    assert hidden_language(page.text) == "es"


def test_the_way_by_the_log_in_keeps_the_language(client):
    study = make_speaking_study(access="accounts")
    answer = client.get(address("start", study) + "?language=es")
    assert answer.url.endswith(f"?next={quote(address('start', study) + '?language=es', safe='/')}")


def test_who_is_out_of_a_study_changes_nothing_in_it(client, study):
    person = join_in(client, study, "de")
    withdraw(participation=person)
    client.post(address("language", study), {"language": "es"})
    person.refresh_from_db()
    assert person.language == "de"


def test_what_the_script_puts_into_a_page_says_its_language(client, study):
    turn = held(join_in(client, study, "de"))
    part = client.get(address("assignment", study, turn.pk), headers={"X-Requested-With": "fetch"}).text
    assert '<main id="main"' in part
    assert 'lang="de" dir="ltr"' in part.partition("<main")[2].partition(">")[0]


def test_who_does_not_agree_reads_so_in_the_chosen_language(client, study):
    link = re.search(r'href="([^"]+no-consent[^"]+)"', consent(study, said="es"))[1]
    page = client.get(link).text
    assert '<html lang="es"' in page
    assert f'{address("start", study)}?language=es"' in page  # and back
