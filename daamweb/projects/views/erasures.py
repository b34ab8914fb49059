"""What a project stores about people, and erasing the project."""

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from daamweb.projects.errors import ProjectError
from daamweb.projects.forms import TypedNameForm
from daamweb.projects.holdings import HOLDINGS
from daamweb.projects.jobs import start_erasure
from daamweb.projects.models import Project
from daamweb.projects.selectors import erasure_of, get_allowed, may
from daamweb.projects.stored import STORED
from daamweb.requests import current_user


@staff_member_required
@never_cache
@require_safe
def stored(request: HttpRequest, pk: int) -> HttpResponse:
    project = get_allowed(Project.objects.all(), request.user, pk=pk)
    rows = [(each, each.count(project) if each.count else None) for each in STORED]
    context = {"project": project, "stored": rows, "may_erase": may(request.user, "erase", project)}
    return render(request, "projects/stored.html", context)


@staff_member_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """A page that says what will be gone and asks for the name; then a worker erases."""
    project = get_allowed(Project.objects.all(), request.user, "erase", pk=pk)
    form = TypedNameForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            start_erasure(subject=project, by=current_user(request), **form.cleaned_data)
        except ProjectError as error:
            form.add_error("typed_name", str(error))
        else:
            messages.success(request, f"A worker is erasing “{project}”.")
            return redirect(project)
    context = {
        "project": project,
        "form": form,
        "holdings": [(holding.label, holding.rows(project).count()) for holding in HOLDINGS],
        "erasure": erasure_of(project),
    }
    return render(request, "projects/erase.html", context, status=422 if form.errors else 200)
