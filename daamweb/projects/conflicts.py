"""What a page says when somebody else changed what was typed over."""

from typing import Any

from django.db.models import Model

from daamweb.projects.selectors import Visitor, visible_events
from daamweb.projects.services.editing import EditConflictError

MOST_EVENTS = 10


def conflict_context(conflict: EditConflictError, user: Visitor) -> dict[str, Any]:
    """For templates/projects/_conflict.html: the fields as they are stored by now, and who did it."""
    stored = [
        (_label(conflict.row, name), _in_words(conflict.row, name, value))
        for name, value in conflict.stored.items()
    ]
    done = list(visible_events(conflict.events, user)[:MOST_EVENTS])
    return {"conflict": conflict, "stored": stored, "done_meanwhile": done}


def _label(row: Model, name: str) -> str:
    labels = {field.name: str(field.verbose_name) for field in row._meta.fields}
    return labels.get(name, name).capitalize()


def _in_words(row: Model, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "\n".join(map(str, value.values()))
    chosen = getattr(row, f"get_{name}_display", None)
    return str(chosen() if chosen else value if value is not None else "")
