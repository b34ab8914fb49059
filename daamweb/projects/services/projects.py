"""Make, rename, archive and restore projects."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from daamweb.names import name_problem
from daamweb.projects.errors import ProjectError
from daamweb.projects.holdings import HOLDINGS
from daamweb.projects.models import Action, Erasure, Membership, Project, Role
from daamweb.projects.selectors import is_archived, only_project
from daamweb.projects.services.editing import edit_row
from daamweb.projects.services.events import record
from daamweb.projects.services.staff import mark_staff
from daamweb.projects.shown import Shown

FIRST = "Main"


def create_project(*, name: str, owner: User | None, by: User | None = None) -> Project:
    """`owner` may be None where an operator makes it; superusers then see to it. Raises ProjectError."""
    name = name.strip()
    _check_name(name)
    try:
        with transaction.atomic():
            project = Project.objects.create(name=name)
            record(Action.MADE, subject=project, project=project, by=by)
            if owner is not None:
                Membership.objects.create(project=project, user=owner, role=Role.OWNER, may_spend=True)
                mark_staff(user=owner)
    except IntegrityError as error:
        raise ProjectError(f"There is a project named {name!r} already; choose another name.") from error
    return project


def find_or_create_only_project(*, by: User | None = None) -> Project:
    """The project that is meant where nobody said which; on a new site, its first. Raises WhichProjectError
    where there are several, and ProjectError where all are archived."""
    found = only_project()
    if found is not None:
        return found
    if Project.objects.exists():
        found = only_project()  # somebody else may have made it just now
        if found is None:
            raise ProjectError("Every project is archived. Restore one, or make another.")
        return found
    try:
        return create_project(name=FIRST, owner=by, by=by)
    except ProjectError:  # somebody else made it at this moment
        return Project.objects.get(name=FIRST)


def rename_project(*, project: Project, name: str, by: User | None, shown: Shown | None = None) -> None:
    """Raises ProjectError, as `editing.edit_row` does."""
    edit_row(row=project, typed={"name": name.strip()}, shown=shown, by=by)
    project.name = name.strip()


@transaction.atomic
def archive_project(*, project: Project, by: User | None) -> None:
    """Nothing can be made or changed in it any more, until it is restored. Raises ProjectError where
    something runs in it."""
    for holding in HOLDINGS:
        running = holding.running(holding.rows(project)).first()
        if running is not None:
            raise ProjectError(f"“{project}” cannot be archived while “{running}” runs. {holding.end_first}")
    if not project.mark_archived(now=timezone.now()):
        raise ProjectError(f"“{project}” is archived already.")
    record(Action.ARCHIVED, subject=project, project=project, by=by)


@transaction.atomic
def restore_project(*, project: Project, by: User | None) -> None:
    """Raises ProjectError."""
    # Nobody asks meanwhile that it be erased.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if Erasure.objects.filter(project=project, subject_type=Project._meta.label_lower).exists():
        raise ProjectError(f"“{project}” is being erased.")
    if not project.mark_restored():
        raise ProjectError(f"“{project}” is not archived.")
    record(Action.RESTORED, subject=project, project=project, by=by)


def check_not_archived(project: Project) -> None:
    """Raises ProjectError."""
    if is_archived(project):
        raise ProjectError(f"The project “{project}” is archived; restore it first.")


def _check_name(name: str) -> None:
    if problem := name_problem(name):
        raise ProjectError(problem)
