"""The list of projects, the page of one, its history, and the buttons on it."""

import html

import pytest
from django.test import Client
from django.utils import timezone

from daamweb.projects.models import Event, Project, Role
from daamweb.projects.services.events import record
from daamweb.projects.services.memberships import add_member
from daamweb.projects.shown import shown_of
from tests.factories import main_project, make_member, make_open_study, make_project, make_user

pytestmark = pytest.mark.django_db

LIST = "/projects/"


def page_of(project: Project, button: str = "") -> str:
    return f"/projects/{project.pk}/{button}"


def text(answer, status: int = 200) -> str:
    assert answer.status_code == status
    return html.unescape(answer.content.decode())


def archive(project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(archived_at=timezone.now())


@pytest.fixture
def chief_client() -> Client:
    client = Client()
    client.force_login(make_user("chief", is_superuser=True, is_staff=True))
    return client


# --- the list --------------------------------------------------------------------------------------------


def test_members_see_theirs_with_what_they_are_in_it():
    user, watched, unseen = make_member(Role.OWNER), make_project("Watched"), make_project("Unseen")
    add_member(project=watched, user=user, role=Role.OBSERVER, by=None)
    archive(watched)
    client = Client()
    client.force_login(user)
    page = text(client.get(LIST))
    assert f'href="{page_of(main_project())}"' in page
    assert "You are owner." in page
    assert "You are observer." in page
    assert "archived" in page
    assert unseen.name not in page
    assert "Make a project" not in page


def test_superusers_see_all_and_make_more(chief_client):
    make_project("A lab")
    page = text(chief_client.get(LIST))
    assert "You are not in it; you see it as a superuser." in page
    answer = chief_client.post(LIST, {"name": " Another lab "}, follow=True)
    made = Project.objects.get(name="Another lab")
    assert answer.redirect_chain == [(page_of(made), 302)]
    assert "“Another lab” was made, and you own it." in text(answer)
    assert made.memberships.get().role == Role.OWNER


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "This field is required"),
        ("x" * 101, "at most 100 characters"),
        ("x" * 10_000, "at most 100 characters"),
        ("A lab", "There is a project named 'A lab' already"),
        ("a\nb", "one line of text"),
        ("a\u202eb", "turn the direction of text"),
    ],
)
def test_a_name_that_is_none_comes_back_with_the_reason(chief_client, name, reason):
    make_project("A lab")
    page = text(chief_client.post(LIST, {"name": name}), 422)
    assert reason in page
    assert Project.objects.count() == 1


@pytest.mark.parametrize("role", Role)
def test_members_make_no_project(member_client, role):
    assert member_client(role).post(LIST, {"name": "Another lab"}).status_code == 403
    assert Project.objects.count() == 1


def test_on_a_new_site_the_list_says_how_it_begins(chief_client):
    assert "The first prompt set makes one, named “Main”" in text(chief_client.get(LIST))
    assert not Project.objects.exists()


def test_who_is_in_no_project_sees_no_list(client, member_client):
    assert member_client(None).get(LIST).status_code == 403
    assert client.get(LIST).url == f"/admin/login/?next={LIST}"


# --- one project -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_the_page_says_what_is_in_it_and_who(member_client, role):
    study = make_open_study()
    make_member(Role.OWNER, username="ann")
    bert = make_member(Role.RESEARCHER, username="bert")
    bert.memberships.update(may_spend=True)
    page = " ".join(text(member_client(role).get(page_of(study.project))).split())
    assert f"You are {role}." in page
    for label, count in (("Prompt sets", 1), ("Generation runs", 1), ("Studies", 1), ("Annotators", 0)):
        assert f"<dt>{label}</dt><dd>{count}</dd>" in page
    assert "<bdi>ann</bdi></th> <td>owner</td>" in page
    assert "<bdi>bert</bdi></th> <td>researcher, may spend money</td>" in page
    assert "Leave this project" in page


OWNERS_BUTTONS = ("Invite somebody", "Make a link", "Take out", "Rename", "Archive it")


@pytest.mark.parametrize("role", Role)
def test_only_owners_are_offered_what_owners_do(member_client, role):
    make_member(Role.OWNER)
    page = text(member_client(role).get(page_of(main_project())))
    assert {button for button in OWNERS_BUTTONS if button in page} == (
        set(OWNERS_BUTTONS) if role == Role.OWNER else set()
    )


def test_a_superuser_sees_it_without_being_in_it(chief_client):
    page = text(chief_client.get(page_of(main_project())))
    assert "You are not in this project; you see it as a superuser." in page
    assert "Nobody owns this project." in page
    assert "Nobody yet." in page
    assert "Leave this project" not in page
    assert all(button in page for button in ("Make a link", "Rename", "Archive it"))


