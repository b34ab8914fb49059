"""How a row was when a form was made of it: what the form carries, so that nobody overwrites what they have
not seen."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.http import QueryDict

from daamweb.projects.models import Event

# The form's hidden field; and that of a page that asks before something is done with what was seen.
SHOWN, SEEN = "shown", "seen"
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True)
class Shown:
    """The last thing that was done with the row, and a short hash of each field that could be edited."""

    event: int
    hashes: Mapping[str, str]

    def __str__(self) -> str:
        """As the form carries it."""
        return json.dumps({"event": self.event, "fields": dict(self.hashes)})

    def moved(self, row: Model, names: Iterable[str]) -> list[str]:
        """Which of the fields are not as they were shown."""
        return [name for name in names if _hash(getattr(row, name)) != self.hashes.get(name)]

    def left_alone(self, typed: Mapping[str, Any]) -> list[str]:
        """Which fields hold what was shown, so that nobody typed into them."""
        return [name for name, value in typed.items() if _hash(value) == self.hashes.get(name)]


NOTHING = Shown(0, {})


def shown_of(row: Model, names: Iterable[str], events: QuerySet[Event] | None = None) -> Shown:
    """Of a row as it was just read. `events`: what was done with it, where that stands under another name."""
    newest = newest_of(Event.objects.on(row) if events is None else events)
    return Shown(newest, hashes_of(row, names))


def newest_of(events: QuerySet[Event]) -> int:
    return events.values_list("pk", flat=True).first() or 0


def hashes_of(row: Model, names: Iterable[str]) -> dict[str, str]:
    return {name: _hash(getattr(row, name)) for name in names}


def shown_in(form: QueryDict, name: str = SHOWN) -> Shown:
    """What a form carried; NOTHING if that was no such thing."""
    try:
        carried = json.loads(form.get(name, ""))
        event, fields = carried["event"], carried["fields"]
        hashes = {str(name): str(value) for name, value in fields.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return NOTHING
    return Shown(event, hashes) if isinstance(event, int) and 0 <= event <= LARGEST_KEY else NOTHING


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
