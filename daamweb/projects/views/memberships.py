"""Members: change what they are, take them out, leave."""

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from daamweb.projects.errors import ProjectError
from daamweb.projects.forms import RoleForm
from daamweb.projects.lost import keeps_what_was_typed
from daamweb.projects.models import Membership, Project
from daamweb.projects.selectors import get_allowed
from daamweb.projects.services.editing import EditConflictError
from daamweb.projects.services.memberships import change_member, remove_member
from daamweb.projects.shown import shown_in
from daamweb.projects.views.projects import project_page
from daamweb.requests import current_user


@keeps_what_was_typed
@staff_member_required
@require_POST
def change(request: HttpRequest, pk: int, member_pk: int) -> HttpResponse:
    membership = _managed(request, pk, member_pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a role.")
        return redirect(membership.project)
    try:
        change_member(
            membership=membership,
            by=current_user(request),
            shown=shown_in(request.POST),
            **form.cleaned_data,
        )
    except EditConflictError as conflict:
        return project_page(request, membership.project, conflict=conflict)
    except ProjectError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{membership.user} is {form.cleaned_data['role']} now.")
    return redirect(membership.project)


@staff_member_required
@require_POST
def remove(request: HttpRequest, pk: int, member_pk: int) -> HttpResponse:
    membership = _managed(request, pk, member_pk)
    try:
        remove_member(membership=membership, by=current_user(request))
    except ProjectError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{membership.user} is not in “{membership.project}” any more.")
    return redirect("/") if membership.user == request.user else redirect(membership.project)


@staff_member_required
@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_allowed(Project.objects.all(), request.user, pk=pk)
    membership = project.memberships.filter(user=current_user(request)).first()
    if membership is None:
        raise Http404("Who is not in it cannot leave it.")
    try:
        remove_member(membership=membership, by=current_user(request))
    except ProjectError as error:
        messages.error(request, str(error))
        return redirect(project)
    messages.success(request, f"You left “{project}”.")
    return redirect("/")


def _managed(request: HttpRequest, pk: int, member_pk: int) -> Membership:
    """A membership in a project that this user manages."""
    project = get_allowed(Project.objects.all(), request.user, "manage", pk=pk)
    return get_object_or_404(project.memberships.select_related("user", "project"), pk=member_pk)
