"""What Django asks about rights is answered by memberships."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User

from annotations.models import Response, Study
from daamweb.projects.backend import MembersBackend
from daamweb.projects.models import Project, Role
from generation.models import Checkpoint
from tests.factories import make_member, make_project, make_user
from tests.projects.rows import make_rows

pytestmark = pytest.mark.django_db

ACTS = ("view", "add", "change", "delete")


def rights(user: User, model: type, row=None) -> set[str]:
    label, name = model._meta.app_label, model._meta.model_name
    return {act for act in ACTS if user.has_perm(f"{label}.{act}_{name}", row)}


@pytest.mark.parametrize(
    ("role", "may"), [(Role.OBSERVER, {"view"}), (Role.RESEARCHER, set(ACTS)), (Role.OWNER, set(ACTS))]
)
def test_rights_are_those_of_the_role_in_any_project_or_in_the_rows_own(role, may):
    here, there = make_rows(make_project()), make_rows(make_project())
    user = make_member(role, here[Project])
    assert rights(user, Study) == rights(user, Study, here[Study]) == may
    assert rights(user, Study, there[Study]) == set()
    assert rights(user, Response) == (set() if role == Role.OBSERVER else may)
    assert rights(user, Checkpoint) == {"view"}
    assert rights(user, User) == set()


def test_a_right_to_another_model_is_none_to_this_row():
    rows = make_rows(make_project())
    owner = make_member(Role.OWNER, rows[Project])
    assert not owner.has_perm("annotations.view_response", rows[Study])
    assert not owner.has_perm("generation.view_study", rows[Study])


@pytest.mark.parametrize(
    "unknown", ["", "study", "annotations", "annotations.", "annotations.study", "nowhere.view_study"]
)
def test_what_names_no_model_is_no_right(unknown):
    assert not make_member(Role.OWNER).has_perm(unknown)


def test_a_verb_that_no_role_has_is_no_right():
    rows = make_rows(make_project())
    assert not make_member(Role.OWNER, rows[Project]).has_perm("annotations.burn_study", rows[Study])


def test_djangos_own_tables_grant_nothing():
    rows = make_rows(make_project())
    user = make_user(is_staff=True)
    group = Group.objects.create(name="everything")
    group.permissions.set(Permission.objects.all())
    user.groups.add(group)
    user.user_permissions.set(Permission.objects.all())
    user = User.objects.get(pk=user.pk)
    for model, row in rows.items():
        assert rights(user, model) == rights(user, model, row) == set()
    assert not user.has_perms(["annotations.view_study"])
    assert user.get_all_permissions() == user.get_user_permissions() == user.get_group_permissions() == set()


@pytest.mark.parametrize(
    ("role", "apps"),
    [
        (Role.OBSERVER, {"generation", "annotations", "evaluation", "projects"}),
        (Role.OWNER, {"generation", "annotations", "evaluation", "projects"}),
        (None, set()),
    ],
)
def test_a_member_enters_the_apps_in_which_there_is_something_to_see(role, apps):
    user = make_member(role) if role else make_user(is_staff=True)
    labels = ("auth", "generation", "annotations", "evaluation", "projects", "contenttypes")
    assert {label for label in labels if user.has_module_perms(label)} == apps


def test_superusers_have_every_right_and_inactive_people_none():
    rows = make_rows(make_project())
    assert rights(make_user(is_superuser=True), Study, rows[Study]) == set(ACTS)
    inactive = make_member(Role.OWNER, rows[Project], is_active=False)
    assert rights(inactive, Study) == rights(inactive, Study, rows[Study]) == set()
    assert not MembersBackend().has_perm(AnonymousUser(), "annotations.view_study")
