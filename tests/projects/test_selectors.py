"""One rule says who may do what with which rows: tried for every model, role and verb."""

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404
from django.utils import timezone

from annotations.models import Annotator, EntryCode, Participation, ProblemReport, Response, Study
from daamweb.projects.errors import WhichProjectError
from daamweb.projects.models import Invitation, Membership, Project, Role
from daamweb.projects.selectors import (
    allowed,
    get_allowed,
    is_member,
    may,
    may_somewhere,
    may_spend,
    only_project,
    role_in,
    sees_several,
    visible_to,
)
from daamweb.projects.services.memberships import add_member
from daamweb.projects.services.staff import mark_staff
from evaluation.models import Export, Report
from generation.models import Checkpoint
from tests.factories import main_project, make_member, make_project, make_prompt_set, make_run, make_user
from tests.projects.rows import make_rows, models_of_projects

pytestmark = pytest.mark.django_db

VERBS = ("view", "add", "change", "delete", "export", "erase", "manage")
# Said once more, and not read from the code.
MAY = {
    Role.OBSERVER: {"view"},
    Role.RESEARCHER: {"view", "add", "change", "delete", "export"},
    Role.OWNER: {"view", "add", "change", "delete", "export", "erase", "manage"},
}
ABOUT_PERSONS = {Annotator, EntryCode, Export, Participation, ProblemReport, Response}
IN_ARCHIVE = {"view", "export", "erase", "manage"}


def expected(role: str, verb: str, model: type[Model]) -> bool:
    return verb in MAY[Role(role)] and not (model in ABOUT_PERSONS and role == Role.OBSERVER)


def verbs_of(user: User | AnonymousUser, row: Model) -> set[str]:
    """What the user may do with the row, as the rule says for a list and for one row."""
    rows = type(row)._default_manager.all()
    found = {verb for verb in VERBS if allowed(rows, user, verb).filter(pk=row.pk).exists()}
    assert found == {verb for verb in VERBS if may(user, verb, row)}
    return found


