"""What commands have in common that work in a project."""

from argparse import ArgumentParser
from typing import Any, TypeVar

from django.core.management.base import CommandError
from django.db.models import Model, QuerySet

from daamweb.projects.errors import ProjectError
from daamweb.projects.models import Project
from daamweb.projects.selectors import only_project
from daamweb.projects.services.projects import find_or_create_only_project

Row = TypeVar("Row", bound=Model)
MOST_NAMES = 10


def add_project_argument(parser: ArgumentParser) -> None:
    parser.add_argument("--project", metavar="NAME", help="the project that is meant (default: the only one)")


def project_to_work_in(name: str | None) -> Project:
    """The named one, or the only one; on a new site its first is made. Raises CommandError."""
    try:
        found = find_or_create_only_project() if name is None else named_project(name)
    except ProjectError as error:
        raise CommandError(f"{error} (--project NAME)") from error
    _check_not_archived(found)
    return found


def named_project(name: str) -> Project:
    """Raises CommandError, with the names that there are."""
    found = Project.objects.filter(name=name).first()
    if found is None:
        raise CommandError(f"There is no project named {name!r}. There are: {_names(Project.objects.all())}.")
    return found


def find_named(rows: QuerySet[Row], name: str, *, project: str | None, to_change: bool = False) -> Row:
    """One row by its name in a project; what is to be changed is not in an archived one. Raises CommandError,
    with the names that there are."""
    inside: QuerySet[Any] = rows
    try:
        within = only_project() if project is None else named_project(project)
    except ProjectError as error:
        raise CommandError(f"{error} (--project NAME)") from error
    if within is not None:
        inside = rows.filter(project=within)
    what = rows.model._meta.verbose_name
    found = list(inside.filter(name=name).select_related("project")[:2])
    if not found:
        raise CommandError(f"There is no {what} named {name!r}. There are: {_names(inside)}.")
    if len(found) > 1:  # of projects that are all archived
        raise CommandError(f"Several projects have a {what} named {name!r}. (--project NAME)")
    row: Row = found[0]
    if to_change:
        _check_not_archived(found[0].project)
    return row


def _check_not_archived(project: Project) -> None:
    if project.archived_at is not None:
        raise CommandError(f"The project {project.name!r} is archived; restore it on its page first.")


def _names(rows: QuerySet[Any]) -> str:
    names = list(rows.order_by("name").values_list("name", flat=True)[: MOST_NAMES + 1])
    known = ", ".join(map(repr, names[:MOST_NAMES])) or "none"
    return known + (", …" if len(names) > MOST_NAMES else "")