def test_an_archived_one_says_so_and_offers_to_restore_it(member_client):
    client = member_client(Role.OWNER)
    archive(main_project())
    page = text(client.get(page_of(main_project())))
    assert "It was archived on" in page
    assert "Restore it from the archive" in page
    assert "Make a link" not in page
    assert "Archive it" not in page


def test_a_project_that_is_not_there_and_one_that_is_not_ones_own_look_the_same(member_client):
    client, other = member_client(Role.OWNER), make_project()
    answers = [client.get(page_of(other)), client.get("/projects/999/"), client.get(f"/projects/{2**70}/")]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({answer.content for answer in answers}) == 1


# --- history ---------------------------------------------------------------------------------------------


def note(project: Project, count: int) -> None:
    for number in range(count):
        record("edited", subject=project, project=project, by=None, name=f"change {number}.")


def test_the_page_shows_the_last_events_and_leads_to_all(member_client):
    client, project = member_client(Role.OBSERVER), main_project()
    note(project, 20)
    page = text(client.get(page_of(project)))
    assert f'href="{page_of(project, "history/")}"' in page
    assert "change 19." in page
    assert "change 0." in page
    assert " joined " not in page  # the first of 21


def test_all_events_are_read_page_by_page(member_client):
    client, project = member_client(Role.OBSERVER), main_project()
    note(project, 250)
    note(make_project("Other"), 1)
    read, address = [], page_of(project, "history/")
    while address:
        page = text(client.get(address))
        read += [event for event in Event.objects.all() if f">{event.subject_name}<" in page]
        _, _, rest = page.partition('<a href="?before=')
        address = f"{page_of(project, 'history/')}?before={rest.partition(chr(34))[0]}" if rest else ""
    names = [event.subject_name for event in read if event.project == project]
    assert names[:250] == [f"change {number}." for number in reversed(range(250))]
    assert len(names) == 251


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "9" * 40, "٣", "²", "1;drop"])
def test_a_page_that_nobody_offered_is_a_page_all_the_same(member_client, before):
    client, project = member_client(Role.OBSERVER), main_project()
    assert client.get(page_of(project, "history/"), {"before": before}).status_code == 200


# --- rename, archive, restore ----------------------------------------------------------------------------


def test_an_owner_renames_archives_and_restores(member_client):
    client, project = member_client(Role.OWNER), main_project()
    renamed = {"name": "The lab", "shown": str(shown_of(project, ["name"]))}
    assert "The lab" in text(client.post(page_of(project, "rename/"), renamed, follow=True))
    page = text(client.post(page_of(project, "archive/"), follow=True))
    assert "“The lab” is archived: it can be looked at, and nothing in it changes." in page
    assert "“The lab” is archived already." in text(client.post(page_of(project, "archive/"), follow=True))
    page = text(client.post(page_of(project, "restore/"), follow=True))
    assert "“The lab” can be worked in again." in page
    assert "“The lab” is not archived." in text(client.post(page_of(project, "restore/"), follow=True))
    actions = Event.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["added", "edited", "archived", "restored"]


def test_a_name_that_is_taken_comes_back_with_what_was_typed(member_client):
    client, project = member_client(Role.OWNER), main_project()
    make_project("Taken")
    renamed = {"name": "Taken", "shown": str(shown_of(project, ["name"]))}
    page = text(client.post(page_of(project, "rename/"), renamed), 422)
    assert "There is a project named 'Taken' already; choose another name." in page
    assert 'value="Taken"' in page
    assert Project.objects.get(pk=project.pk).name == "Main"


def test_while_a_study_runs_its_project_is_not_archived(member_client):
    study = make_open_study()
    page = text(member_client(Role.OWNER).post(page_of(study.project, "archive/"), follow=True))
    assert f"“Main” cannot be archived while “{study}” runs." in page
    assert Project.objects.get().archived_at is None


@pytest.mark.parametrize("button", ["rename/", "archive/", "restore/"])
def test_others_press_nothing(member_client, button):
    project = main_project()
    for client, status in (
        (member_client(Role.OBSERVER), 403),
        (member_client(Role.RESEARCHER), 403),
        (member_client(Role.OWNER, make_project()), 404),
        (member_client(None), 404),
    ):
        assert client.post(page_of(project, button), {"name": "Mine"}).status_code == status
    assert (Project.objects.get(pk=project.pk).name, Event.objects.filter(action="edited").count()) == (
        "Main",
        0,
    )


@pytest.mark.parametrize("button", ["rename/", "archive/", "restore/", "leave/", "invite/"])
def test_looking_at_a_button_changes_nothing(member_client, button):
    assert member_client(Role.OWNER).get(page_of(main_project(), button)).status_code == 405
