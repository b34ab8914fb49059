"""Invitations: made and taken back by owners, accepted by whoever has the link."""

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth import login
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from daamweb.projects.errors import ProjectError
from daamweb.projects.forms import InvitationForm
from daamweb.projects.models import Invitation, Project
from daamweb.projects.selectors import get_allowed
from daamweb.projects.services.invitations import (
    accept_invitation,
    find_invitation,
    invite,
    join_with_new_account,
    revoke_invitation,
)
from daamweb.projects.views.projects import project_page
from daamweb.requests import current_user


@staff_member_required
@never_cache
@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """The link is on the page that answers, and nowhere else."""
    project = get_allowed(Project.objects.all(), request.user, "manage", pk=pk)
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            _, token = invite(project=project, by=current_user(request), **form.cleaned_data)
        except ProjectError as error:
            form.add_error(None, str(error))
        else:
            link = request.build_absolute_uri(reverse("projects:accept", args=[token]))
            return project_page(request, project, invitation_link=link)
    return project_page(request, project, status=422, invitation_form=form)


@staff_member_required
@require_POST
def revoke(request: HttpRequest, pk: int, invitation_pk: int) -> HttpResponse:
    project = get_allowed(Project.objects.all(), request.user, "manage", pk=pk)
    invitation = get_object_or_404(project.invitations.select_related("project"), pk=invitation_pk)
    try:
        revoke_invitation(invitation=invitation, by=current_user(request))
        messages.success(request, "The invitation was taken back; its link leads nowhere any more.")
    except ProjectError as error:
        messages.error(request, str(error))
    return redirect(project)


@sensitive_post_parameters("password1", "password2")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever is logged in joins with that account; anybody else makes one."""
    invitation = find_invitation(token)
    if invitation is None:
        raise Http404("No invitation has this link.")
    if not invitation.is_open:
        return _page(request, invitation, status=410)
    form: UserCreationForm[User] | None = None
    if not request.user.is_authenticated:
        form = UserCreationForm(request.POST or None)
    problem = ""
    if request.method == "POST":
        try:
            if form is None:
                accept_invitation(invitation=invitation, user=current_user(request))
                return _welcome(request, invitation)
            if form.is_valid():
                user = join_with_new_account(
                    invitation=invitation,
                    username=form.cleaned_data["username"],
                    password=form.cleaned_data["password1"],
                )
                login(request, user, backend="daamweb.account.backend.PasswordAndCodeBackend")
                return _welcome(request, invitation)
        except ProjectError as error:
            problem = str(error)
    status = 409 if problem else 422 if form is not None and form.errors else 200
    return _page(request, invitation, status=status, form=form, problem=problem)


def _page(request: HttpRequest, invitation: Invitation, *, status: int, **context: object) -> HttpResponse:
    return render(request, "projects/accept.html", {"invitation": invitation, **context}, status=status)


def _welcome(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    messages.success(request, f"You are in “{invitation.project}” now, as {invitation.get_role_display()}.")
    return redirect(invitation.project)
