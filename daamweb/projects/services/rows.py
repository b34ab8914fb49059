"""Make and delete single rows of any kind, written down."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model

from daamweb.projects.models import Action
from daamweb.projects.roles import project_or_none
from daamweb.projects.services.events import Actor, record

Outcome = TypeVar("Outcome")


@transaction.atomic
def make_row(*, row: Model, by: Actor) -> None:
    row.save()
    record(Action.MADE, subject=row, project=project_or_none(row), by=by)


@transaction.atomic
def delete_row(*, row: Model, by: Actor) -> bool:
    """With what hangs on it; False if it is gone already. Raises ProtectedError where something needs it."""
    found = type(row)._base_manager.select_for_update(of=("self",)).filter(pk=row.pk).first()
    if found is None:
        return False
    record(Action.DELETED, subject=found, project=project_or_none(found), by=by)
    found.delete()
    return True


@transaction.atomic
def together(act: Callable[[], Outcome]) -> Outcome:
    """For what Django's own pages store: it and what is written down of it stand or fall together."""
    return act()


def note_password(*, user: User, by: Actor) -> None:
    """That it was set, inside the transaction that does."""
    record(Action.EDITED, subject=user, project=None, by=by, details={"password": "changed"})
