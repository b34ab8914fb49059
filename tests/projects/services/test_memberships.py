"""Who is in a project, as what; and a project keeps an owner."""

import pytest
from django.contrib.auth.models import User

from daamweb.projects.errors import ProjectError
from daamweb.projects.models import Event, Membership, Role
from daamweb.projects.services.memberships import add_member, change_member, remove_member
from tests.factories import main_project, make_member, make_project, make_user

pytestmark = pytest.mark.django_db


def membership_of(user: User) -> Membership:
    return Membership.objects.get(user=user)


def is_staff(user: User) -> bool:
    return User.objects.get(pk=user.pk).is_staff


def last_event() -> tuple:
    event = Event.objects.first()
    return event.actor_name, event.action, event.subject_name, event.details


# --- added -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_a_member_is_of_the_staff(role):
    owner, user = make_member(Role.OWNER, username="ann"), make_user("bert")
    membership = add_member(project=main_project(), user=user, role=role, by=owner)
    assert (membership.role, membership.may_spend) == (role, False)
    assert user.is_staff
    assert is_staff(user)
    assert last_event() == ("ann", "added", "bert", {"role": role, "may_spend": False})


def test_somebody_is_added_once():
    user = make_member(Role.OBSERVER)
    with pytest.raises(ProjectError, match=f"{user} is in “Main” already"):
        add_member(project=main_project(), user=user, role=Role.OWNER, by=None)
    assert membership_of(user).role == Role.OBSERVER
    assert Event.objects.count() == 1


def test_somebody_may_be_in_several_projects():
    user = make_member(Role.OBSERVER)
    add_member(project=make_project(), user=user, role=Role.OWNER, by=None)
    assert user.memberships.count() == 2


@pytest.mark.parametrize("role", ["", "chief", "Owner", None])
def test_there_is_no_other_role(role):
    user = make_user()
    with pytest.raises(ProjectError, match=r"There is no role .*; there are owner, researcher, observer"):
        add_member(project=main_project(), user=user, role=role, by=None)
    member = make_member(Role.OBSERVER)
    with pytest.raises(ProjectError, match="There is no role"):
        change_member(membership=membership_of(member), role=role, may_spend=False, by=None)
    assert Membership.objects.get().role == Role.OBSERVER
    assert not is_staff(user)


# --- changed ---------------------------------------------------------------------------------------------


def test_a_role_is_changed_and_both_are_written_down():
    owner, member = make_member(Role.OWNER, username="ann"), make_member(Role.OBSERVER, username="bert")
    change_member(membership=membership_of(member), role=Role.RESEARCHER, may_spend=True, by=owner)
    changed = membership_of(member)
    assert (changed.role, changed.may_spend) == (Role.RESEARCHER, True)
    changes = {"role": ["observer", "researcher"], "may_spend": [False, True]}
    assert last_event() == ("ann", "edited", "bert", changes)


def test_what_changes_nothing_is_not_written_down():
    member = make_member(Role.OBSERVER)
    before = Event.objects.count()
    change_member(membership=membership_of(member), role=Role.OBSERVER, may_spend=False, by=None)
    assert Event.objects.count() == before


def test_of_several_owners_one_may_become_less():
    first, second = make_member(Role.OWNER), make_member(Role.OWNER)
    change_member(membership=membership_of(first), role=Role.OBSERVER, may_spend=False, by=first)
    with pytest.raises(ProjectError, match=f"{second} is the only owner of “Main”, and a project keeps one"):
        change_member(membership=membership_of(second), role=Role.RESEARCHER, may_spend=False, by=first)
    assert membership_of(second).role == Role.OWNER


def test_the_last_owner_may_be_trusted_with_money():
    owner = make_member(Role.OWNER)
    change_member(membership=membership_of(owner), role=Role.OWNER, may_spend=True, by=owner)
    assert membership_of(owner).may_spend


def test_owners_of_other_projects_do_not_count():
    make_member(Role.OWNER, make_project())
    owner = make_member(Role.OWNER)
    with pytest.raises(ProjectError, match="is the only owner"):
        remove_member(membership=membership_of(owner), by=owner)


# --- removed ---------------------------------------------------------------------------------------------


def test_whoever_goes_is_of_the_staff_no_more():
    owner, member = make_member(Role.OWNER, username="ann"), make_member(Role.RESEARCHER, username="bert")
    remove_member(membership=membership_of(member), by=owner)
    assert not Membership.objects.filter(user=member).exists()
    assert not is_staff(member)
    assert last_event() == ("ann", "removed", "bert", {})


def test_whoever_leaves_is_said_to_have_left():
    make_member(Role.OWNER)
    member = make_member(Role.OWNER, username="bert")
    remove_member(membership=membership_of(member), by=member)
    assert last_event() == ("bert", "left", "bert", {})


def test_a_member_of_something_else_and_a_superuser_stay_of_the_staff():
    make_member(Role.OWNER)
    member = make_member(Role.OBSERVER)
    add_member(project=make_project(), user=member, role=Role.OBSERVER, by=None)
    remove_member(membership=main_project().memberships.get(user=member), by=None)
    assert is_staff(member)
    chief = make_member(Role.OBSERVER, is_superuser=True)
    remove_member(membership=membership_of(chief), by=None)
    assert is_staff(chief)


def test_the_last_owner_stays_and_nothing_is_written_down():
    owner = make_member(Role.OWNER)
    make_member(Role.RESEARCHER)
    before = Event.objects.count()
    with pytest.raises(ProjectError, match="Make somebody else an owner first"):
        remove_member(membership=membership_of(owner), by=owner)
    assert membership_of(owner).role == Role.OWNER
    assert is_staff(owner)
    assert Event.objects.count() == before


def test_who_was_removed_meanwhile_is_not_removed_or_changed_again():
    make_member(Role.OWNER)
    stale = membership_of(make_member(Role.RESEARCHER))
    remove_member(membership=membership_of(stale.user), by=None)
    for act in (
        lambda: remove_member(membership=stale, by=None),
        lambda: change_member(membership=stale, role=Role.OWNER, may_spend=False, by=None),
    ):
        with pytest.raises(ProjectError, match="not in the project any more"):
            act()
    assert Membership.objects.count() == 1


def test_an_account_that_is_in_a_project_is_not_deleted_with_its_membership():
    owner = make_member(Role.OWNER)
    with pytest.raises(Exception, match=r"referenced through protected foreign keys: 'Membership.user'"):
        owner.delete()
    assert membership_of(owner)


def test_an_owner_whose_account_is_switched_off_is_none():
    owner, gone = make_member(Role.OWNER), make_member(Role.OWNER, is_active=False)
    with pytest.raises(ProjectError, match=f"{owner} is the only owner of “Main”"):
        remove_member(membership=membership_of(owner), by=owner)
    remove_member(membership=membership_of(gone), by=owner)
