"""A link makes whoever follows it a member, once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from daamweb.projects.errors import ProjectError
from daamweb.projects.models import Event, Invitation, Membership, Project, Role
from daamweb.projects.services.invitations import (
    accept_invitation,
    find_invitation,
    invite,
    join_with_new_account,
    revoke_invitation,
)
from daamweb.projects.services.memberships import remove_member
from daamweb.projects.services.projects import archive_project
from tests.factories import main_project, make_member, make_user

pytestmark = pytest.mark.django_db

PASSWORD = "a long enough phrase"


def make_invitation(role: str = Role.RESEARCHER, **fields) -> tuple[Invitation, str]:
    owner = User.objects.filter(username="ann").first() or make_member(Role.OWNER, username="ann")
    return invite(project=main_project(), role=role, by=owner, **fields)


def expire(invitation: Invitation) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())


def actions() -> list[tuple[str, str, str]]:
    return list(Event.objects.order_by("pk").values_list("actor_name", "action", "subject_name"))[1:]


# --- made ------------------------------------------------------------------------------------------------


def test_the_token_is_told_once_and_stored_nowhere():
    invitation, token = make_invitation(note="  Bert ")
    assert find_invitation(token) == invitation
    assert len(token) >= 32
    assert invitation.is_open
    assert timezone.now() + timedelta(days=6.9) < invitation.expires_at < timezone.now() + timedelta(days=7.1)
    for model in (Invitation, Event):
        assert token not in str(list(model.objects.values()))
    assert actions() == [("ann", "invited", "Bert")]


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 10_000])
def test_another_token_is_no_invitation(token):
    make_invitation()
    assert find_invitation(token) is None


def test_the_stored_hash_is_no_token():
    invitation, _ = make_invitation()
    assert find_invitation(invitation.token_sha256) is None


def test_two_invitations_have_two_tokens():
    (first, token), (second, another) = make_invitation(), make_invitation()
    assert token != another
    assert (find_invitation(token), find_invitation(another)) == (first, second)


def test_there_is_no_other_role_and_none_to_an_archived_project():
    with pytest.raises(ProjectError, match="There is no role 'chief'"):
        make_invitation("chief")
    Project.objects.update(archived_at=timezone.now())
    with pytest.raises(ProjectError, match="“Main” is archived; restore it first"):
        make_invitation()
    assert not Invitation.objects.exists()


# --- accepted --------------------------------------------------------------------------------------------


def test_who_follows_the_link_is_in_the_project_as_was_said():
    invitation, _ = make_invitation(Role.OBSERVER, may_spend=True, note="for Bert")
    bert = make_user("bert")
    membership = accept_invitation(invitation=invitation, user=bert)
    assert (membership.project, membership.role, membership.may_spend) == (main_project(), "observer", True)
    assert User.objects.get(pk=bert.pk).is_staff
    invitation.refresh_from_db()
    assert invitation.accepted_by == bert
    assert not invitation.is_open
    assert actions() == [("ann", "invited", "for Bert"), ("bert", "joined", "bert")]


def refused_when_used_up(invitation: Invitation, reason: str) -> None:
    user, before = make_user(), Event.objects.count()
    with pytest.raises(ProjectError, match=reason):
        accept_invitation(invitation=invitation, user=user)
    with pytest.raises(ProjectError, match=reason):
        join_with_new_account(invitation=invitation, username="carl", password=PASSWORD)
    assert not Membership.objects.filter(user=user).exists()
    assert not User.objects.get(pk=user.pk).is_staff
    assert not User.objects.filter(username="carl").exists()
    assert Event.objects.count() == before


def test_a_link_is_good_once():
    invitation, _ = make_invitation()
    accept_invitation(invitation=invitation, user=make_user("bert"))
    refused_when_used_up(invitation, "was used already, or taken back, or its time is over")


def test_a_link_that_was_taken_back_is_good_for_nobody():
    invitation, _ = make_invitation()
    revoke_invitation(invitation=invitation, by=invitation.made_by)
    refused_when_used_up(invitation, "taken back")


def test_a_link_is_good_for_seven_days():
    invitation, _ = make_invitation()
    expire(invitation)
    assert not Invitation.objects.get().is_open
    refused_when_used_up(invitation, "its time is over")


def test_into_an_archived_project_nobody_is_let():
    invitation, _ = make_invitation()
    archive_project(project=main_project(), by=None)
    refused_when_used_up(invitation, "“Main” is archived; restore it first")
    assert Invitation.objects.get().accepted_at is None


def test_who_is_in_it_already_stays_what_they_are_and_the_link_stays_good():
    invitation, _ = make_invitation(Role.OWNER)
    bert = make_member(Role.OBSERVER)
    with pytest.raises(ProjectError, match=r"You are in “Main” already\. The invitation is still good"):
        accept_invitation(invitation=invitation, user=bert)
    assert Membership.objects.get(user=bert).role == Role.OBSERVER
    assert Invitation.objects.get().is_open
    accept_invitation(invitation=invitation, user=make_user())


# --- with a new account ----------------------------------------------------------------------------------


def test_an_account_is_made_and_is_in_the_project():
    invitation, _ = make_invitation()
    user = join_with_new_account(invitation=invitation, username="bert", password=PASSWORD)
    assert Membership.objects.get(user=user).role == Role.RESEARCHER
    stored = User.objects.get(username="bert")
    assert stored.check_password(PASSWORD)
    assert stored.is_staff
    assert not stored.is_superuser


def test_a_name_that_is_taken_is_nobody_elses_account():
    invitation, _ = make_invitation()
    with pytest.raises(ProjectError, match="an account named 'ann' already; log in, or take another"):
        join_with_new_account(invitation=invitation, username="ann", password=PASSWORD)
    assert User.objects.get(username="ann").check_password("password")
    assert Invitation.objects.get().is_open


# --- taken back ------------------------------------------------------------------------------------------


def test_an_invitation_is_taken_back_once():
    invitation, _ = make_invitation(note="Bert")
    revoke_invitation(invitation=invitation, by=invitation.made_by)
    assert not Invitation.objects.get().is_open
    assert actions() == [("ann", "invited", "Bert"), ("ann", "revoked", "Bert")]
    with pytest.raises(ProjectError, match="was used or taken back meanwhile"):
        revoke_invitation(invitation=invitation, by=invitation.made_by)
    assert len(actions()) == 2


def test_an_invitation_that_was_followed_cannot_be_taken_back():
    invitation, _ = make_invitation()
    accept_invitation(invitation=invitation, user=make_user("bert"))
    with pytest.raises(ProjectError, match="was used or taken back meanwhile"):
        revoke_invitation(invitation=invitation, by=invitation.made_by)
    assert Membership.objects.filter(user__username="bert").exists()


def test_whom_an_owner_invited_who_is_none_any_more_nobody_is_let_in():
    """Not the former owner either, who would be owner again."""
    invitation, _ = make_invitation(Role.OWNER)
    ann = invitation.made_by
    make_member(Role.OWNER)
    remove_member(membership=ann.memberships.get(), by=None)
    with pytest.raises(ProjectError, match="Whoever invited you owns “Main” no more"):
        accept_invitation(invitation=invitation, user=ann)
    refused_when_used_up(invitation, "Ask somebody who does for a new link")
    assert Invitation.objects.get().accepted_at is None
