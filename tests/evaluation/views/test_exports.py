"""Answers leave the site by a button, and who took them is written down."""

import csv
import html as markup
from io import StringIO

import pytest

from annotations.services.identities import erase_person
from daamweb.projects.models import Event, Role
from tests.evaluation.pages import address
from tests.evaluation.studies import make_rated_study
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db


def exports() -> list[tuple]:
    events = Event.objects.filter(action=Event.Action.EXPORTED).order_by("pk")
    return [(event.actor_name, event.subject_name, event.details) for event in events]


@pytest.fixture
def anna(client):
    anna = make_member(Role.RESEARCHER, username="anna")
    client.force_login(anna)
    return anna


@pytest.mark.usefixtures("anna")
def test_the_page_says_what_is_in_the_file_and_hands_nothing_out(client):
    study = make_rated_study()
    answer = client.get(address(study, "responses.csv"))
    page = " ".join(markup.unescape(answer.text).split())
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "no-store" in answer.headers["Cache-Control"]
    people = study.participations.values_list("pseudonym", flat=True)
    assert f"15 answers of {len(people)} people so far" in page
    assert "under their pseudonyms" in page
    assert f'href="/evaluation/studies/{study.pk}/codebook.csv"' in page
    assert [person for person in people if person in page] == []
    assert exports() == []


@pytest.mark.usefixtures("anna")
def test_the_button_hands_the_file_out_and_writes_it_down(client):
    study = make_rated_study()
    answer = client.post(address(study, "responses.csv"))
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="')
    assert "no-store" in answer.headers["Cache-Control"]
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert len(rows) == 15
    people = set(study.participations.values_list("pseudonym", flat=True))
    assert {row["annotator"] for row in rows} == people
    assert exports() == [("anna", study.name, {"answers": 15})]
    client.post(address(study, "responses.csv"))
    assert len(exports()) == 2


@pytest.mark.usefixtures("anna")
def test_what_a_platform_calls_people_is_not_in_the_file(client):
    study = make_rated_study()
    answer = client.post(address(study, "responses.csv")).text
    for person in study.participations.select_related("annotator"):
        assert person.annotator.external_id not in answer
        assert person.completion_code not in answer


@pytest.mark.usefixtures("anna")
def test_what_was_erased_is_not_counted(client):
    study = make_rated_study()
    erase_person(participation=study.participations.order_by("pk").last(), by=None)
    page = client.get(address(study, "responses.csv")).text
    rows = list(csv.DictReader(StringIO(client.post(address(study, "responses.csv")).text)))
    assert f"{len(rows)} answers of {study.participations.count() - 1} people" in page
    assert exports()[0][2] == {"answers": len(rows)}


@pytest.mark.usefixtures("anna")
def test_a_study_without_answers_says_so(client):
    assert "0 answers of 0 people" in client.get(address(make_study(), "responses.csv")).text


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_not_export_is_refused_and_nothing_is_written_down(client, member_client, method):
    study = make_rated_study()
    observer = member_client(Role.OBSERVER)
    assert getattr(observer, method)(address(study, "responses.csv")).status_code == 403
    assert getattr(client, method)(address(study, "responses.csv")).status_code == 302
    assert exports() == []


@pytest.mark.usefixtures("anna")
def test_an_export_that_fails_is_not_written_down(client, monkeypatch):
    def fail(*args):
        raise MemoryError

    study = make_rated_study()
    monkeypatch.setattr("evaluation.services.exports.write_responses", fail)
    with pytest.raises(MemoryError):
        client.post(address(study, "responses.csv"))
    assert exports() == []
