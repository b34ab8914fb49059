"""What somebody typed into a form that cannot be stored any more, to be copied: the row was opened, closed,
deleted or archived meanwhile, or the person was taken out of its project."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from daamweb.projects.models import Event
from daamweb.projects.shown import SHOWN

GONE = "What you edited is not here any more, or it is not yours to see."
LOGGED_OUT = "Your session has ended. Copy what you typed, then log in and type it anew."
NOT_YOURS = "You may look at what you edited, and not change it any more."


def lost_page(
    request: HttpRequest, reason: str, *, status: int, events: Iterable[Event] = (), back: str = ""
) -> HttpResponse:
    """What was typed, read-only; nothing of the row, which may not be this person's to see any more."""
    typed = [
        (name.replace("_", " ").capitalize(), ", ".join(filter(None, values)))
        for name, values in request.POST.lists()
        if any(values) and name not in (SHOWN, "csrfmiddlewaretoken") and not name.startswith("_")
    ]
    context = {"reason": reason, "typed": typed, "events": events, "back": back}
    response = render(request, "projects/lost.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def came_from_a_form(request: HttpRequest) -> bool:
    return request.method == "POST" and SHOWN in request.POST


def keeps_what_was_typed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For a page that stores a form of a row: where the row is gone, or may not be changed any more, what was
    typed is shown instead of the bare refusal."""

    @wraps(view)
    def keeping(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not came_from_a_form(request):
            return view(request, *args, **kwargs)
        if not request.user.is_authenticated:
            return lost_page(request, LOGGED_OUT, status=403, back=request.path)
        if not request.user.is_staff:
            return lost_page(request, GONE, status=403)
        try:
            return view(request, *args, **kwargs)
        except Http404:
            return lost_page(request, GONE, status=404)
        except PermissionDenied:
            return lost_page(request, NOT_YOURS, status=403)

    return keeping
