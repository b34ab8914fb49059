"""A researcher makes a study's entry codes, sees each once, and revokes some."""

import re

import pytest

from annotations.models import EntryCode
from annotations.services.entry_codes import enter, make_entry_codes
from annotations.views import codes as code_pages
from daamweb.projects.models import Role
from tests.annotations.admin.pages import change_page
from tests.factories import make_open_study, make_study

pytestmark = pytest.mark.django_db
CODE = re.compile(r"<code>([0-9A-Z-]+)</code>")


@pytest.fixture
def study():
    return make_open_study(access="codes")


def page_of(study, name: str = "") -> str:
    return f"/studies/{study.pk}/codes/{name}"


def test_codes_are_shown_once_when_they_are_made(researcher_client, study):
    answer = researcher_client.post(page_of(study), {"count": "3"})
    codes = CODE.findall(answer.text)
    assert len(codes) == 3
    assert "This page is the only one that shows them." in answer.text
    assert f"http://testserver{study.get_absolute_url()}" in answer.text
    assert enter(study=study, code=codes[0]) is not None
    again = researcher_client.get(page_of(study)).text
    assert "P03" in again
    assert not any(code in again for code in codes)


def test_the_codes_of_a_page_are_saved_as_a_file(researcher_client, study):
    codes = CODE.findall(researcher_client.post(page_of(study), {"labels": "Ada\r\n\r\nGrace"}).text)
    file = researcher_client.post(page_of(study, "entry-codes.csv"), {"code": codes})
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    assert file["Content-Disposition"] == 'attachment; filename="entry-codes.csv"'
    assert file.text == f"label,code\nAda,{codes[0]}\nGrace,{codes[1]}\n"
    for wrong in ([], ["2222-2222-2222"], [*codes, "<script>"]):
        assert researcher_client.post(page_of(study, "entry-codes.csv"), {"code": wrong}).status_code == 400


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({}, "Say how many codes you want, or give their labels."),
        ({"count": "501"}, "less than or equal to 500"),
        ({"count": "3", "labels": "Ada"}, "There are 1 labels for 3 codes"),
        ({"labels": "Ada\nAda"}, "these came more than once: Ada"),
    ],
)
def test_what_cannot_be_made_is_said(researcher_client, study, typed, message):
    answer = researcher_client.post(page_of(study), typed)
    assert answer.status_code == 422
    assert message in answer.text
    assert not EntryCode.objects.exists()


def test_a_study_of_another_access_says_that_it_takes_no_codes(researcher_client):
    study = make_open_study()
    assert "This study is for whoever has the link." in researcher_client.get(page_of(study)).text
    answer = researcher_client.post(page_of(study), {"count": "1"})
    assert answer.status_code == 422
    assert "it takes no codes" in answer.text
    assert page_of(study) not in researcher_client.get(change_page(study)).text


def test_the_studys_page_leads_to_its_codes_and_says_what_its_address_promises(researcher_client, study):
    page = researcher_client.get(change_page(study)).text
    assert f'href="{page_of(study)}"' in page
    assert "Whoever opens it is asked for an entry code" in page
    by_link = researcher_client.get(change_page(make_open_study())).text
    assert "who opens it in three private windows is three people" in by_link


def test_who_entered_a_code_is_shown_by_the_pseudonym(researcher_client, study):
    made = make_entry_codes(study=study, count=2)
    person = enter(study=study, code=made[0].code)
    page = researcher_client.get(page_of(study)).text
    assert person.pseudonym in page
    assert page.count("nobody’s yet") == 1


def test_a_code_is_revoked_by_its_label(researcher_client, study):
    make_entry_codes(study=study, count=2)
    page = researcher_client.post(page_of(study, "revoke/"), {"label": "P01"}, follow=True)
    assert "The code “P01” lets nobody in any more." in page.text
    assert [bool(row.revoked_at) for row in EntryCode.objects.all()] == [True, False]
    page = researcher_client.post(page_of(study, "revoke/"), {"label": "P01"}, follow=True)
    assert "was revoked already" in page.text
    assert "Nothing was revoked." in researcher_client.post(page_of(study, "revoke/"), follow=True).text


def test_a_lost_code_is_replaced_and_the_new_one_shown_once(researcher_client, study):
    (old,) = make_entry_codes(study=study, count=1)
    person = enter(study=study, code=old.code)
    (code,) = CODE.findall(researcher_client.post(page_of(study), {"replace": "P01"}).text)
    assert enter(study=study, code=code) == person
    page = researcher_client.post(page_of(study), {"replace": "P9"}, follow=True)
    assert "has no entry code with the label" in page.text


def test_many_codes_stand_on_several_pages(researcher_client, study, monkeypatch):
    monkeypatch.setattr(code_pages, "ON_A_PAGE", 2)
    make_entry_codes(study=study, count=3)
    page = researcher_client.get(page_of(study)).text
    assert "P03" not in page
    (more,) = re.findall(r'href="(\?after=\d+)"', page)
    assert "P03" in researcher_client.get(page_of(study, more)).text
    assert "P01" in researcher_client.get(page_of(study, "?after=nonsense")).text


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OBSERVER, 403), (Role.RESEARCHER, 200), (Role.OWNER, 200)]
)
def test_who_may_change_the_study_makes_its_codes(member_client, role, status):
    study = make_study(access="codes")
    client = member_client(role)
    assert client.get(page_of(study)).status_code == status
    assert client.post(page_of(study), {"count": "1"}).status_code == status
    assert EntryCode.objects.exists() == (status == 200)
