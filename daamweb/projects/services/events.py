"""Write down who did what."""

import getpass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model

from daamweb.projects.models import Event, Project
from daamweb.projects.models.events import LONGEST_LABEL


def record(
    action: str,
    *,
    subject: Model,
    project: Project,
    by: User | None,
    name: str = "",
    details: dict[str, Any] | None = None,
) -> Event:
    """Inside the transaction that does it, so that nothing is done without being written down, nor written
    down without being done. `by` is None for a command, which is its operator's; `name` is what the subject
    is called where its own text says too much, as a person's would. `details` are shown on pages and hold
    nothing that identifies an annotator."""
    return Event.objects.create(
        project=project,
        project_name=project.name,
        actor=by,
        actor_name=by.get_username()[:LONGEST_LABEL] if by is not None else f"command line ({_operator()})",
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        subject_name=(name or str(subject))[:LONGEST_LABEL],
        details=details or {},
    )


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unnamed"
