"""One piece of leased work: how far it is, and its buttons."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from daamweb.projects.selectors import Visitor, get_allowed
from daamweb.requests import HtmxRequest, current_user
from daamweb.waiting.buttons import buttons_of, may_be_cancelled, may_be_tried_again
from daamweb.waiting.polled import for_staff
from daamweb.waiting.tags import progress_of
from daamweb.work.models import Work


@for_staff
@require_safe
@never_cache
@vary_on_headers("HX-Request")
def progress(request: HtmxRequest, label: str, pk: int) -> HttpResponse:
    """For htmx the part of a page; once the work has ended, or is gone, the page has to be loaded anew."""
    try:
        row = _row(request.user, label, pk)
    except Http404:
        if not request.htmx:
            raise
        return HttpResponse(status=404, headers={"HX-Refresh": "true"})
    if not request.htmx:
        return render(request, "work/page.html", {"row": row})
    if not row.is_unfinished:
        return HttpResponseClientRefresh()
    return render(request, "work/progress.html", progress_of(row, request))


@staff_member_required
@require_POST
def cancel(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    row = _row(request.user, label, pk, "change")
    act = buttons_of(row).cancel
    if act is None:
        raise Http404("Work of this kind cannot be cancelled.")
    if may_be_cancelled(row):
        _press(request, row, act)
    return _back(request, label, pk)


@staff_member_required
@require_POST
def again(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    row = _row(request.user, label, pk, "change")
    act = buttons_of(row).again
    if act is None:
        raise Http404("Work of this kind is not tried again from here.")
    if may_be_tried_again(row):
        _press(request, row, act)
    return _back(request, label, pk)


def _press(request: HttpRequest, row: Work, act: Callable[..., Any]) -> None:
    """What is refused is said on the page that comes next."""
    try:
        act(row, by=current_user(request))
    except buttons_of(row).refusals as error:
        messages.error(request, str(error))


def _row(user: Visitor, label: str, pk: int, verb: str = "view") -> Work:
    try:
        kind = apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise Http404("There is no such kind of work.") from error
    if not issubclass(kind, Work):
        raise Http404("There is no such kind of work.")
    return get_allowed(kind._default_manager.all(), user, verb, pk=pk)


def _back(request: HttpRequest, label: str, pk: int) -> HttpResponse:
    """To the page that the button stood on."""
    page = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return redirect(page)
    return redirect("work:progress", label, pk)
