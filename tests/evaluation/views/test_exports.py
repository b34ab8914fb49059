"""Answers leave the site by a button, and who took them is written down."""

import csv
import html as markup
import re
from io import StringIO
from urllib.parse import parse_qs

import pytest
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.utils import timezone
from django.utils.text import slugify
from storages.backends.s3 import S3Storage

from annotations.models import Study
from annotations.services.identities import erase_person
from daamweb.projects.models import Event, Membership, Role
from evaluation.jobs import write_export
from evaluation.models import Export
from tests.evaluation.pages import address, html
from tests.evaluation.studies import answer_task, make_attribution_study, make_rated_study
from tests.factories import answer_turn, make_annotator, make_member, make_study

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


def written(client, study) -> HttpResponse:
    """Ask, have a worker write, and download."""
    assert client.post(address(study, "responses.csv")).headers["Location"] == address(study, "responses.csv")
    write_export(Export.objects.latest("pk").pk)
    link = re.search(
        r'href="(/evaluation/exports/\d+/responses.csv)"', html(client.get(address(study, "responses.csv")))
    )
    return client.get(link[1])


@pytest.mark.usefixtures("anna")
def test_a_worker_writes_the_file_and_what_was_taken_is_written_down(client):
    study = make_rated_study()
    answer = written(client, study)
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="{slugify(study.name)}-responses.csv"'
    )
    assert "no-store" in answer.headers["Cache-Control"]
    rows = list(csv.DictReader(StringIO(answer.getvalue().decode())))
    assert len(rows) == 15
    people = set(study.participations.values_list("pseudonym", flat=True))
    assert {row["annotator"] for row in rows} == people
    assert exports() == [("anna", study.name, {"answers": 15})]
    written(client, study)
    assert len(exports()) == 2
    assert Export.objects.count() == 1  # the newest


@pytest.mark.usefixtures("anna")
def test_the_file_is_named_after_the_study_and_is_utf_8(client):
    study = make_rated_study()
    Study.objects.filter(pk=study.pk).update(name="Größe & “Form”; 1/2")
    answer = written(client, study)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="groe-form-12-responses.csv"'
    rows = csv.DictReader(StringIO(answer.getvalue().decode()))
    assert {row["study"] for row in rows} == {"Größe & “Form”; 1/2"}


@pytest.mark.usefixtures("anna")
def test_the_page_waits_for_the_worker_and_says_what_became_of_it(client, pokes):
    study = make_rated_study()
    client.post(address(study, "responses.csv"))
    client.post(address(study, "responses.csv"))  # twice is once
    export = Export.objects.get()
    waiting = html(client.get(address(study, "responses.csv")))
    assert f'hx-get="/work/evaluation.export/{export.pk}/"' in waiting
    assert "Waits for a worker" in waiting
    assert "Write a file" not in waiting
    assert client.get(f"/evaluation/exports/{export.pk}/responses.csv").status_code == 404
    Export.objects.update(state="failed", error="The disk is full.", finished_at=timezone.now())
    failed = html(client.get(address(study, "responses.csv")))
    assert "The disk is full." in failed
    assert "Write a file of the responses (CSV)</button>" in failed


def test_a_worker_is_told_after_the_commit(client, anna, pokes, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address(make_rated_study(), "responses.csv"))
    assert pokes == [("evaluation.jobs.write_export", (Export.objects.get().pk,))]


def test_the_file_is_whoever_asked_for_it_and_only_as_long_as_they_may(client, anna, member_client):
    study = make_rated_study()
    written(client, study)
    file = f"/evaluation/exports/{Export.objects.get().pk}/responses.csv"
    assert member_client(Role.OWNER).get(file).status_code == 404
    assert client.get(file).status_code == 200
    Membership.objects.filter(user=anna).update(role=Role.OBSERVER)
    assert client.get(file).status_code == 404
    Membership.objects.filter(user=anna).delete()
    assert client.get(file).status_code == 404