def archive(project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(archived_at=timezone.now())


def test_every_model_of_projects_is_tried():
    assert set(make_rows(make_project())) == set(models_of_projects())


@pytest.mark.parametrize("role", Role)
def test_members_may_what_their_role_may_in_their_own_project_only(role):
    here, there = make_rows(make_project()), make_rows(make_project())
    user = make_member(role, here[Project])
    for model, row in here.items():
        assert verbs_of(user, row) == {verb for verb in VERBS if expected(role, verb, model)}, model
        assert verbs_of(user, there[model]) == set(), model
        assert set(visible_to(model._default_manager.all(), user)) <= {row, *_siblings(row)}


def _siblings(row: Model) -> list[Model]:
    """Words of the same prompt, which factories make by the handful."""
    return list(row.prompt.words.all()) if hasattr(row, "prompt") and hasattr(row, "lemma") else []


@pytest.mark.parametrize("role", Role)
def test_an_archived_project_is_looked_at_exported_managed_and_erased_only(role):
    rows = make_rows(make_project())
    user = make_member(role, rows[Project])
    archive(rows[Project])
    for model, row in rows.items():
        may_here = {verb for verb in VERBS if expected(role, verb, model)} & IN_ARCHIVE
        assert verbs_of(user, row) == may_here, model
        assert {verb for verb in VERBS if may_somewhere(user, verb, model)} == may_here, model


def test_somebody_in_two_projects_is_somebody_else_in_each():
    here, there = make_rows(make_project()), make_rows(make_project())
    user = make_member(Role.OWNER, here[Project])
    add_member(project=there[Project], user=user, role=Role.OBSERVER, by=None)
    assert verbs_of(user, here[Study]) == MAY[Role.OWNER]
    assert verbs_of(user, there[Study]) == {"view"}
    assert verbs_of(user, there[Response]) == set()
    assert set(visible_to(Study.objects.all(), user)) == {here[Study], there[Study]}
    assert set(allowed(Study.objects.all(), user, "change")) == {here[Study]}


def test_superusers_may_everything_but_change_what_is_archived():
    rows = make_rows(make_project())
    superuser = make_user(is_superuser=True)
    for row in rows.values():
        assert verbs_of(superuser, row) == set(VERBS)
    archive(rows[Project])
    for row in rows.values():
        assert verbs_of(superuser, row) == IN_ARCHIVE


@pytest.mark.parametrize("role", Role)
def test_who_is_inactive_may_nothing(role):
    rows = make_rows(main_project())
    for user in (make_member(role, is_active=False), make_user(is_superuser=True, is_active=False)):
        for model, row in rows.items():
            assert verbs_of(user, row) == set()
            assert not any(may_somewhere(user, verb, model) for verb in VERBS)


def test_strangers_and_people_in_no_project_may_nothing():
    rows = make_rows(make_project())
    for user in (AnonymousUser(), make_user(), make_user(is_staff=True)):
        for model, row in rows.items():
            assert verbs_of(user, row) == set()
            assert not any(may_somewhere(user, verb, model) for verb in VERBS)
        assert not is_member(user)


def test_who_was_taken_out_may_nothing_at_once():
    rows = make_rows(make_project())
    user = make_member(Role.OWNER, rows[Project])
    Membership.objects.all().delete()
    assert all(verbs_of(user, row) == set() for row in rows.values())


@pytest.mark.parametrize("role", [*Role, None])
def test_what_is_the_sites_is_looked_at_by_members_and_changed_by_superusers(role):
    checkpoint = Checkpoint.objects.create(name="sd", source="owner/name")
    user = make_member(role) if role else make_user(is_staff=True)
    assert verbs_of(user, checkpoint) == ({"view"} if role else set())
    assert may_somewhere(user, "view", Checkpoint) is bool(role)
    assert not any(may_somewhere(user, verb, Checkpoint) for verb in VERBS if verb != "view")
    assert verbs_of(make_user(is_superuser=True), checkpoint) == set(VERBS)


@pytest.mark.parametrize("model", [User, Membership, Invitation])
def test_other_models_are_the_superusers_alone(model):
    owner = make_member(Role.OWNER)
    Invitation.objects.create(
        project=main_project(), role=Role.OWNER, token_sha256="x", expires_at=timezone.now()
    )
    row = model.objects.first()
    assert verbs_of(owner, row) == set()
    assert not any(may_somewhere(owner, verb, model) for verb in VERBS)
    assert verbs_of(make_user(is_superuser=True), row) == set(VERBS)


def test_a_row_that_may_be_reached_by_several_ways_belongs_to_the_one_that_it_has():
    here, there = make_project(), make_project()
    run = make_run(make_prompt_set(project=here))
    report = Report.objects.create(run=run, analysis="areas")
    assert may(make_member(Role.OBSERVER, here), "view", report)
    assert not may(make_member(Role.OWNER, there), "view", report)


def test_what_one_may_not_see_is_not_there_and_what_one_may_only_see_is_forbidden():
    here, there = make_rows(make_project()), make_rows(make_project())
    user = make_member(Role.OBSERVER, here[Project])
    assert get_allowed(Study.objects.all(), user, pk=here[Study].pk) == here[Study]
    with pytest.raises(PermissionDenied):
        get_allowed(Study.objects.all(), user, "change", pk=here[Study].pk)
    for verb in ("view", "change"):
        with pytest.raises(Http404):
            get_allowed(Study.objects.all(), user, verb, pk=there[Study].pk)
    with pytest.raises(Http404):
        get_allowed(Response.objects.all(), user, pk=here[Response].pk)


def test_a_list_takes_one_query(django_assert_num_queries):
    rows = make_rows(make_project())
    user = make_member(Role.OBSERVER, rows[Project])
    with django_assert_num_queries(1):
        assert list(visible_to(Study.objects.all(), user)) == [rows[Study]]


def test_only_whom_the_project_trusts_with_money_may_spend_and_not_in_an_archived_one():
    project = main_project()
    spender = make_member(Role.RESEARCHER)
    Membership.objects.filter(user=spender).update(may_spend=True)
    assert may_spend(project, spender)
    assert not may_spend(make_project(), spender)
    for other in (make_member(Role.OWNER), make_user(is_superuser=True), AnonymousUser()):
        assert not may_spend(project, other)
    spender.is_active = False
    assert not may_spend(project, spender)
    spender.is_active = True
    archive(project)
    assert not may_spend(project, spender)


def test_a_role_is_that_of_the_membership():
    user = make_member(Role.RESEARCHER)
    assert role_in(main_project(), user) == "researcher"
    assert role_in(make_project(), user) is None
    assert role_in(main_project(), AnonymousUser()) is None


def test_projects_are_told_of_where_one_sees_several():
    user, superuser = make_member(Role.OWNER), make_user(is_superuser=True)
    assert not sees_several(user)
    assert not sees_several(superuser)
    other = make_project()
    assert not sees_several(user)
    assert sees_several(superuser)
    add_member(project=other, user=user, role=Role.OBSERVER, by=None)
    assert sees_several(user)
    assert not sees_several(AnonymousUser())


def test_the_only_project_is_the_one_that_is_not_archived():
    assert only_project() is None
    main, other = main_project(), make_project("Other")
    with pytest.raises(WhichProjectError, match="say which one is meant: 'Main', 'Other'"):
        only_project()
    archive(other)
    assert only_project() == main
    archive(main)
    assert only_project() is None


def test_staff_means_a_member_of_something():
    user = make_user()
    for made in (True, False):
        if made:
            Membership.objects.create(project=main_project(), user=user, role=Role.OBSERVER)
        else:
            Membership.objects.all().delete()
        mark_staff(user=user)
        assert user.is_staff is User.objects.get(pk=user.pk).is_staff is made
    superuser = make_user(is_superuser=True)
    mark_staff(user=superuser)
    assert User.objects.get(pk=superuser.pk).is_staff
