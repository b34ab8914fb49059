"""Store what was typed into a form, unless the row changed since the form was made."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet

from daamweb.names import name_problem
from daamweb.projects.errors import EditRefusedError, NotEditableError, ProjectError
from daamweb.projects.models import Action, Event, Project
from daamweb.projects.roles import project_or_none
from daamweb.projects.services.events import Actor, record
from daamweb.projects.shown import Shown, shown_of

# Longer values are not repeated in what was done.
LONGEST_VALUE = 80


class EditConflictError(ProjectError):
    """Somebody else changed what was typed over; nothing was stored.

    `stored` has the fields that are not as they were shown, as they are now; `left_alone` those of them that
    nobody typed into; `events` what was done since; `now` is what the next form carries, and `typed` what it
    holds: what was typed, and elsewhere what is stored, so that saving again overwrites knowingly."""

    def __init__(
        self,
        row: Model,
        stored: dict[str, Any],
        left_alone: list[str],
        events: QuerySet[Event],
        now: Shown,
        typed: dict[str, Any],
    ) -> None:
        super().__init__(f"“{row}” was changed meanwhile; nothing was stored.")
        self.row, self.stored, self.left_alone = row, stored, left_alone
        self.events, self.now, self.typed = events, now, typed


@transaction.atomic
def edit_row(
    *,
    row: Model,
    typed: dict[str, Any],
    shown: Shown | None,
    by: Actor,
    private: frozenset[str] = frozenset(),
) -> bool:
    """Store the fields' values as they were typed; False if they are stored already. `shown` is None where
    no form was shown; of `private` fields it is written down that they were changed, and not to what.

    Raises EditConflictError, EditRefusedError, and NotEditableError where the row is gone."""
    locked = type(row)._base_manager.select_for_update(of=("self",), no_key=True).filter(pk=row.pk).first()
    if locked is None:
        raise NotEditableError(f"“{row}” was deleted meanwhile.")
    return store_edit(locked=locked, typed=typed, shown=shown, by=by, private=private)


@transaction.atomic
def store_edit(
    *,
    locked: Model,
    typed: dict[str, Any],
    shown: Shown | None,
    by: Actor,
    private: frozenset[str] = frozenset(),
) -> bool:
    """As `edit_row`, of a row that this transaction has alone."""
    changes = compare(row=locked, typed=typed, shown=shown)
    if not changes:
        return False
    if "name" in changes and (problem := name_problem(typed["name"])):
        raise EditRefusedError("name", problem)
    for name in changes:
        setattr(locked, name, typed[name])
    try:
        with transaction.atomic():
            locked.save(update_fields=list(changes))
    except IntegrityError as error:
        if "name" not in changes:
            raise
        kind = locked._meta.verbose_name
        raise EditRefusedError(
            "name", f"There is a {kind} named {typed['name']!r} already; choose another name."
        ) from error
    project = locked if isinstance(locked, Project) else project_or_none(locked)
    details = {name: "changed" if name in private else change for name, change in changes.items()}
    record(Action.EDITED, subject=locked, project=project, by=by, details=details)
    return True


def compare(
    *, row: Model, typed: dict[str, Any], shown: Shown | None, events: QuerySet[Event] | None = None
) -> dict[str, list[Any]]:
    """What the form changes, as [before, now] by field, in words for what was done. A form holds the whole of
    what can be edited, so that whatever somebody else changed is a conflict, typed over or not: texts of a
    study belong together. What is stored as it was typed is none, as of a button that was pressed twice.

    Raises EditConflictError."""
    changed = [name for name, value in typed.items() if getattr(row, name) != value]
    if not changed:
        return {}
    if shown is not None and (moved := shown.moved(row, changed)):
        done = Event.objects.on(row) if events is None else events
        since = done.filter(pk__gt=shown.event)
        stored = {name: getattr(row, name) for name in moved}
        left_alone = [name for name in shown.left_alone(typed) if name in stored]
        now = shown_of(row, typed, done)
        kept = typed | {name: stored[name] for name in left_alone}
        raise EditConflictError(row, stored, left_alone, since, now, kept)
    return {name: [_brief(getattr(row, name)), _brief(typed[name])] for name in changed}


def _brief(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{len(text)} characters"