@pytest.mark.usefixtures("anna")
def test_a_file_that_is_gone_is_not_found(client):
    study = make_rated_study()
    written(client, study)
    export = Export.objects.get()
    default_storage.delete(export.file.name)
    assert client.get(f"/evaluation/exports/{export.pk}/responses.csv").status_code == 404


@pytest.mark.usefixtures("anna")
def test_a_store_that_hands_files_out_is_where_the_browser_is_sent(client, monkeypatch):
    study = make_rated_study()
    written(client, study)
    store = S3Storage(access_key="a", secret_key="b", bucket_name="bucket", region_name="eu-central-1")
    monkeypatch.setattr(Export._meta.get_field("file"), "storage", store)
    answer = client.get(f"/evaluation/exports/{Export.objects.get().pk}/responses.csv")
    address, _, query = answer.headers["Location"].partition("?")
    assert (answer.status_code, address.startswith("https://bucket.s3.")) == (302, True)
    assert address.endswith(Export.objects.get().file.name)
    asked = parse_qs(query)
    assert asked["response-content-disposition"] == [
        f'attachment; filename="{slugify(study.name)}-responses.csv"'
    ]
    assert asked["X-Amz-Expires"] == ["60"]


@pytest.mark.usefixtures("anna")
def test_what_a_platform_calls_people_is_not_in_the_file(client):
    study = make_rated_study()
    answer = written(client, study).getvalue().decode()
    for person in study.participations.select_related("annotator"):
        assert person.annotator.external_id not in answer
        assert person.completion_code not in answer


@pytest.mark.usefixtures("anna")
def test_what_was_erased_is_not_counted(client):
    study = make_rated_study()
    erase_person(participation=study.participations.order_by("pk").last(), by=None)
    page = client.get(address(study, "responses.csv")).text
    rows = list(csv.DictReader(StringIO(written(client, study).getvalue().decode())))
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
def test_the_same_worker_writes_who_took_part(client):
    study = make_rated_study()
    written(client, study)
    page = client.get(address(study, "responses.csv")).text
    (link,) = re.findall(r'href="(/evaluation/exports/\d+/participations.csv)"', page)
    answer = client.get(link)
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="{slugify(study.name)}-participations.csv"'
    )
    rows = list(csv.DictReader(StringIO(answer.getvalue().decode())))
    assert [row["annotator"] for row in rows] == list(
        study.participations.order_by("ordinal").values_list("pseudonym", flat=True)
    )
    for person in study.participations.select_related("annotator"):
        assert person.annotator.external_id not in str(rows)
        assert person.completion_code not in str(rows)
    codebook = client.get(address(study, "participations-codebook.csv")).text
    assert [row["column"] for row in csv.DictReader(StringIO(codebook))] == list(rows[0])


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    ("asked", "choices", "said"),
    [({}, ["5"], "the last revision"), ({"every_revision": "on"}, ["2", "5"], "every revision")],
)
def test_whoever_asks_says_which_revisions(client, asked, choices, said):
    study = make_attribution_study({"dog": ("NOUN", ())})
    turn = answer_task(study.tasks.get(), make_annotator(), {"choice": 2}).assignment
    answer_turn(turn, {"choice": 5})
    client.post(address(study, "responses.csv"), asked)
    write_export(Export.objects.get().pk)
    assert f"With {said} of every answer." in client.get(address(study, "responses.csv")).text
    answer = client.get(f"/evaluation/exports/{Export.objects.get().pk}/responses.csv")
    rows = csv.DictReader(StringIO(answer.getvalue().decode()))
    assert [row["choice"] for row in rows] == choices


@pytest.mark.usefixtures("anna")
def test_an_export_of_before_has_no_file_of_participations(client):
    study = make_rated_study()
    written(client, study)
    Export.objects.update(participations="")
    assert "participations.csv" not in client.get(address(study, "responses.csv")).text
    assert client.get(f"/evaluation/exports/{Export.objects.get().pk}/participations.csv").status_code == 404
