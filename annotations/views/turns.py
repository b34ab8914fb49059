"""One turn: its task shown, answered, or corrected."""

import uuid

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotations.errors import AssignmentNotYoursError, StaleRevisionError, StudyNotOpenError
from annotations.kinds.registry import get_kind
from annotations.models import Assignment, Participation, Study
from annotations.selectors import last_response, previous_assignment, reserved_task
from annotations.services.responses import Measured, submit_response
from annotations.views.visitors import current_participation
from annotations.views.ways import claim_next, get_study, lead_to, not_open, problem, target_of

read_or_send = require_http_methods(["GET", "HEAD", "POST"])
ENDED = (Assignment.State.EXPIRED, Assignment.State.RETURNED)


class PageForm(forms.Form):
    """What a task's page says about itself beside the answer."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    base = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)
    milliseconds = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    @classmethod
    def fresh(cls, base: int | None, milliseconds: int | None = None) -> "PageForm":
        """For a page that is shown now, of the answer's revision `base`; so many milliseconds were spent on
        it already, before it was sent back."""
        initial = {"token": uuid.uuid4(), "base": base, "milliseconds": milliseconds}
        return cls(prefix="page", initial=initial)


@never_cache
@read_or_send
def assignment(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One task: shown, answered, or corrected."""
    study = get_study(slug)
    participation = current_participation(request, study)
    if participation is None and request.method != "POST":
        return redirect("annotations:start", study.slug)
    if participation is None:
        message = (
            "This browser has forgotten who you are in this study, so the answer could not be stored. Your "
            "earlier answers are safe. Allow cookies for this site and begin again."
        )
        return problem(request, study, "We do not recognise this browser", message, status=403)
    turn = get_object_or_404(
        Assignment.objects.select_related("task__generation", "place"), pk=pk, study=study
    )
    if turn.participation_id != participation.pk:
        raise Http404("This task was given to someone else.")
    if request.method == "POST":
        return _answer(request, study, participation, turn)
    if study.state == Study.State.CLOSED:
        return not_open(request, study)
    if _cannot_go_on(study, turn):
        return _lost(request, study)
    stored = last_response(turn)
    form = get_kind(study.kind).answer_form(turn.task.payload, initial=stored.answer if stored else None)
    return _task_page(request, study, participation, turn, form, PageForm.fresh(turn.revision))


def _cannot_go_on(study: Study, turn: Assignment) -> bool:
    """A turn that ended goes on while its place is free and the study runs."""
    if turn.state not in ENDED or turn.place is None:
        return False
    return turn.place.turn_id is not None or study.state == Study.State.CLOSING


def _answer(
    request: HttpRequest, study: Study, participation: Participation, turn: Assignment
) -> HttpResponse:
    form = get_kind(study.kind).answer_form(turn.task.payload, data=request.POST)
    page = PageForm(request.POST, prefix="page")
    page_is_whole = page.is_valid()
    if not form.is_valid() or not page_is_whole:
        if not page_is_whole:
            form.add_error(None, "This page reached us damaged, so nothing was stored. Please send it again.")
        spent = page.cleaned_data["milliseconds"] if page_is_whole else None
        fresh = PageForm.fresh(turn.revision, milliseconds=spent)
        return _task_page(request, study, participation, turn, form, fresh, status=422)
    try:
        response = submit_response(
            assignment=turn,
            participation=participation,
            answer=form.cleaned_data,
            token=page.cleaned_data["token"],
            base=page.cleaned_data["base"],
            measured=Measured(milliseconds=page.cleaned_data["milliseconds"]),
        )
    except AssignmentNotYoursError as error:
        raise Http404("This task was given to someone else.") from error
    except StudyNotOpenError as error:
        study.refresh_from_db()
        return not_open(request, study, refused=f"What you just sent was not stored. {error}")
    except StaleRevisionError as stale:
        return _changed_elsewhere(request, study, participation, turn, form, stale.revision, stale.answer)
    if response.answer != form.cleaned_data:
        # The same page came twice with different answers, as after the browser's own "back".
        return _changed_elsewhere(
            request, study, participation, turn, form, response.revision, response.answer
        )
    if response.late:
        return _late(request, study)
    return lead_to(request, claim_next(study, participation))


def _changed_elsewhere(
    request: HttpRequest,
    study: Study,
    participation: Participation,
    turn: Assignment,
    form: forms.Form,
    revision: int | None,
    answer: dict | None,
) -> HttpResponse:
    """What was sent is shown beside what is stored; sending it again replaces that."""
    if answer is None:
        text = "An answer to this task is stored already. Send this page again to replace it."
    else:
        words = get_kind(study.kind).in_words(answer)
        text = (
            f"Your answer “{words}” to this task is stored. Nothing was changed by this page; send it "
            "again to replace that answer by this one."
        )
    form.add_error(None, text)
    turn.revision = revision
    return _task_page(request, study, participation, turn, form, PageForm.fresh(revision), status=409)


def _task_page(
    request: HttpRequest,
    study: Study,
    participation: Participation,
    turn: Assignment,
    form: forms.Form,
    page: PageForm,
    status: int = 200,
) -> HttpResponse:
    target = target_of(study, participation)
    if target is not None and turn.revision is None:
        # Late answers were answers, too, and another task came in their place.
        target = max(target, participation.answered + 1)
    context = {
        "study": study,
        "assignment": turn,
        "task": turn.task,
        "form": form,
        "page": page,
        "answered": participation.answered,
        "target": target,
        "previous": previous_assignment(turn),
        "is_correction": turn.revision is not None,
        "next_task": reserved_task(participation),
    }
    return render(request, get_kind(study.kind).template, context, status=status)


def _lost(request: HttpRequest, study: Study) -> HttpResponse:
    message = (
        f"A task that is not answered within {study.lease_minutes} minutes goes to someone else, and this "
        "one did. Nothing else has changed: the answers you sent before are safe."
    )
    return problem(request, study, "This task went to someone else", message, status=409)


def _late(request: HttpRequest, study: Study) -> HttpResponse:
    """Whether somebody else has the task, the study closes, or the person may be given no more."""
    message = (
        f"A task has to be answered within {study.lease_minutes} minutes, and the time for this one was "
        "over. Your answer is kept under your name, but it is not used. The answers you sent before are safe."
    )
    return problem(request, study, "Your answer came too late", message, status=409)
