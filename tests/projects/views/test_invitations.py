"""A link, from who makes it to who follows it."""

import html
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from daamweb.projects.models import Invitation, Membership, Project, Role
from daamweb.projects.services.invitations import invite
from tests.factories import main_project, make_member, make_project, make_user

pytestmark = pytest.mark.django_db

PASSWORDS = {"password1": "a long enough phrase", "password2": "a long enough phrase"}


@pytest.fixture
def owner() -> Client:
    client = Client()
    client.force_login(make_member(Role.OWNER, username="ann"))
    return client


def text(answer, status: int = 200) -> str:
    assert answer.status_code == status
    return html.unescape(answer.content.decode())


def invite_page(project: Project | None = None) -> str:
    return f"/projects/{(project or main_project()).pk}/invite/"


def make_link(**fields) -> str:
    ann = User.objects.filter(username="ann").first() or make_member(Role.OWNER, username="ann")
    _, token = invite(**{"project": main_project(), "role": Role.RESEARCHER, "by": ann} | fields)
    return f"/projects/invitations/{token}/"


# --- made and taken back ---------------------------------------------------------------------------------


def test_the_link_is_shown_once(owner):
    answer = owner.post(invite_page(), {"role": "observer", "note": "for Bert", "may_spend": "on"})
    (link,) = re.findall(r"<code>(http://testserver/projects/invitations/[\w-]+/)</code>", text(answer))
    assert answer.headers["Cache-Control"].count("no-store") == 1
    page = text(owner.get(f"/projects/{main_project().pk}/"))
    assert "for Bert" in page
    assert "observer, good until" in page
    assert link not in page
    assert "Join “<bdi>Main</bdi>”" in text(Client().get(link))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"role": ""}, "This field is required"),
        ({"role": "chief"}, "chief is not one of the available choices"),
        ({"role": "owner", "note": "x" * 101}, "at most 100 characters"),
        ({"role": "owner", "note": "x" * 10_000}, "at most 100 characters"),
    ],
)
def test_what_is_no_invitation_comes_back_with_the_reason(owner, fields, reason):
    page = text(owner.post(invite_page(), fields), 422)
    assert reason in page
    assert "/projects/invitations/" not in page
    assert not Invitation.objects.exists()


def test_into_an_archived_project_nobody_is_invited(owner):
    Project.objects.update(archived_at=timezone.now())
    assert owner.post(invite_page(), {"role": "owner"}).status_code == 422
    assert not Invitation.objects.exists()


def test_an_invitation_is_taken_back_once(owner):
    link = make_link(note="for Bert")
    revoke = f"/projects/{main_project().pk}/invitations/{Invitation.objects.get().pk}/revoke/"
    page = text(owner.post(revoke, follow=True))
    assert "The invitation was taken back; its link leads nowhere any more." in page
    assert "Take back" not in page
    assert "not good any more" in text(Client().get(link), 410)
    assert "was used or taken back meanwhile" in text(owner.post(revoke, follow=True))


def test_others_invite_nobody_and_take_nothing_back(owner, member_client):
    make_link()
    revoke = f"/projects/{main_project().pk}/invitations/{Invitation.objects.get().pk}/revoke/"
    for client, status in (
        (member_client(Role.RESEARCHER), 403),
        (member_client(Role.OBSERVER), 403),
        (member_client(Role.OWNER, make_project()), 404),
    ):
        assert client.post(invite_page(), {"role": "owner"}).status_code == status
        assert client.post(revoke).status_code == status
    assert Invitation.objects.get().is_open


def test_an_invitation_to_another_project_is_not_there_below_this_one(member_client):
    make_link()
    other = make_project()
    revoke = f"/projects/{other.pk}/invitations/{Invitation.objects.get().pk}/revoke/"
    assert member_client(Role.OWNER, other).post(revoke).status_code == 404
    assert Invitation.objects.get().is_open


# --- followed --------------------------------------------------------------------------------------------


def test_who_has_an_account_joins_with_it():
    link, bert, client = make_link(may_spend=True), make_user("bert"), Client()
    client.force_login(bert)
    page = text(client.get(link))
    assert "You are invited as researcher, who may spend money." in page
    assert "You join as <strong><bdi>bert</bdi></strong>" in page
    assert not Membership.objects.filter(user=bert).exists()  # looking is not joining
    page = text(client.post(link, follow=True))
    assert "You are in “Main” now, as researcher." in page
    assert "You are researcher." in page
    assert text(client.get(link), 410)
    assert text(client.post(link), 410)


