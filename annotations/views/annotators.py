"""An annotator's way through a study: consent → instructions → tasks → thank-you.

A GET changes nothing: consent, claims and answers are POSTs. What comes between the instructions and the
first task (a questionnaire, practice) is decided in `go_on`.
"""

import uuid

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.errors import AssignmentNotYoursError, StudyNotOpenError
from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Participation, Study
from annotations.selectors import (
    has_lost,
    held_assignment,
    last_answer,
    likely_next_task,
    previous_assignment,
    progress_of,
)
from annotations.services.assignments import claim_assignment, submit_response
from annotations.services.participations import join_by_link
from annotations.views.visitors import (
    current_annotator,
    current_participation,
    remember_annotator,
)

read_or_send = require_http_methods(["GET", "HEAD", "POST"])


class PageForm(forms.Form):
    """What a task's page says about itself beside the answer."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    shown_at = forms.FloatField(widget=forms.HiddenInput)
    seconds = forms.FloatField(widget=forms.HiddenInput, required=False, min_value=0)

    @classmethod
    def fresh(cls, seconds: float | None = None) -> "PageForm":
        """For a page that is shown now; `seconds` were spent on it already, before it was sent back."""
        initial = {"token": uuid.uuid4(), "shown_at": timezone.now().timestamp(), "seconds": seconds}
        return cls(prefix="page", initial=initial)

    def seconds_taken(self) -> float:
        """As the browser measured it; without its script, the time since the page was made."""
        measured = self.cleaned_data["seconds"]
        if measured is not None:
            return measured
        return max(0.0, timezone.now().timestamp() - self.cleaned_data["shown_at"])


@never_cache
@read_or_send
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """The address that is given away: asks for consent, and leads people who come back to where they were."""
    study = _get_study(slug)
    participation = current_participation(request, study)
    if request.method == "POST":
        return _consent(request, study)
    if study.state != Study.State.OPEN:
        return _not_open(request, study)
    if participation is None:
        return render(request, "annotations/consent.html", {"study": study})
    if participation.finished_at is not None:
        return redirect("annotations:thanks", study.slug)
    held = held_assignment(study, participation.annotator)
    if held is not None:
        return redirect(_address(held))
    return redirect("annotations:instructions", study.slug)


def _consent(request: HttpRequest, study: Study) -> HttpResponse:
    try:
        participation = join_by_link(study=study, annotator=current_annotator(request))
    except StudyNotOpenError:
        return _not_open(request, study)
    answer = redirect("annotations:instructions", study.slug)
    remember_annotator(answer, participation.annotator)
    return answer


@never_cache
@require_safe
def instructions(request: HttpRequest, slug: str) -> HttpResponse:
    study = _get_study(slug)
    participation = current_participation(request, study)
    if participation is None:
        return redirect("annotations:start", study.slug)
    if study.state != Study.State.OPEN:
        return _not_open(request, study)
    context = {
        "study": study,
        "kind": get_kind(study.kind),
        "participation": participation,
        "progress": progress_of(study, participation.annotator),
    }
    return render(request, "annotations/instructions.html", context)


@never_cache
@require_POST
def go_on(request: HttpRequest, slug: str) -> HttpResponse:
    """Claim the next place and lead there."""
    study = _get_study(slug)
    participation = current_participation(request, study)
    if participation is None:
        return redirect("annotations:start", study.slug)
    participation.mark_begun()
    return redirect(_claim_next(study, participation))


def _claim_next(study: Study, participation: Participation) -> str:
    """The address to go on at."""
    try:
        assignment = claim_assignment(study=study, annotator=participation.annotator)
    except StudyNotOpenError:
        return reverse("annotations:start", args=[study.slug])
    if assignment is None:
        participation.mark_finished()
        return reverse("annotations:thanks", args=[study.slug])
    return _address(assignment)


@never_cache
@read_or_send
def assignment(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One task: shown, answered, or corrected."""
    study = _get_study(slug)
    participation = current_participation(request, study)
    if participation is None and request.method != "POST":
        return redirect("annotations:start", study.slug)
    if participation is None:
        message = (
            "This browser has forgotten who you are in this study, so the answer could not be stored. Your "
            "earlier answers are safe. Allow cookies for this site and begin again."
        )
        return _problem(request, study, "We do not recognise this browser", message, status=403)
    place = get_object_or_404(
        Assignment.objects.select_related("study", "task__generation"), pk=pk, study=study
    )
    if place.annotator_id != participation.annotator_id:
        if not has_lost(place, participation.annotator):
            raise Http404("This place belongs to someone else.")
        return _lost(request, study)
    if study.state == Study.State.CLOSED:
        return _not_open(request, study)
    if request.method == "POST":
        return _answer(request, participation, place)
    form = get_kind(study.kind).form(place.task, initial=last_answer(place))
    return _task_page(request, participation, place, form, PageForm.fresh())


