"""Who is in a project, as what. A project that has an owner keeps one."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from daamweb.projects.errors import ProjectError
from daamweb.projects.models import Action, Event, Membership, Project, Role
from daamweb.projects.services.editing import compare
from daamweb.projects.services.events import record
from daamweb.projects.services.staff import mark_staff
from daamweb.projects.shown import Shown


@transaction.atomic
def add_member(
    *, project: Project, user: User, role: str, may_spend: bool = False, by: User | None
) -> Membership:
    """Raises ProjectError."""
    _check_role(role)
    try:
        with transaction.atomic():
            membership = Membership.objects.create(project=project, user=user, role=role, may_spend=may_spend)
    except IntegrityError as error:
        raise ProjectError(f"{user.get_username()} is in “{project}” already.") from error
    mark_staff(user=user)
    action = Action.JOINED if by is not None and by.pk == user.pk else Action.ADDED
    record(action, subject=user, project=project, by=by, details=_as_details(membership))
    return membership


@transaction.atomic
def change_member(
    *, membership: Membership, role: str, may_spend: bool, by: User | None, shown: Shown | None = None
) -> None:
    """`shown` is how the membership was when a form was made of it; None where none was. Raises ProjectError,
    also where the last owner would be owner no more, and EditConflictError."""
    _check_role(role)
    locked = _lock(membership)
    typed = {"role": role, "may_spend": may_spend}
    done = Event.objects.on(locked.user).filter(project=locked.project)
    changes = compare(row=locked, typed=typed, shown=shown, events=done)
    if not changes:
        return
    if locked.role == Role.OWNER and role != Role.OWNER:
        _check_another_owner(locked)
    locked.role, locked.may_spend = role, may_spend
    locked.save(update_fields=["role", "may_spend"])
    record(Action.EDITED, subject=locked.user, project=locked.project, by=by, details=changes)


@transaction.atomic
def remove_member(*, membership: Membership, by: User | None) -> None:
    """Also for those who leave by themselves. Raises ProjectError where it is the last owner."""
    locked = _lock(membership)
    if locked.role == Role.OWNER:
        _check_another_owner(locked)
    user = locked.user
    locked.delete()
    mark_staff(user=user)
    action = Action.LEFT if by is not None and by.pk == user.pk else Action.REMOVED
    record(action, subject=user, project=locked.project, by=by)


def _lock(membership: Membership) -> Membership:
    """With the project's row, so that of two owners who go at once one stays."""
    Project.objects.select_for_update().get(pk=membership.project_id)
    found = Membership.objects.select_related("project", "user").filter(pk=membership.pk).first()
    if found is None:
        raise ProjectError("This person is not in the project any more.")
    return found


def _check_another_owner(membership: Membership) -> None:
    """Whose account is switched off owns nothing."""
    owners = Membership.objects.filter(project=membership.project_id, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(pk=membership.pk).exists():
        raise ProjectError(
            f"{membership.user.get_username()} is the only owner of “{membership.project}”, and a project "
            "keeps one. Make somebody else an owner first."
        )


def _check_role(role: str) -> None:
    if role not in Role.values:
        raise ProjectError(f"There is no role {role!r}; there are {', '.join(Role.values)}.")


def _as_details(membership: Membership) -> dict[str, object]:
    return {"role": membership.role, "may_spend": membership.may_spend}
