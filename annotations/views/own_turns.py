"""Whose a turn is, for every address that names one."""

from django.db.models import BigAutoField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from annotations.models import Assignment, Study
from annotations.views.arrivals import other_device
from annotations.views.speech import speak
from annotations.views.visitors import is_of, went_on_elsewhere
from annotations.views.ways import HIDDEN, arrive_at
from daamweb.compiled import Parameter, Rows

# What it takes to know whose turn it is, to read an answer and to store it.
TO_ANSWER = (
    "number", "state", "place", "visit", "in_block", "claimed_at", "revision", "lease_expires_at", "declined",
    "set_aside", "task__role", "task__payload", "participation__annotator", "participation__study",
    "participation__device", "participation__language", "participation__option_order",
    "participation__withdrew_at",
    "study__project", "study__slug", "study__kind",
    "study__state", "study__title", "study__lease_minutes", "study__access", "study__language",
    "study__prompt_language", "study__wordings", "study__plan",
)  # fmt: skip
_to_answer = Rows(
    lambda: (
        Assignment.objects.select_related("task", "study", "participation")
        .only(*TO_ANSWER)
        .filter(pk=Parameter("pk"))
        .order_by()
    )
)


def own_turn(request: HttpRequest, slug: str, pk: int) -> Assignment | None:
    """Of this study and this browser's person."""
    turn = _to_answer.only(pk=pk) if pk <= BigAutoField.MAX_BIGINT else None
    is_of_study = turn is not None and turn.study.slug == slug and turn.study.state not in HIDDEN
    if turn is None or not is_of_study or not is_of(request, turn.participation, turn.study):
        return None
    speak(request, turn.study, turn.participation)
    return turn


def somebody_elses(request: HttpRequest, slug: str) -> HttpResponse:
    """Of another person; or of this one, whose browser has forgotten it."""
    study, participation = arrive_at(request, slug)
    if participation is not None:
        raise Http404("This task was given to someone else.")
    is_elsewhere = went_on_elsewhere(request, study)
    if request.method != "POST" and (is_elsewhere or study.access != Study.Access.LINK):
        return redirect("annotations:start", study.slug)  # where a code, or a log-in, leads back
    if is_elsewhere:
        return other_device(request, study)
    context = {"study": study, "is_sent": request.method == "POST"}
    return render(request, "annotations/forgotten.html", context, status=403)
