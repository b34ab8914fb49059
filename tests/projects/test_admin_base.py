"""The admin of rows that belong to projects, as members see it."""

import html

import pytest
from django.db.models import Model
from django.test import Client

from annotations.models import Study
from daamweb.projects.models import Project, Role
from daamweb.projects.services.memberships import add_member
from daamweb.projects.shown import shown_of
from tests.annotations.admin.pages import design_of_page
from tests.factories import make_member, make_project, make_prompt_set, make_run, make_study

pytestmark = pytest.mark.django_db

LISTS = ("generation/promptset", "generation/generationrun", "annotations/study")
MAKERS = (make_prompt_set, make_run, make_study)
with_a_name = pytest.mark.parametrize("make", MAKERS)


def page_of(row: Model) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


def rename(client: Client, row: Model, name: str):
    shown = {"shown": str(shown_of(row, ["name"]))}
    fields = design_of_page(row, name=name) if isinstance(row, Study) else {"name": name, **shown}
    return client.post(page_of(row), fields)


def text(answer, *status: int) -> str:
    assert answer.status_code in (status or (200,))
    return html.unescape(answer.content.decode())


# --- Names -------------------------------------------------------------------------------------------------


@with_a_name
def test_a_name_that_is_taken_in_the_project_comes_back_with_the_reason(member_client, make):
    row, other = make(), make()
    before = row.name
    page = text(rename(member_client(Role.RESEARCHER), row, other.name), 422)
    assert f"named '{other.name}' already; choose another name." in page
    row.refresh_from_db()
    assert row.name == before


@with_a_name
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a\u202eb", "turn the direction of text"),
        ("a\nb", "one line of text"),
        ("\u200b", "A name is needed"),
        ("", "This field is required"),
        ("x" * 101, "at most 100 characters"),
        ("x" * 10_000, "at most 100 characters"),
    ],
)
def test_what_is_no_name_comes_back_with_the_reason(member_client, make, name, reason):
    row = make()
    before = row.name
    assert reason in text(rename(member_client(Role.RESEARCHER), row, name), 200, 422)
    row.refresh_from_db()
    assert row.name == before


@with_a_name
def test_a_name_that_another_project_has_is_free(member_client, make):
    row, elsewhere = make(), make_prompt_set(project=make_project())
    type(elsewhere).objects.filter(pk=elsewhere.pk).update(name="theirs")
    assert rename(member_client(Role.RESEARCHER), row, "theirs").status_code == 302
    row.refresh_from_db()
    assert row.name == "theirs"


@with_a_name
def test_a_name_of_before_may_stay_as_it_is(member_client, make):
    """That of 0.2 was any text."""
    row = make()
    type(row).objects.filter(pk=row.pk).update(name="a\u202eb")
    assert rename(member_client(Role.RESEARCHER), row, "a\u202eb").status_code == 302


# --- One project or several --------------------------------------------------------------------------------


@pytest.fixture
def of_two_projects() -> Client:
    """A browser of somebody who is in two, with a row of each kind in each."""
    user = make_member(Role.RESEARCHER)
    other = make_project("Other")
    add_member(project=other, user=user, role=Role.OBSERVER, by=None)
    for run in (make_run(), make_run(make_prompt_set(project=other))):
        make_study(run=run)
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", LISTS)
def test_who_is_in_one_project_is_not_told_of_it_in_lists(member_client, name):
    make_study()
    make_project("Somebody else’s")
    page = text(member_client(Role.OWNER).get(f"/admin/{name}/"))
    assert "column-project" not in page
    assert "By project" not in page


@pytest.mark.parametrize("name", LISTS)
def test_who_is_in_several_sees_and_filters_by_theirs(of_two_projects, name):
    unseen = make_project("Unseen")
    page = text(of_two_projects.get(f"/admin/{name}/"))
    assert "column-project" in page
    assert "By project" in page
    assert unseen.name not in page
    other = Project.objects.get(name="Other")
    answer = of_two_projects.get(f"/admin/{name}/", {"project__id__exact": other.pk})
    assert {row.project for row in answer.context["cl"].queryset} == {other}


def test_rights_are_those_in_the_rows_own_project(of_two_projects):
    mine, watched = Study.objects.get(project__name="Main"), Study.objects.get(project__name="Other")
    assert "study-open" in text(of_two_projects.get(page_of(mine)))
    assert "study-open" not in text(of_two_projects.get(page_of(watched)))
    assert rename(of_two_projects, watched, "mine").status_code == 403
    assert rename(of_two_projects, mine, "mine").status_code == 302


def test_the_desk_lists_nothing_that_one_did_before(member_client):
    """What Django keeps of it are names of rows, of projects that one has left, too."""
    study = make_study()
    client = member_client(Role.OWNER)
    assert rename(client, study, "a telling name").status_code == 302
    text(client.get("/admin/"))  # tells once that it was changed
    page = text(client.get("/admin/"))
    assert "Recent actions" not in page
    assert "a telling name" not in page
    assert "Studies" in page
