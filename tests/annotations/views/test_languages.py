"""Interface, study and prompt each in a language of its own; chosen by the person, stored with each turn."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotations.models import Assignment, Participation, StudyText
from annotations.services.openings import open_study
from tests.annotations.arabic import TEXTS, add_arabic
from tests.annotations.views.visits import address, held, join, page_fields, send
from tests.factories import make_open_study, make_study
from tests.speaking import ARABIC, make_speaking_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_speaking_study()


def consent(study, said: str = "", browser: str = "") -> str:
    query = f"?language={said}" if said else ""
    return Client(headers={"Accept-Language": browser}).get(address("start", study) + query).text


def join_in(client, study, language: str) -> Participation:
    client.post(address("start", study), {"language": language})
    client.post(address("next", study))
    return study.participations.get()


@pytest.mark.parametrize(
    ("browser", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("fr-FR,es;q=0.4,en;q=0.3", "es"),
        ("zh-CN", "zh-hans"),
        ("ar-EG,en", "ar"),
        ("fr", "en"),
        ("", "en"),
        ("*;q=0.1, x" * 100, "en"),
    ],
)
def test_a_newcomer_is_spoken_to_as_the_browser_asks(study, browser, language):
    page = consent(study, browser=browser)
    assert f'lang="{language}"' in page.partition("<h1")[2].partition(">")[0]


def test_the_study_is_offered_in_each_of_its_languages_by_what_speakers_call_them(study):
    page = consent(study)
    offered = re.findall(r'<a href="\?language=([^"]+)" lang="\1" hreflang="\1" dir="(\w+)"', page)
    assert offered == [("en", "ltr"), ("ar", "rtl"), ("de", "ltr"), ("es", "ltr"), ("zh-hans", "ltr")]
    for name in ("English", "العربيّة", "Deutsch", "Español", "简体中文"):
        assert f">{name}</a>" in page


def test_a_study_of_one_language_offers_no_choice(client):
    page = client.get(address("start", make_open_study())).text
    assert "languages" not in page
    assert 'name="language"' not in page


def test_interface_and_study_are_in_the_language_that_was_chosen(study):
    page = consent(study, said="de", browser="es")
    assert '<html lang="de" dir="ltr">' in page
    assert "und möchte teilnehmen" in page
    german = StudyText.objects.get(study=study, language="de")
    assert f'<h1 lang="de" dir="ltr">{german.title}</h1>' in page
    assert '<input type="hidden" name="language" value="de">' in page


@pytest.mark.parametrize("said", ["DE", "De", "zh-Hans", "ZH-HANS"])
def test_a_language_may_be_asked_for_in_capitals(client, study, said):
    page = consent(study, said=said)
    assert f'<h1 lang="{said.lower()}"' in page
    assert "does not speak" not in page
    client.post(address("start", study), {"language": said})
    assert study.participations.get().language == said.lower()


def test_arabic_texts_stand_under_an_english_interface(client, study):
    page, title = consent(study, said="ar"), TEXTS["title"]
    assert '<html lang="en" dir="ltr">' in page
    assert f'<h1 lang="ar" dir="rtl">{title}</h1>' in page
    assert '<div lang="ar" dir="rtl"><p>' in page
    turn = held(join_in(client, study, "ar"))
    page = client.get(address("assignment", study, turn.pk)).text
    assert f"{ARABIC['5']}</span>" in page
    before, _, after = ARABIC["question"].partition("{word}")
    word = turn.task.payload["word"]
    assert (
        f'<legend lang="ar" dir="rtl">{before}<span class="target-word" lang="en" dir="auto">{word}</span>'
        f"{after}</legend>"
    ) in page
    assert "Hide the area" in page


def test_the_prompt_keeps_its_own_language(client):
    study = make_speaking_study(prompt_language="fr")
    turn = held(join_in(client, study, "de"))
    page = client.get(address("assignment", study, turn.pk)).text
    assert '<blockquote class="prompt" lang="fr" dir="auto"' in page


def test_the_language_is_stored_with_the_person_and_every_turn(client, study):
    person = join_in(client, study, "es")
    assert person.language == "es"
    send(client, held(person), {"choice": 4})
    assert {turn.language for turn in Assignment.objects.all()} == {"es"}


def test_the_answer_is_the_same_in_every_language(client, study):
    person = join_in(client, study, "zh-hans")
    turn = held(person)
    send(client, turn, {"choice": 5})
    turn.refresh_from_db()
    assert turn.responses.get().answer == {"choice": 5}


def test_objects_are_called_by_their_names_and_stored_by_their_codes(client):
    study = make_speaking_study("object_presence")
    turn = held(join_in(client, study, "de"))
    page = client.get(address("assignment", study, turn.pk)).text
    assert re.search(r'value="cat"[^>]*><span>Katze</span>', page)
    send(client, turn, {"objects": ["dog", "cat"]})
    turn.refresh_from_db()
    assert turn.responses.get().answer == {"objects": ["dog", "cat"]}
    page = client.get(address("assignment", study, turn.pk)).text
    assert '<li data-value="dog">Hund</li><li data-value="cat">Katze</li>' in page


def test_mistakes_are_told_in_the_persons_language(client, study):
    turn = held(join_in(client, study, "de"))
    page = client.post(address("assignment", study, turn.pk), {"choice": "9", **page_fields()}).text
    assert "eine der sieben Antworten" in page or "keine der sieben Antworten" in page


@pytest.mark.parametrize("forged", ["fr", "FR", "xx-" + "y" * 100_000, "de\0", "../de", "<b>"])
def test_a_language_that_is_not_offered_is_none(client, study, forged):
    page = client.get(address("start", study), {"language": forged})
    assert page.status_code == 200 or "\0" in forged
    if page.status_code == 200:
        assert "does not speak the language that was asked for" in page.text
        assert forged.isalpha() or forged not in page.text  # two letters may stand in any token
    client.post(address("start", study), {"language": forged})
    for person in study.participations.all():
        assert person.language == "en"
        client.post(address("language", study), {"language": forged})
        person.refresh_from_db()
        assert person.language == "en"


def test_texts_that_are_not_whole_are_not_offered(client):
    draft = make_study(languages=("de",))
    add_arabic(draft, consent="")
    study = open_study(study=draft)
    assert "العربيّة" not in client.get(address("start", study)).text
    assert '<h1 lang="en"' in consent(study, said="ar")


def test_an_answer_in_another_language_asks_no_more_of_the_database(study):
    asked = {}
    for language in ("en", "de"):
        client = Client()
        client.post(address("start", study), {"language": language})
        client.post(address("next", study))
        turn = held(study.participations.get(language=language))
        client.get(address("assignment", study, turn.pk))
        with CaptureQueriesContext(connection) as queries:
            send(client, turn, {"choice": 4})
        asked[language] = len(queries)
    assert asked["de"] == asked["en"]


def test_pages_of_problems_speak_the_browsers_language():
    browser = Client(headers={"Accept-Language": "es-MX"})
    page = browser.get("/s/nothing-there/")
    assert page.status_code == 404
    assert '<html lang="es"' in page.text
    assert "Accept-Language" in page["Vary"]


@pytest.mark.parametrize(
    ("browser", "language"), [("de-AT", "de"), ("zh-CN", "zh-hans"), ("ar", "en"), ("", "en")]
)
def test_the_first_page_speaks_the_browsers_language_to_whoever_lost_the_link(browser, language):
    page = Client(headers={"Accept-Language": browser}).get("/")
    assert f'<html lang="{language}" dir="ltr">' in page.text
    assert ("Human studies of" in page.text) == (language == "en")
    assert "Accept-Language" in page["Vary"]
    assert '<html lang="en"' in Client().get("/").text


def test_researchers_pages_are_english(admin_client):
    for place in ("/admin/", "/"):
        page = admin_client.get(place, headers={"Accept-Language": "de"}).text
        assert 'lang="en"' in page
        assert "Willkommen" not in page


def test_the_first_page_is_english_for_who_is_logged_in_and_nobodys_member(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("stranger"))
    page = client.get("/", headers={"Accept-Language": "de"}).text
    assert '<html lang="en"' in page
    assert "Human studies of" in page


def test_one_persons_language_is_not_the_next_ones(study):
    """Of two requests that one thread answers."""
    consent(study, said="zh-hans")
    assert '<html lang="en"' in consent(study)


def test_a_study_from_before_there_were_languages_says_what_it_said(client):
    study = make_open_study()
    person = join(client, study)
    Participation.objects.update(language="")
    page = client.get(address("assignment", study, held(person).pk)).text
    assert "How well does the highlighted area reflect the word “" in page
    assert "Excellent" in page