def _answer(request: HttpRequest, participation: Participation, place: Assignment) -> HttpResponse:
    form = get_kind(place.study.kind).form(place.task, data=request.POST)
    page = PageForm(request.POST, prefix="page")
    page_is_whole = page.is_valid()
    if not form.is_valid() or not page_is_whole:
        if not page_is_whole:
            form.add_error(None, "This page reached us damaged, so nothing was stored. Please send it again.")
        spent = page.seconds_taken() if page_is_whole else None
        return _task_page(request, participation, place, form, PageForm.fresh(seconds=spent), status=422)
    try:
        response = submit_response(
            assignment=place,
            annotator=participation.annotator,
            answer=form.cleaned_data,
            token=page.cleaned_data["token"],
            seconds=page.seconds_taken(),
        )
    except AssignmentNotYoursError:
        return _lost(request, place.study)
    except StudyNotOpenError:
        place.study.refresh_from_db()
        return _not_open(request, place.study)
    if response.answer != form.cleaned_data:
        # The same page came twice with different answers, as after the browser's own "back".
        form.add_error(
            None, "Your first answer to this task is stored. Send this page again to replace it by this one."
        )
        return _task_page(request, participation, place, form, PageForm.fresh(), status=409)
    return _lead_to(request, _claim_next(place.study, participation))


def _task_page(
    request: HttpRequest,
    participation: Participation,
    place: Assignment,
    form: forms.Form,
    page: PageForm,
    status: int = 200,
) -> HttpResponse:
    study = place.study
    context = {
        "study": study,
        "assignment": place,
        "task": place.task,
        "form": form,
        "page": page,
        "progress": progress_of(study, participation.annotator),
        "previous": previous_assignment(place),
        "is_correction": place.state == Assignment.State.SUBMITTED,
        "likely_next": likely_next_task(study, participation.annotator),
    }
    return render(request, get_kind(study.kind).template, context, status=status)


@never_cache
@require_safe
def thanks(request: HttpRequest, slug: str) -> HttpResponse:
    study = _get_study(slug)
    participation = current_participation(request, study)
    if participation is None or (participation.finished_at is None and study.state == Study.State.OPEN):
        return redirect("annotations:start", study.slug)
    if participation.finished_at is None:
        return _not_open(request, study)
    context = {
        "study": study,
        "participation": participation,
        "progress": progress_of(study, participation.annotator),
        "is_open": study.state == Study.State.OPEN,
    }
    return render(request, "annotations/thanks.html", context)


def _get_study(slug: str) -> Study:
    return get_object_or_404(Study.objects.exclude(state=Study.State.DRAFT), slug=slug)


def _address(place: Assignment) -> str:
    return reverse("annotations:assignment", args=[place.study.slug, place.pk])


def _lead_to(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect, or for the page's script the address to go to once it knows that the answer has arrived."""
    if request.headers.get("X-Requested-With") == "fetch":
        return JsonResponse({"next": address})
    return HttpResponseRedirect(address)


def _not_open(request: HttpRequest, study: Study) -> HttpResponse:
    participation = current_participation(request, study)
    context = {
        "study": study,
        "participation": participation,
        "progress": progress_of(study, participation.annotator) if participation else None,
        "is_paused": study.state == Study.State.PAUSED,
    }
    return render(request, "annotations/not_open.html", context, status=403 if context["is_paused"] else 410)


def _lost(request: HttpRequest, study: Study) -> HttpResponse:
    message = (
        f"A task that is not answered within {study.lease_minutes} minutes goes to someone else, and this "
        "one did. Nothing else has changed: the answers you sent before are safe."
    )
    return _problem(request, study, "This task went to someone else", message, status=409)


def _problem(request: HttpRequest, study: Study, heading: str, message: str, status: int) -> HttpResponse:
    context = {"study": study, "heading": heading, "message": message, "status": status}
    return render(request, "annotations/problem.html", context, status=status)
