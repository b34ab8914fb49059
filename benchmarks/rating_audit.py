"""Hold a study's rows against what its annotators were told."""

import uuid
from collections.abc import Iterable

from django.db.models import Count, F, Q


def audit(acknowledged: Iterable[str]) -> dict[str, int]:
    """acknowledged: keys of the pages whose answer was acknowledged.

    lost: acknowledged and not stored. over: tasks with more answers that count than they ask for. under:
    places that nobody holds, that nobody filled, and that are not open either, and answers that count and
    have no place. twice: people's second turns at one task.
    """
    from annotations.models import Assignment, Place, Response, Task

    keys = {uuid.UUID(key) for key in acknowledged}
    stored = set(Response.objects.values_list("token", flat=True))
    counting = Assignment.objects.analysed().filter(place__isnull=False).order_by()
    tasks = Task.objects.filter(role__in=Task.WITH_PLACES).annotate(
        answers=Count("assignments", filter=Q(assignments__state="submitted", assignments__counts=True))
    )
    pairs = Assignment.objects.order_by().values("participation", "task").annotate(turns=Count("pk"))
    wrong = ~Q(turn__place=F("pk")) | ~Q(turn__state__in=("claimed", "submitted"))
    missed = counting.exclude(pk__in=Place.objects.filter(turn__isnull=False).values("turn"))
    return {
        "acknowledged": len(keys),
        "stored": len(stored),
        "lost": len(keys - stored),
        "over": tasks.filter(answers__gt=F("study__replicas")).count(),
        "under": Place.objects.filter(wrong, turn__isnull=False).count() + missed.count(),
        "twice": sum(pair["turns"] - 1 for pair in pairs.filter(turns__gt=1)),
    }
