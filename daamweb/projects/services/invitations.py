"""Invitations by link: made by an owner, followed once."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from daamweb.projects.errors import ProjectError
from daamweb.projects.models import Action, Invitation, Membership, Project, Role
from daamweb.projects.selectors import may
from daamweb.projects.services.events import record
from daamweb.projects.services.memberships import add_member
from daamweb.projects.services.projects import check_not_archived

GOOD_FOR = timedelta(days=7)


@transaction.atomic
def invite(
    *, project: Project, role: str, may_spend: bool = False, note: str = "", by: User
) -> tuple[Invitation, str]:
    """The invitation and the token of its link, which is stored nowhere. Raises ProjectError."""
    if role not in Role.values:
        raise ProjectError(f"There is no role {role!r}; there are {', '.join(Role.values)}.")
    check_not_archived(project)
    token = secrets.token_urlsafe(24)
    invitation = Invitation.objects.create(
        project=project,
        role=role,
        may_spend=may_spend,
        note=note.strip(),
        token_sha256=_sha256(token),
        made_by=by,
        expires_at=timezone.now() + GOOD_FOR,
    )
    record(
        Action.INVITED,
        subject=invitation,
        project=project,
        by=by,
        name=invitation.note or f"a new {invitation.get_role_display()}",
        details={"role": role, "may_spend": may_spend},
    )
    return invitation, token


def find_invitation(token: str) -> Invitation | None:
    """The invitation of a link, open or not."""
    return Invitation.objects.select_related("project").filter(token_sha256=_sha256(token)).first()


@transaction.atomic
def accept_invitation(*, invitation: Invitation, user: User) -> Membership:
    """Raises ProjectError where it is used, revoked or over, or the user is in the project already, whose
    role it then leaves alone."""
    check_not_archived(invitation.project)
    if invitation.made_by is None or not may(invitation.made_by, "manage", invitation.project):
        raise ProjectError(
            f"Whoever invited you owns “{invitation.project}” no more. Ask somebody who does for a new link."
        )
    if Membership.objects.filter(project=invitation.project_id, user=user).exists():
        raise ProjectError(f"You are in “{invitation.project}” already. The invitation is still good.")
    now = timezone.now()
    taken = Invitation.objects.filter(
        pk=invitation.pk, accepted_at=None, revoked_at=None, expires_at__gt=now
    ).update(accepted_at=now, accepted_by=user)
    if not taken:
        raise ProjectError("This invitation was used already, or taken back, or its time is over.")
    return add_member(
        project=invitation.project,
        user=user,
        role=invitation.role,
        may_spend=invitation.may_spend,
        by=user,
    )


def join_with_new_account(*, invitation: Invitation, username: str, password: str) -> User:
    """Make an account for whoever was invited, and a member of it. The form has judged name and password.
    Raises ProjectError; then there is no account either."""
    hashed = make_password(password)  # which takes long on purpose, and is done before others have to wait
    return _join_with_new_account(invitation, username, hashed)


@transaction.atomic
def _join_with_new_account(invitation: Invitation, username: str, hashed: str) -> User:
    try:
        with transaction.atomic():
            user = User.objects.create(username=User.normalize_username(username), password=hashed)
    except IntegrityError as error:
        raise ProjectError(
            f"There is an account named {username!r} already; log in, or take another."
        ) from error
    accept_invitation(invitation=invitation, user=user)
    return user


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, by: User) -> None:
    """Raises ProjectError where it was used meanwhile."""
    revoked = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    if not revoked:
        raise ProjectError("This invitation was used or taken back meanwhile.")
    record(
        Action.REVOKED,
        subject=invitation,
        project=invitation.project,
        by=by,
        name=invitation.note or str(invitation),
    )


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
