"""How somebody comes into a study, and back: by its link, by an entry code, or by an account."""

from math import ceil

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy, ngettext

from annotations.errors import StudyNotOpenError, WrongCodeError
from annotations.models import Participation, Study
from annotations.services.admissions import admit_guess, admit_newcomer, forgive_guess
from annotations.services.entry_codes import enter, take_over
from annotations.services.participations import join_by_account, join_by_link
from annotations.views.speech import asked_in_vain, chosen_language, languages_to_choose, take_language
from annotations.views.visitors import (
    current_annotator,
    current_participation,
    is_here,
    remember_annotator,
    remember_device,
    whose_browser,
)
from annotations.views.ways import many_at_once, not_open
from daamweb.door.addresses import client_address
from daamweb.requests import current_user

LONGEST_CODE = 40  # spaces and the like included
WRONG = gettext_lazy(
    "This is no code of this study. Look at it again: it has no 0 and no O, no 1, no I and no L."
)
REVOKED = gettext_lazy("This code lets nobody in any more. Ask whoever gave it to you for another one.")


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=LONGEST_CODE,
        label=gettext_lazy("Your entry code"),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={
            "required": gettext_lazy("Enter the code that you were given."),
            "max_length": gettext_lazy("A code is shorter than that: twelve letters and digits."),
        },
    )


def first_page(
    request: HttpRequest, study: Study, form: CodeForm | None = None, status: int = 200
) -> HttpResponse:
    """What the study is about, and the way in."""
    asks = study.access == Study.Access.CODES
    context = {
        "study": study,
        "code_form": (form or CodeForm()) if asks else None,
        "languages": languages_to_choose(study),
        "chosen_language": chosen_language(request, study),
        "not_offered": asked_in_vain(request, study),
    }
    return render(request, "annotations/consent.html", context, status=status)


def arrive(request: HttpRequest, study: Study) -> HttpResponse:
    """Somebody agreed, comes back, or goes on here instead of elsewhere."""
    if study.access == Study.Access.CODES:
        return _by_code(request, study)
    if study.access == Study.Access.ACCOUNTS:
        return _by_account(request, study)
    return _by_link(request, study)


def _by_link(request: HttpRequest, study: Study) -> HttpResponse:
    if study.state == Study.State.OPEN and current_participation(request, study) is None:
        admitted = admit_newcomer(study=study, address=client_address(request))
        if not admitted:
            return many_at_once(request, study, admitted.wait, again_at="annotations:start")
    try:
        participation = join_by_link(
            study=study, annotator=current_annotator(request, study), language=study.texts.language
        )
    except StudyNotOpenError:
        return not_open(request, study)
    take_language(request, study, participation)
    answer = redirect("annotations:instructions", study.slug)
    remember_annotator(answer, participation.annotator)
    return answer


def _by_code(request: HttpRequest, study: Study) -> HttpResponse:
    person = whose_browser(request, study)
    if "code" not in request.POST and person is not None:
        try:
            return _go_on_here(request, study, person)
        except WrongCodeError:
            form = CodeForm({"code": ""})
            form.add_error("code", REVOKED)
            return first_page(request, study, form, status=403)
    # What is too long to be one is shown again in part.
    form = CodeForm({"code": request.POST.get("code", "")[: LONGEST_CODE + 1]})
    if not form.is_valid():
        return first_page(request, study, form, status=422)
    address = client_address(request)
    admitted = admit_guess(study=study, address=address)
    if not admitted:
        wait = ceil(admitted.wait)
        text = ngettext(
            "Many wrong codes came from where you are. Try again in %(wait)s second.",
            "Many wrong codes came from where you are. Try again in %(wait)s seconds.",
            wait,
        )
        form.add_error("code", text % {"wait": wait})
        answer = first_page(request, study, form, status=429)
        answer["Retry-After"] = str(wait)
        return answer
    try:
        code = form.cleaned_data["code"]
        person = enter(study=study, code=code, language=study.texts.language)
        answer = _go_on_here(request, study, person)
    except WrongCodeError as error:
        form.add_error("code", REVOKED if error.was_revoked else WRONG)
        return first_page(request, study, form, status=422)
    except StudyNotOpenError:
        answer = not_open(request, study)
    forgive_guess(study=study, address=address)
    return answer


def _by_account(request: HttpRequest, study: Study) -> HttpResponse:
    person = whose_browser(request, study)
    if person is None:
        try:
            person = join_by_account(study=study, user=current_user(request), language=study.texts.language)
        except StudyNotOpenError:
            return not_open(request, study)
    return _go_on_here(request, study, person)


def _go_on_here(request: HttpRequest, study: Study, person: Participation) -> HttpResponse:
    """At this device and no other one. Raises WrongCodeError."""
    take_language(request, study, person)
    page = "annotations:instructions" if person.began_at is None else "annotations:start"
    answer = redirect(page, study.slug)
    if not is_here(request, person, study):
        device = take_over(participation=person)
        remember_device(request, answer, study, person, device)
    return answer


def other_device(request: HttpRequest, study: Study, *, stored: bool = False) -> HttpResponse:
    """Of two devices of one person the last one goes on. `stored`: what this one just sent."""
    return render(request, "annotations/other_device.html", {"study": study, "stored": stored}, status=409)
