"""Pages of what was done, the newest first."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from daamweb.projects.models import Event

ON_A_PAGE = 100
LARGEST_KEY = 2**63 - 1


def page_of(request: HttpRequest, events: QuerySet[Event]) -> dict[str, Any]:
    """What templates/projects/_events.html shows, and where the next page begins. Pages are keyed: `?before=`
    the last event that was shown, so that the hundredth takes no longer than the first."""
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal():
        events = events.filter(pk__lt=min(int(before[:20]), LARGEST_KEY))
    shown = list(events[: ON_A_PAGE + 1])
    earlier = shown[ON_A_PAGE - 1].pk if len(shown) > ON_A_PAGE else None
    return {"events": shown[:ON_A_PAGE], "earlier": earlier}
