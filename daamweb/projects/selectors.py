"""Who may see what: one rule, asked everywhere."""

from typing import TypeVar

from django.apps import apps
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.shortcuts import get_object_or_404

from daamweb.projects.errors import WhichProjectError
from daamweb.projects.models import Erasure, Event, Membership, Project
from daamweb.projects.roles import IN_ARCHIVE, is_personal, is_shared, kept_in, project_paths, roles_that_may
from daamweb.work.models import WorkState

Row = TypeVar("Row", bound=Model)
Visitor = User | AnonymousUser


def visible_to(rows: QuerySet[Row], user: Visitor) -> QuerySet[Row]:
    """Those that the user may look at."""
    return allowed(rows, user, "view")


def allowed(rows: QuerySet[Row], user: Visitor, verb: str) -> QuerySet[Row]:
    """Those with which the user may do it; see `daamweb.projects.roles`."""
    if not user.is_active or not user.is_authenticated:
        return rows.none()
    projects = Project.objects.all() if verb in IN_ARCHIVE else Project.objects.filter(archived_at=None)
    if not user.is_superuser:
        projects = projects.filter(
            memberships__user=user, memberships__role__in=roles_that_may(verb, rows.model)
        )
    elif verb in IN_ARCHIVE:
        return rows.all()
    paths = project_paths(rows.model)
    if not paths:
        may_look = verb == "view" and is_shared(rows.model) and is_member(user)
        return rows.all() if user.is_superuser or may_look else rows.none()
    found = Q()
    for path in paths:
        found |= Q(**{f"{path}__in": projects.values("pk")})
    return rows.filter(found)


def get_allowed(rows: QuerySet[Row], user: Visitor, verb: str = "view", **look_up: object) -> Row:
    """One row with which the user may do it. What they may not see is not there: Http404. What they may see
    and not do raises PermissionDenied."""
    row = get_object_or_404(visible_to(rows, user), **look_up)
    if verb != "view" and not may(user, verb, row):
        raise PermissionDenied
    return row


def may(user: Visitor, verb: str, row: Model) -> bool:
    """Whether the user may do it with this row."""
    return allowed(type(row)._base_manager.filter(pk=row.pk), user, verb).exists()


def may_somewhere(user: Visitor, verb: str, model: type[Model]) -> bool:
    """Whether there is any project in which the user may do it with rows of the model: what decides whether
    a page or a button is there at all."""
    if not user.is_active or not user.is_authenticated:
        return False
    if user.is_superuser:
        return True
    roles = _roles_of(user)
    if not project_paths(model):
        return verb == "view" and is_shared(model) and bool(roles)
    may_do = roles_that_may(verb, model)
    return any(role in may_do and (not archived or verb in IN_ARCHIVE) for role, archived in roles)


def _roles_of(user: User) -> set[tuple[str, bool]]:
    """Those that the user has in projects, with whether it is archived. Asked once for a user, as Django does
    with rights: every request has a user of its own, and a page of the admin asks dozens of times."""
    roles: set[tuple[str, bool]] | None = getattr(user, "_roles_in_projects", None)
    if roles is None:
        rows = Membership.objects.filter(user=user).values_list("role", "project__archived_at")
        roles = {(role, archived_at is not None) for role, archived_at in rows}
        setattr(user, "_roles_in_projects", roles)  # noqa: B010
    return roles


def is_member(user: Visitor) -> bool:
    """Of anything."""
    return user.is_authenticated and (user.is_superuser or Membership.objects.filter(user=user).exists())


def role_in(project: Project, user: Visitor) -> str | None:
    if not user.is_authenticated:
        return None
    found = Membership.objects.filter(project=project, user=user).values_list("role", flat=True)
    return next(iter(found), None)


def may_spend(project: Project, user: Visitor) -> bool:
    """Whether the user may have annotators of this project paid."""
    rows = Membership.objects.filter(project=project, may_spend=True, project__archived_at=None)
    return user.is_active and user.is_authenticated and rows.filter(user=user).exists()


def is_archived(project: Project) -> bool:
    """By now, whatever is remembered of it."""
    return Project.objects.filter(pk=project.pk).exclude(archived_at=None).exists()


def erasure_of(row: Model) -> Erasure | None:
    """The erasure that waits, runs or failed."""
    asked = Erasure.objects.filter(subject_type=row._meta.label_lower, subject_id=row.pk)
    return asked.exclude(state__in=(WorkState.DONE, WorkState.CANCELLED)).first()


def trail_of(row: Model) -> QuerySet[Event]:
    """What was done with a row, and with what is kept in it."""
    return Event.objects.within(row) if kept_in(row) is row else Event.objects.on(row)


def visible_events(events: QuerySet[Event], user: Visitor) -> QuerySet[Event]:
    """Of the user's projects; those that name single persons only for those who may see these. What is the
    site's, such as a checkpoint, is the superusers' to see."""
    if not isinstance(user, User) or not user.is_active:
        return events.none()
    if user.is_superuser:
        return events.all()
    found = events.filter(project__in=visible_to(Project.objects.all(), user).values("pk"))
    personal = [model for model in apps.get_models() if is_personal(model)]
    roles = {role for model in personal for role in roles_that_may("view", model)}
    theirs = Project.objects.filter(memberships__user=user, memberships__role__in=roles)
    types = [model._meta.label_lower for model in personal]
    return found.filter(~Q(subject_type__in=types) | Q(project__in=theirs.values("pk")))


def sees_several(user: Visitor) -> bool:
    """Whether projects are anything that this user has to be told of."""
    return visible_to(Project.objects.all(), user).order_by()[:2].count() > 1


def only_project() -> Project | None:
    """The one that is meant where nobody said which; None on a new site, which has none yet. Raises
    WhichProjectError."""
    found = list(Project.objects.filter(archived_at=None)[:2])
    if len(found) > 1:
        names = ", ".join(
            repr(name)
            for name in Project.objects.filter(archived_at=None).values_list("name", flat=True)[:10]
        )
        raise WhichProjectError(f"There are several projects; say which one is meant: {names}.")
    return found[0] if found else None
