"""What was written down."""

from collections.abc import Callable

from daamweb.projects.models import Event


def written(act: Callable[..., object], **given) -> list[tuple[str, str, str]]:
    """By an act, in order: who, what, with what."""
    last = Event.objects.first()
    act(**given)
    events = Event.objects.filter(pk__gt=last.pk if last else 0).order_by("pk")
    return [(event.actor_name, event.action, event.subject_name) for event in events]
