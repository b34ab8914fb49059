"""Write down who did what."""

import getpass
from typing import Any, Final, Literal

from django.contrib.auth.models import User
from django.db.models import Model

from daamweb.projects.models import Event, Project
from daamweb.projects.models.events import LONGEST_LABEL, key_of
from daamweb.projects.roles import kept_in

# What a worker or a sweep does and nobody asked for at that moment. No user has a name with a space.
SITE: Final = "the site"
# None: a command, whose operator is named.
Actor = User | Literal["the site"] | None


def record(
    action: str,
    *,
    subject: Model,
    project: Project | None,
    by: Actor,
    name: str = "",
    details: dict[str, Any] | None = None,
) -> Event:
    """Inside the transaction that does it, so that nothing is done without being written down, nor written
    down without being done.

    `by` is who asked for it, SITE, or None for a command. `project` is None for what is the site's. `name` is
    what the subject is called where its own text says too much, as a person's would. `details` are shown on
    pages and hold nothing that identifies an annotator: a list of two is what was before and what is now.
    """
    return Event.objects.create(
        project=project,
        project_name=project.name if project is not None else "",
        actor=by if isinstance(by, User) else None,
        actor_name=_name_of(by),
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        subject_name=(name or str(subject))[:LONGEST_LABEL],
        within=key_of(kept_in(subject)),
        details=details or {},
    )


def _name_of(by: Actor) -> str:
    if isinstance(by, User):
        return by.get_username()[:LONGEST_LABEL]
    return f"command line ({_operator()})"[:LONGEST_LABEL] if by is None else by


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unnamed"