def test_who_has_none_makes_one_and_is_logged_in():
    link, client = make_link(), Client()
    page = text(client.get(link))
    assert "Make an account for yourself" in page
    assert f'/admin/login/?next={link}"' in page
    answer = client.post(link, {"username": "bert", **PASSWORDS}, follow=True)
    assert "You are in “Main” now, as researcher." in text(answer)
    assert client.get("/admin/").status_code == 200
    assert Membership.objects.get(user__username="bert").role == Role.RESEARCHER
    assert not User.objects.get(username="bert").is_superuser


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"username": "ann"}, "A user with that username already exists"),
        ({"username": "ANN"}, "A user with that username already exists"),
        ({"username": ""}, "This field is required"),
        ({"username": "a b"}, "Enter a valid username"),
        ({"username": "<b>bert</b>"}, "Enter a valid username"),
        ({"username": "x" * 10_000}, "at most 150 characters"),
        ({"password2": "another phrase altogether"}, "two password fields didn’t match"),
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password1": "password1", "password2": "password1"}, "too common"),
        ({"is_superuser": "on", "username": ""}, "This field is required"),
    ],
)
def test_an_account_that_is_refused_is_not_made_and_the_link_stays_good(fields, reason):
    link = make_link()
    page = text(Client().post(link, {"username": "bert", **PASSWORDS, **fields}), 422)
    assert reason in page
    assert "a long enough phrase" not in page
    assert User.objects.count() == 1
    assert Invitation.objects.get().is_open


def test_what_is_sent_beside_the_fields_makes_nobody_more_than_invited():
    fields = {"username": "bert", "is_superuser": "on", "is_staff": "on", "role": "owner", **PASSWORDS}
    Client().post(make_link(role=Role.OBSERVER), fields)
    assert Membership.objects.get(user__username="bert").role == Role.OBSERVER
    assert not User.objects.get(username="bert").is_superuser


def test_who_is_in_it_already_is_told_so_and_the_link_stays_good(member_client):
    link = make_link(role=Role.OWNER)
    client = member_client(Role.OBSERVER)
    assert "You are in “Main” already. The invitation is still good." in text(client.post(link), 409)
    assert Invitation.objects.get().is_open


def test_a_link_into_an_archived_project_says_so_and_makes_no_account():
    link = make_link()
    Project.objects.update(archived_at=timezone.now())
    page = text(Client().post(link, {"username": "bert", **PASSWORDS}), 409)
    assert "The project “Main” is archived; restore it first." in page
    assert not User.objects.filter(username="bert").exists()


@pytest.mark.parametrize("token", ["nonsense", "x" * 2000])
def test_no_link_leads_nowhere(token):
    for answer in (
        Client().get(f"/projects/invitations/{token}/"),
        Client().post(f"/projects/invitations/{token}/"),
    ):
        assert answer.status_code == 404


def test_a_link_whose_time_is_over_lets_nobody_in():
    link = make_link()
    Invitation.objects.update(expires_at=timezone.now())
    page = text(Client().post(link, {"username": "bert", **PASSWORDS}), 410)
    assert "This link is not good any more." in page
    assert "Main" not in page
    assert not User.objects.filter(username="bert").exists()


def test_the_page_is_not_found_by_search_engines_and_kept_by_no_cache():
    answer = Client().get(make_link())
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_who_has_an_account_and_is_in_no_project_logs_in_and_joins():
    link, bert, browser = make_link(), make_user("bert"), Client()
    (login,) = re.findall(r'href="(/admin/login/[^"]+)"', text(browser.get(link)))
    answer = browser.post(login, {"username": "bert", "password": "password", "next": link})
    assert (answer.status_code, answer.headers["Location"]) == (302, link)
    assert "You join as" in text(browser.get(link))
    assert browser.post(link).status_code == 302
    assert Membership.objects.get(user=bert).role == Role.RESEARCHER


def test_who_is_in_no_project_is_told_so_after_logging_in():
    make_user("bert")
    browser = Client()
    typed = {"username": "bert", "password": "password", "next": "/admin/"}
    answer = browser.post("/admin/login/", typed, follow=True)
    assert "You are logged in as bert, who may not see that page" in text(answer)
