"""An annotator says what does not work, of a task or of the study."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotations.errors import ReportError
from annotations.models import Assignment, Participation, ProblemReport, Study
from annotations.models.problems import LONGEST_TEXT, ProblemKind
from annotations.services.problems import report_problem
from annotations.views.addresses import turn_address
from annotations.views.arrivals import other_device
from annotations.views.own_turns import own_turn, somebody_elses
from annotations.views.visitors import is_here
from annotations.views.ways import arrive_at
from daamweb.fields import LinesField

read_or_send = require_http_methods(["GET", "HEAD", "POST"])


class ProblemForm(forms.Form):
    kind = forms.ChoiceField(
        choices=ProblemKind.choices,
        widget=forms.RadioSelect,
        label=gettext_lazy("What is it?"),
        error_messages={
            "required": gettext_lazy("Please choose what it is."),
            "invalid_choice": gettext_lazy("This is none of the choices; please choose one of those below."),
        },
    )
    text = LinesField(
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        label=gettext_lazy("In your words, if you like"),
        help_text=gettext_lazy("At most 1,000 characters. Please do not write who you are."),
        error_messages={
            "max_length": gettext_lazy("This is too long: at most 1,000 characters can be stored.")
        },
    )

    def without_text(self) -> "ProblemForm":
        """As it is shown again: what is far too long comes back to nobody."""
        if "text" in self.errors:
            self.data = {**self.data, "text": ""}
        return self


@never_cache
@read_or_send
def report(request: HttpRequest, slug: str) -> HttpResponse:
    study, participation = arrive_at(request, slug)
    if participation is None:
        return redirect("annotations:start", study.slug)
    return _report(request, study, participation, None)


@never_cache
@read_or_send
def report_task(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    turn = own_turn(request, slug, pk)
    if turn is None:
        return somebody_elses(request, slug)
    if not is_here(request, turn.participation, turn.study):
        return other_device(request, turn.study)
    return _report(request, turn.study, turn.participation, turn)


def _report(
    request: HttpRequest, study: Study, participation: Participation, turn: Assignment | None
) -> HttpResponse:
    form, status = ProblemForm(), 200
    if request.method == "POST":
        form = ProblemForm(request.POST)
        if form.is_valid() and _store(form, participation, turn) is not None:
            address = turn_address(study, turn) if turn is not None else request.path
            return redirect(f"{address}?reported")
        form, status = form.without_text(), 422
    context = {
        "study": study,
        "form": form,
        "turn": turn,
        "is_reported": "reported" in request.GET and request.method != "POST",
    }
    return render(request, "annotations/report.html", context, status=status)


def _store(form: ProblemForm, participation: Participation, turn: Assignment | None) -> ProblemReport | None:
    try:
        return report_problem(participation=participation, assignment=turn, **form.cleaned_data)
    except ReportError as error:
        form.add_error(None, str(error))
        return None
