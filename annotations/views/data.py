"""What a study stores about those who take part: how long it is kept, and erasing it."""

from django import forms
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.models import Participation, Study
from annotations.models.study_rules import LONGEST_RETENTION_DAYS
from annotations.selectors import stored_of
from annotations.services.identities import erase_person, set_retention
from daamweb.projects.conflicts import conflict_context
from daamweb.projects.errors import ProjectError
from daamweb.projects.forms import TypedNameForm
from daamweb.projects.jobs import start_erasure
from daamweb.projects.lost import keeps_what_was_typed
from daamweb.projects.selectors import erasure_of, get_allowed, may
from daamweb.projects.services.editing import EditConflictError
from daamweb.projects.shown import shown_in, shown_of
from daamweb.requests import current_user


class RetentionForm(forms.Form):
    days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=LONGEST_RETENTION_DAYS,
        label="Days after closing",
        help_text="Then who took part is forgotten, and answers stay under pseudonyms that lead to nobody. "
        "Empty: it is kept until somebody erases it.",
    )


@staff_member_required
@never_cache
@require_safe
def study_data(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, get_allowed(Study.objects.select_related("project"), request.user, pk=pk))


def _page(request: HttpRequest, study: Study, status: int = 200, **changed: object) -> HttpResponse:
    context = {
        "study": study,
        "stored": stored_of(study),
        "may_change": may(request.user, "change", study),
        "may_erase": may(request.user, "erase", study),
        "erasure": erasure_of(study),
        "retention_form": RetentionForm(initial={"days": study.keep_identities_days}),
        "shown": shown_of(study, ["keep_identities_days"]),
        "erase_form": TypedNameForm(),
        **changed,
    }
    return render(request, "annotations/study_data.html", context, status=status)


@keeps_what_was_typed
@staff_member_required
@require_POST
def retention(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_allowed(Study.objects.select_related("project"), request.user, "change", pk=pk)
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _page(request, study, status=422, retention_form=form, shown=shown_in(request.POST))
    days, shown = form.cleaned_data["days"], shown_in(request.POST)
    try:
        set_retention(study=study, days=days, by=current_user(request), shown=shown)
    except EditConflictError as conflict:
        context = conflict_context(conflict, request.user)
        return _page(request, study, status=409, retention_form=form, shown=conflict.now, **context)
    messages.success(request, "Stored: how long it is known who took part.")
    return redirect("annotations:study_data", study.pk)


@staff_member_required
@require_POST
def erase_study(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_allowed(Study.objects.select_related("project"), request.user, "erase", pk=pk)
    form = TypedNameForm(request.POST)
    if form.is_valid():
        try:
            start_erasure(subject=study, by=current_user(request), **form.cleaned_data)
        except ProjectError as error:
            form.add_error("typed_name", str(error))
        else:
            messages.success(request, f"A worker is erasing “{study}”.")
            return redirect("annotations:study_data", study.pk)
    return _page(request, study, status=422, erase_form=form)


@staff_member_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def erase_annotator(request: HttpRequest, pk: int) -> HttpResponse:
    """One person, in every study of the project."""
    people = Participation.objects.select_related("study__project")
    person = get_allowed(people, request.user, "erase", pk=pk)
    if request.method == "POST":
        answers = erase_person(participation=person, by=current_user(request))
        counted = f"{answers} answer{'' if answers == 1 else 's'}"
        messages.success(request, f"Erased: {counted} of {person.pseudonym}, and who it is.")
        return redirect("annotations:study_data", person.study_id)
    theirs = Participation.objects.filter(annotator=person.annotator_id).select_related("study")
    return render(request, "annotations/erase_annotator.html", {"person": person, "theirs": theirs})
