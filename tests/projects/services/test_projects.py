"""Make, rename, archive and restore projects."""

import pytest
from django.utils import timezone

from annotations.services.closings import close_study
from daamweb.projects.errors import ProjectError, WhichProjectError
from daamweb.projects.models import Event, Membership, Project, Role
from daamweb.projects.selectors import only_project
from daamweb.projects.services import projects
from daamweb.projects.services.projects import (
    archive_project,
    check_not_archived,
    create_project,
    find_or_create_only_project,
    rename_project,
    restore_project,
)
from tests.factories import main_project, make_open_study, make_project, make_study, make_user

pytestmark = pytest.mark.django_db

BAD_NAMES = [
    ("", "A name is needed"),
    ("\n", "A name is needed"),
    ("x" * 101, "100 characters at most; this one has 101"),
    ("x" * 10_000, "100 characters at most"),
    ("a\nb", "one line of text"),
    ("a\x00b", "without control characters"),
    ("a\u202eb", "turn the direction of text"),
]


def done() -> list[tuple]:
    """What was written down, in order."""
    return [
        (event.actor_name, event.action, event.subject_name, event.details)
        for event in Event.objects.order_by("pk")
    ]


# --- made ------------------------------------------------------------------------------------------------


def test_who_makes_a_project_for_somebody_makes_an_owner_who_may_spend():
    chief, ann = make_user("chief", is_superuser=True), make_user("ann")
    project = create_project(name="  A lab ", owner=ann, by=chief)
    membership = Membership.objects.get()
    assert project.name == "A lab"
    assert (membership.project, membership.user) == (project, ann)
    assert (membership.role, membership.may_spend) == (Role.OWNER, True)
    ann.refresh_from_db()
    assert ann.is_staff
    assert done() == [("chief", "made", "A lab", {})]


def test_an_operator_may_make_one_that_nobody_owns():
    project = create_project(name="A lab", owner=None)
    assert not project.memberships.exists()
    [(actor, action, name, _)] = done()
    assert actor.startswith("command line (")
    assert (action, name) == ("made", "A lab")


@pytest.mark.parametrize("name", ["<b>bold</b>", "مشروع", "項目 🦄", "Ann's & Bert's", "x" * 100])
def test_any_line_of_text_names_a_project(name):
    assert create_project(name=name, owner=None).name == name


@pytest.mark.parametrize(("name", "reason"), BAD_NAMES)
def test_what_is_no_name_makes_nothing(name, reason):
    with pytest.raises(ProjectError, match=reason):
        create_project(name=name, owner=make_user())
    assert not Project.objects.exists()
    assert not Membership.objects.exists()
    assert not Event.objects.exists()


def test_a_name_is_given_once():
    create_project(name="A lab", owner=None)
    with pytest.raises(ProjectError, match="There is a project named 'A lab' already; choose another name"):
        create_project(name="A lab", owner=make_user())
    assert Project.objects.count() == Event.objects.count() == 1
    assert not Membership.objects.exists()


# --- the only one ----------------------------------------------------------------------------------------


def test_a_new_site_makes_its_first_project_once():
    chief = make_user("chief", is_superuser=True)
    first = find_or_create_only_project(by=chief)
    assert first.name == "Main"
    assert first.memberships.get().user == chief
    assert find_or_create_only_project() == first
    assert done() == [("chief", "made", "Main", {})]


def test_what_somebody_else_made_at_this_moment_is_taken(monkeypatch):
    monkeypatch.setattr(projects, "only_project", lambda: None)
    monkeypatch.setattr(
        projects, "create_project", lambda **_: main_project() and _raise(ProjectError("taken"))
    )
    assert find_or_create_only_project() == Project.objects.get(name="Main")


def test_what_somebody_else_made_while_it_was_looked_for_is_taken(monkeypatch):
    looked = iter([lambda: main_project() and None, only_project])
    monkeypatch.setattr(projects, "only_project", lambda: next(looked)())
    assert find_or_create_only_project() == Project.objects.get(name="Main")


def _raise(error: Exception) -> None:
    raise error


def test_of_several_none_is_guessed_and_of_archived_ones_none_is_made():
    project = main_project()
    make_project("Other")
    with pytest.raises(WhichProjectError, match="say which one is meant: 'Main', 'Other'"):
        find_or_create_only_project()
    Project.objects.update(archived_at=timezone.now())
    with pytest.raises(ProjectError, match=r"Every project is archived\. Restore one, or make another"):
        find_or_create_only_project()
    assert Project.objects.count() == 2
    Project.objects.filter(pk=project.pk).update(archived_at=None)
    assert find_or_create_only_project() == project


# --- renamed ---------------------------------------------------------------------------------------------


def test_a_project_gets_another_name():
    project, ann = main_project(), make_user("ann")
    rename_project(project=project, name=" The lab ", by=ann)
    assert project.name == Project.objects.get().name == "The lab"
    assert done() == [("ann", "edited", "The lab", {"name": ["Main", "The lab"]})]


def test_the_name_that_it_has_is_no_change():
    rename_project(project=main_project(), name="Main", by=None)
    assert done() == []


@pytest.mark.parametrize(
    ("name", "reason"), [*BAD_NAMES, ("Other", "There is a project named 'Other' already")]
)
def test_what_is_no_name_or_another_projects_changes_nothing(name, reason):
    project, _ = main_project(), make_project("Other")
    with pytest.raises(ProjectError, match=reason):
        rename_project(project=project, name=name, by=None)
    assert Project.objects.get(pk=project.pk).name == "Main"
    assert done() == []


# --- archived and restored -------------------------------------------------------------------------------


def test_a_project_is_archived_and_restored():
    project, ann = main_project(), make_user("ann")
    make_study()
    archive_project(project=project, by=ann)
    assert project.archived_at is not None
    with pytest.raises(ProjectError, match="“Main” is archived; restore it first"):
        check_not_archived(Project.objects.get())
    restore_project(project=project, by=ann)
    assert project.archived_at is None
    check_not_archived(Project.objects.get())
    assert [action for _, action, *_ in done()] == ["made", "archived", "restored"]


def test_what_was_archived_or_restored_meanwhile_is_said():
    project, again = main_project(), main_project()
    archive_project(project=project, by=None)
    with pytest.raises(ProjectError, match="“Main” is archived already"):
        archive_project(project=again, by=None)
    restore_project(project=project, by=None)
    with pytest.raises(ProjectError, match="“Main” is not archived"):
        restore_project(project=again, by=None)
    assert [action for _, action, *_ in done()] == ["archived", "restored"]


def test_while_a_study_runs_its_project_is_not_archived():
    study = make_open_study()
    project = study.project
    with pytest.raises(ProjectError, match=f"cannot be archived while “{study}” runs. Close it"):
        archive_project(project=project, by=None)
    assert Project.objects.get().archived_at is None
    close_study(study=study, at_once=True)
    archive_project(project=project, by=None)
    assert Project.objects.get().archived_at is not None


def test_a_study_of_another_project_is_in_nobodys_way():
    make_open_study()
    archive_project(project=make_project("Other"), by=None)
    assert Project.objects.get(name="Other").archived_at is not None
