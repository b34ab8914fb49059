"""Pages of which htmx asks for a part again and again."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.http.response import HttpResponseBase
from django_htmx.http import HttpResponseClientRefresh

from daamweb.requests import HtmxRequest


def for_staff(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """As `staff_member_required`. Whoever was logged out meanwhile loads the page anew, which leads to the
    login; otherwise the login's page would be put into the part."""
    guarded = staff_member_required(view)

    @wraps(view)
    def answer(request: HtmxRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.htmx and not (request.user.is_active and request.user.is_staff):
            return HttpResponseClientRefresh()
        return guarded(request, *args, **kwargs)

    return answer
