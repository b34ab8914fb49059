"""People and answers: looked at, not changed."""

import pytest

from annotations.models import Annotator, Response
from annotations.services.participations import withdraw
from daamweb.projects.models import Role
from tests.annotations.admin.pages import text_of
from tests.factories import answer_next, make_annotator, make_open_study, make_participation

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", ["study", "annotator", "participation", "response", "problemreport"])
def test_who_is_in_no_project_and_visitors_see_nothing(client, member_client, page):
    assert member_client(None).get(f"/admin/annotations/{page}/").status_code == 403
    assert "/login/" in client.get(f"/admin/annotations/{page}/").headers["Location"]


def test_observers_see_studies_and_not_single_people(member_client):
    study = make_open_study()
    annotator = make_annotator()
    rows = make_participation(study, annotator), annotator, answer_next(study, annotator, {"choice": 3})
    observer, researcher = member_client(Role.OBSERVER), member_client(Role.RESEARCHER)
    assert observer.get(f"/admin/annotations/study/{study.pk}/change/").status_code == 200
    for row in rows:
        name = row._meta.model_name
        for page in (f"/admin/annotations/{name}/", f"/admin/annotations/{name}/{row.pk}/change/"):
            assert observer.get(page).status_code in (302, 403), page
            assert researcher.get(page).status_code == 200, page
        assert f"/admin/annotations/{name}/" not in observer.get("/admin/").text


def test_what_a_platform_calls_somebody_is_on_no_page(researcher_client):
    study, annotator = make_open_study(), make_annotator()
    participation = make_participation(study, annotator)
    for row in (annotator, participation):
        name = row._meta.model_name
        for page in ("", f"{row.pk}/change/", f"{row.pk}/history/"):
            answer = researcher_client.get(f"/admin/annotations/{name}/{page}")
            assert answer.status_code == 200
            assert annotator.external_id not in answer.text


def test_answers_and_people_can_be_looked_at_and_not_changed(researcher_client):
    study = make_open_study()
    annotator = make_annotator()
    participation = make_participation(study, annotator)
    response = answer_next(study, annotator, {"choice": 3})
    for row in (annotator, participation, response):
        name = row._meta.model_name
        assert researcher_client.get(f"/admin/annotations/{name}/").status_code == 200
        page = f"/admin/annotations/{name}/{row.pk}/"
        assert researcher_client.get(f"{page}change/").status_code == 200
        assert researcher_client.post(f"{page}change/", {"answer": "{}"}).status_code == 403
        assert researcher_client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
        assert researcher_client.get(f"/admin/annotations/{name}/add/").status_code == 403
    assert Response.objects.get().answer == {"choice": 3}
    assert Annotator.objects.get() == annotator


@pytest.mark.parametrize("known_as", ["completion_code", "pseudonym", "any other code"])
def test_a_code_or_pseudonym_leads_to_its_participation(researcher_client, known_as):
    study = make_open_study()
    wanted, other = make_participation(study), make_participation(study)
    asked = wanted.other_codes.split()[-1] if known_as == "any other code" else getattr(wanted, known_as)
    page = text_of(researcher_client.get("/admin/annotations/participation/", {"q": asked}))
    assert wanted.pseudonym in page
    assert other.pseudonym not in page


def test_people_are_listed_with_what_became_of_them_and_the_code_for_that(researcher_client):
    study = make_open_study()
    wanted, other = make_participation(study), make_participation(study)
    withdraw(participation=wanted)
    wanted.refresh_from_db()
    page = text_of(researcher_client.get("/admin/annotations/participation/", {"outcome": "withdrew"}))
    assert wanted.outcome_code in page
    assert wanted.completion_code not in page
    assert other.pseudonym not in page
    page = text_of(researcher_client.get("/admin/annotations/participation/", {"outcome": "none"}))
    assert other.pseudonym in page
    assert other.completion_code not in page
    assert wanted.pseudonym not in page


def test_an_outcome_that_there_is_not_filters_nothing(researcher_client):
    person = make_participation(make_open_study())
    page = researcher_client.get("/admin/annotations/participation/", {"outcome": "poem"})
    assert person.pseudonym in text_of(page)


def test_answers_are_listed_under_the_name_that_exports_use(researcher_client):
    study = make_open_study()
    annotator = make_annotator()
    answer_next(study, annotator, {"choice": 3})
    page = text_of(researcher_client.get("/admin/annotations/response/"))
    assert make_participation(study, annotator).pseudonym in page
    assert annotator.external_id not in page


@pytest.mark.parametrize("asked", ["external_id__startswith=a", "external_id=a", "visits__unit_id=a"])
def test_a_platforms_id_cannot_be_guessed_letter_by_letter(researcher_client, asked):
    make_annotator()
    assert researcher_client.get(f"/admin/annotations/annotator/?{asked}").status_code == 400
    assert researcher_client.get("/admin/annotations/annotator/?platform__exact=link").status_code == 200
