"""Buttons beside members: change, take out, leave."""

import html

import pytest
from django.contrib.auth.models import User
from django.test import Client

from daamweb.projects.models import Membership, Project, Role
from daamweb.projects.shown import shown_of
from tests.factories import main_project, make_member, make_project, make_user

pytestmark = pytest.mark.django_db


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def membership_of(user: User) -> Membership:
    return Membership.objects.get(user=user)


def address(member: User, button: str = "", project: Project | None = None) -> str:
    """Of a button beside a member, below a project: by default the only one."""
    return f"/projects/{(project or main_project()).pk}/members/{membership_of(member).pk}/{button}"


def sent(member: User, **fields: str) -> dict[str, str]:
    """The form beside a member, as the page has it by now, with what was chosen in it."""
    return {"shown": str(shown_of(membership_of(member), ["role", "may_spend"])), **fields}


def text(answer) -> str:
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


@pytest.fixture
def ann() -> User:
    return make_member(Role.OWNER, username="ann")


@pytest.fixture
def bert() -> User:
    return make_member(Role.RESEARCHER, username="bert")


def test_an_owner_changes_what_somebody_is(ann, bert):
    chosen = sent(bert, role="observer", may_spend="on")
    answer = browser_of(ann).post(address(bert), chosen, follow=True)
    assert "bert is observer now." in text(answer)
    assert (membership_of(bert).role, membership_of(bert).may_spend) == ("observer", True)
    browser_of(ann).post(address(bert), sent(bert, role="observer"))
    assert not membership_of(bert).may_spend


@pytest.mark.parametrize("role", ["", "chief", "OWNER"])
def test_what_is_no_role_changes_nothing(ann, bert, role):
    assert "Choose a role." in text(browser_of(ann).post(address(bert), {"role": role}, follow=True))
    assert membership_of(bert).role == "researcher"


def test_an_owner_takes_somebody_out_whose_session_then_opens_nothing(ann, bert):
    browser = browser_of(bert)
    page = text(browser_of(ann).post(address(bert, "remove/"), follow=True))
    assert "bert is not in “Main” any more." in page
    answer = browser.get(f"/projects/{main_project().pk}/")
    assert answer.url.startswith("/admin/login/")


def test_the_last_owner_can_neither_leave_nor_be_less_nor_be_taken_out(ann, bert):
    browser, leave = browser_of(ann), f"/projects/{main_project().pk}/leave/"
    for posted, fields in (
        (address(ann), sent(ann, role="observer")),
        (address(ann, "remove/"), {}),
        (leave, {}),
    ):
        page = text(browser.post(posted, fields, follow=True))
        assert "ann is the only owner of “Main”, and a project keeps one. Make somebody else an owner" in page
    assert membership_of(ann).role == "owner"


@pytest.mark.parametrize("role", Role)
def test_anybody_else_leaves(ann, role):
    member = make_member(role)
    answer = browser_of(member).post(f"/projects/{main_project().pk}/leave/", follow=True)
    assert "You left “Main”." in html.unescape(answer.content.decode())
    assert not Membership.objects.filter(user=member).exists()


def test_an_owner_who_takes_themselves_out_is_led_to_the_first_page(ann):
    other = make_member(Role.OWNER)
    answer = browser_of(other).post(address(other, "remove/"))
    assert answer.url == "/"
    assert not Membership.objects.filter(user=other).exists()


def test_a_superuser_who_is_not_in_it_cannot_leave_it(ann):
    browser = browser_of(make_user(is_superuser=True, is_staff=True))
    assert browser.post(f"/projects/{main_project().pk}/leave/").status_code == 404


def test_a_superuser_finds_an_owner_for_a_project_without_one(bert):
    browser = browser_of(make_user(is_superuser=True, is_staff=True))
    assert "Nobody owns this project." in text(browser.get(f"/projects/{main_project().pk}/"))
    browser.post(address(bert), sent(bert, role="owner"))
    assert membership_of(bert).role == "owner"
    assert "Nobody owns this project." not in text(browser.get(f"/projects/{main_project().pk}/"))


@pytest.mark.parametrize("button", ["", "remove/"])
def test_others_change_nobody(ann, bert, button):
    posted = address(ann, button)
    for member, status in (
        (bert, 403),
        (make_member(Role.OBSERVER), 403),
        (make_member(Role.OWNER, make_project()), 404),
    ):
        assert browser_of(member).post(posted, {"role": "owner"}).status_code == status
    assert membership_of(ann).role == "owner"


@pytest.mark.parametrize("button", ["", "remove/"])
def test_a_member_of_another_project_is_not_there_below_this_one(ann, button):
    elsewhere = make_member(Role.RESEARCHER, make_project())
    posted = address(elsewhere, button, main_project())
    assert browser_of(ann).post(posted, {"role": "owner"}).status_code == 404
    assert membership_of(elsewhere).role == "researcher"


def test_who_was_taken_out_meanwhile_is_not_found(ann, bert):
    posted = address(bert)
    membership_of(bert).delete()
    assert browser_of(ann).post(posted, {"role": "owner"}).status_code == 404
