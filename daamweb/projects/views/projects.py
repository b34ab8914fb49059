"""The projects, and one of them: what is in it, who is in it, what was done in it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from daamweb.projects.conflicts import conflict_context
from daamweb.projects.errors import ProjectError
from daamweb.projects.forms import InvitationForm, NameForm
from daamweb.projects.history import page_of
from daamweb.projects.holdings import HOLDINGS
from daamweb.projects.lost import keeps_what_was_typed
from daamweb.projects.models import Action, Event, Membership, Project, Role
from daamweb.projects.selectors import get_allowed, is_member, may, role_in, visible_events, visible_to
from daamweb.projects.services.editing import EditConflictError
from daamweb.projects.services.projects import (
    archive_project,
    create_project,
    rename_project,
    restore_project,
)
from daamweb.projects.shown import Shown, hashes_of, newest_of, shown_in
from daamweb.requests import current_user

EVENTS_ON_PAGE = 20


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
    gone = Event.objects.filter(action=Action.ERASED, subject_type=Project._meta.label_lower)
    context = {
        "projects": rows,
        "form": form,
        "may_make": request.user.is_superuser,
        "gone": gone[:EVENTS_ON_PAGE] if request.user.is_superuser else (),
    }
    return render(request, "projects/list.html", context, status=422 if form.errors else 200)


@staff_member_required
@never_cache
@require_safe
def project(request: HttpRequest, pk: int) -> HttpResponse:
    return project_page(request, get_allowed(Project.objects.all(), request.user, pk=pk))


def project_page(
    request: HttpRequest,
    found: Project,
    *,
    status: int = 200,
    conflict: EditConflictError | None = None,
    **changed: Any,
) -> HttpResponse:
    """The page, with what a form that was sent back, or an invitation's link, puts in. After a conflict what
    was typed is still in its form, which now carries how the row is."""
    if conflict is not None:
        found.refresh_from_db()
        changed |= conflict_context(conflict, request.user)
    memberships = list(found.memberships.select_related("user"))
    may_manage = may(request.user, "manage", found)
    newest = newest_of(found.events.all())
    events = list(visible_events(found.events.all(), request.user)[: EVENTS_ON_PAGE + 1])
    context = {
        "project": found,
        "role": role_in(found, request.user),
        "may_manage": may_manage,
        "holdings": [(holding.label, holding.rows(found).count()) for holding in HOLDINGS],
        "roles": Role.choices,
        "members": [_member(each, newest, conflict) for each in memberships],
        "has_owner": any(each.role == "owner" and each.user.is_active for each in memberships),
        "invitations": [each for each in found.invitations.all() if each.is_open] if may_manage else [],
        "invitation_form": InvitationForm(initial={"role": "researcher"}),
        "name_form": NameForm(initial={"name": found.name}),
        "name_shown": Shown(newest, hashes_of(found, ["name"])),
        "events": events[:EVENTS_ON_PAGE],
        "more_events": len(events) > EVENTS_ON_PAGE,
        **changed,
    }
    return render(request, "projects/project.html", context, status=409 if conflict else status)


def _member(membership: Membership, newest: int, conflict: EditConflictError | None) -> dict[str, Any]:
    """A row of the table, and what its form has in it."""
    fields = ("role", "may_spend")
    typed = {name: getattr(membership, name) for name in fields}
    if conflict is not None and conflict.row == membership:
        typed = conflict.typed
    return {"row": membership, "typed": typed, "shown": Shown(newest, hashes_of(membership, fields))}


@staff_member_required
@never_cache
@require_safe
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """All that was done in it."""
    found = get_allowed(Project.objects.all(), request.user, pk=pk)
    events = visible_events(found.events.all(), request.user)
    return render(request, "projects/history.html", {"project": found, **page_of(request, events)})


@keeps_what_was_typed
@staff_member_required
@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_allowed(Project.objects.all(), request.user, "manage", pk=pk)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            name, shown = form.cleaned_data["name"], shown_in(request.POST)
            rename_project(project=found, name=name, by=current_user(request), shown=shown)
        except EditConflictError as conflict:
            return project_page(request, found, conflict=conflict, name_form=form)
        except ProjectError as error:
            form.add_error("name", str(error))
        else:
            return redirect(found)
    return project_page(request, found, status=422, name_form=form, name_shown=shown_in(request.POST))


@staff_member_required
@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(
        request, pk, archive_project, "“{}” is archived: it can be looked at, and nothing in it changes."
    )


@staff_member_required
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, restore_project, "“{}” can be worked in again.")


def _change(request: HttpRequest, pk: int, change: Callable[..., None], said: str) -> HttpResponse:
    found = get_allowed(Project.objects.all(), request.user, "manage", pk=pk)
    try:
        change(project=found, by=current_user(request))
        messages.success(request, said.format(found))
    except ProjectError as error:
        messages.error(request, str(error))
    return redirect(found)
