"""Find again what was dropped: one sweep over every kind of leased work."""

from celery import current_app, shared_task
from django.apps import apps
from django.utils import timezone

from daamweb.pokes import send
from daamweb.work.models import Work

# Pokes of one sweep and kind; what is left is found by the next one.
AT_ONCE = 100


def kinds_of_work() -> list[type[Work]]:
    return [model for model in apps.get_models() if issubclass(model, Work)]


@shared_task
def sweep_work() -> None:
    """Tell workers of what is due and of which none has been told for a whole lease.

    A message is over by then: the row is told of again, and what nobody fetches does not pile up."""
    for kind in kinds_of_work():
        if not kind.JOB:
            continue
        since = timezone.now() - kind.LEASE
        for row in kind.to_tell(since).order_by("pk")[:AT_ONCE]:
            if not row.mark_poked(unless_since=since):
                continue
            if not send(current_app.tasks[kind.JOB], row, expires=kind.LEASE.total_seconds()):
                break  # it would not take the others either
