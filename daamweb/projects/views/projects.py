"""The projects, and one of them: what is in it, who is in it, what was done in it."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from daamweb.projects.errors import ProjectError
from daamweb.projects.forms import InvitationForm, NameForm, RoleForm
from daamweb.projects.holdings import HOLDINGS
from daamweb.projects.models import Project
from daamweb.projects.selectors import get_allowed, is_member, may, role_in, visible_to
from daamweb.projects.services.projects import (
    archive_project,
    create_project,
    rename_project,
    restore_project,
)
from daamweb.requests import current_user

EVENTS_ON_PAGE = 20
EVENTS_IN_HISTORY = 100


@staff_member_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def every_project(request: HttpRequest) -> HttpResponse:
    """Those that one is in; superusers see all, and make new ones."""
    if not is_member(request.user):
        raise PermissionDenied
    form = NameForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not request.user.is_superuser:
            raise PermissionDenied
        if form.is_valid():
            try:
                made = create_project(
                    name=form.cleaned_data["name"], owner=current_user(request), by=current_user(request)
                )
            except ProjectError as error:
                form.add_error("name", str(error))
            else:
                messages.success(request, f"“{made}” was made, and you own it.")
                return redirect(made)
    rows = [
        (project, role_in(project, request.user))
        for project in visible_to(Project.objects.all(), request.user)
    ]
    context = {"projects": rows, "form": form, "may_make": request.user.is_superuser}
    return render(request, "projects/list.html", context, status=422 if form.errors else 200)


@staff_member_required
@never_cache
@require_safe
def project(request: HttpRequest, pk: int) -> HttpResponse:
    return project_page(request, get_allowed(Project.objects.all(), request.user, pk=pk))


def project_page(request: HttpRequest, found: Project, *, status: int = 200, **changed: Any) -> HttpResponse:
    """The page, with what a form that was sent back, or an invitation's link, puts in."""
    memberships = list(found.memberships.select_related("user"))
    may_manage = may(request.user, "manage", found)
    events = list(found.events.all()[: EVENTS_ON_PAGE + 1])
    context = {
        "project": found,
        "role": role_in(found, request.user),
        "may_manage": may_manage,
        "holdings": [(holding.label, holding.rows(found).count()) for holding in HOLDINGS],
        "members": [
            (each, RoleForm(initial={"role": each.role, "may_spend": each.may_spend})) for each in memberships
        ],
        "has_owner": any(each.role == "owner" for each in memberships),
        "invitations": [each for each in found.invitations.all() if each.is_open] if may_manage else [],
        "invitation_form": InvitationForm(initial={"role": "researcher"}),
        "name_form": NameForm(initial={"name": found.name}),
        "events": events[:EVENTS_ON_PAGE],
        "more_events": len(events) > EVENTS_ON_PAGE,
        **changed,
    }
    return render(request, "projects/project.html", context, status=status)


@staff_member_required
@never_cache
@require_safe
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """All that was done, by keyed pages: `?before=` the last one shown."""
    found = get_allowed(Project.objects.all(), request.user, pk=pk)
    events = found.events.all()
    before = request.GET.get("before", "")
    if before.isdecimal():
        events = events.filter(pk__lt=int(before))
    shown = list(events[: EVENTS_IN_HISTORY + 1])
    context = {
        "project": found,
        "events": shown[:EVENTS_IN_HISTORY],
        "next": shown[EVENTS_IN_HISTORY - 1].pk if len(shown) > EVENTS_IN_HISTORY else None,
    }
    return render(request, "projects/history.html", context)


@staff_member_required
@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_allowed(Project.objects.all(), request.user, "manage", pk=pk)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            rename_project(project=found, name=form.cleaned_data["name"], by=current_user(request))
        except ProjectError as error:
            form.add_error("name", str(error))
        else:
            return redirect(found)
    return project_page(request, found, status=422, name_form=form)


@staff_member_required
@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_allowed(Project.objects.all(), request.user, "manage", pk=pk)
    try:
        archive_project(project=found, by=current_user(request))
        messages.success(request, f"“{found}” is archived: it can be looked at, and nothing in it changes.")
    except ProjectError as error:
        messages.error(request, str(error))
    return redirect(found)


@staff_member_required
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_allowed(Project.objects.all(), request.user, "manage", pk=pk)
    try:
        restore_project(project=found, by=current_user(request))
        messages.success(request, f"“{found}” can be worked in again.")
    except ProjectError as error:
        messages.error(request, str(error))
    return redirect(found)
