"""The ways out of a study: not to agree, to stop for now, to withdraw, to decline a task."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.errors import DeclineError, ManyAtOnceError
from annotations.models import Outcome, Study
from annotations.selectors import held_assignment, outcome_in
from annotations.services.participations import withdraw as withdraw_person
from annotations.services.turns import decline_assignment, leave_turns
from annotations.views.addresses import turn_address
from annotations.views.arrivals import other_device
from annotations.views.own_turns import own_turn, somebody_elses
from annotations.views.speech import chosen_language
from annotations.views.visitors import is_here
from annotations.views.ways import arrive_at, claim_next, ending, many_at_once, problem
from daamweb.door.addresses import client_address

read_or_send = require_http_methods(["GET", "HEAD", "POST"])


@never_cache
@require_safe
def no_consent(request: HttpRequest, slug: str) -> HttpResponse:
    """Of somebody who does not agree nothing is stored. Who agreed before can withdraw."""
    study, participation = arrive_at(request, slug)
    if participation is not None:
        return redirect("annotations:withdraw", study.slug)
    context = {"study": study, "chosen_language": chosen_language(request, study)}
    return render(request, "annotations/no_consent.html", context)


@never_cache
@read_or_send
def stop(request: HttpRequest, slug: str) -> HttpResponse:
    """Stop here, and come back later."""
    study, participation = arrive_at(request, slug)
    if participation is None:
        return redirect("annotations:start", study.slug)
    held = held_assignment(participation)
    if held is None and outcome_in(study, participation) != Outcome.NONE:
        return redirect("annotations:thanks", study.slug)
    if request.method == "POST":
        leave_turns(participation=participation)
        return redirect("annotations:stopped", study.slug)
    context = {**ending(study, participation), "held": held, **_way_back(request, study)}
    return render(request, "annotations/stop.html", context)


@never_cache
@require_safe
def stopped(request: HttpRequest, slug: str) -> HttpResponse:
    study, participation = arrive_at(request, slug)
    if participation is None:
        return redirect("annotations:start", study.slug)
    context = {**ending(study, participation), **_way_back(request, study)}
    return render(request, "annotations/stopped.html", context)


def _way_back(request: HttpRequest, study: Study) -> dict[str, object]:
    return {
        "way_back": request.build_absolute_uri(study.get_absolute_url()),
        "is_running": study.state in Study.RUNNING,
    }


@never_cache
@read_or_send
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    study, participation = arrive_at(request, slug)
    if participation is None:
        return redirect("annotations:start", study.slug)
    if participation.withdrew_at is not None:
        return redirect("annotations:thanks", study.slug)
    if request.method == "POST":
        withdraw_person(participation=participation)
        return redirect("annotations:thanks", study.slug)
    context = {**ending(study, participation), "held": held_assignment(participation)}
    return render(request, "annotations/withdraw.html", context)


@never_cache
@require_POST
def decline(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give one task back for good, and go on with the next one."""
    turn = own_turn(request, slug, pk)
    if turn is None:
        return somebody_elses(request, slug)
    study = turn.study
    if not is_here(request, turn.participation, study):
        return other_device(request, study)
    try:
        decline_assignment(assignment=turn, participation=turn.participation)
    except DeclineError as error:
        return problem(
            request,
            study,
            gettext("This task was not declined"),
            str(error),
            status=409,
            back=turn_address(study, turn),
            stop=reverse("annotations:stop", args=[study.slug]),
        )
    try:
        return redirect(claim_next(study, turn.participation, client_address(request)))
    except ManyAtOnceError as error:
        return many_at_once(request, study, error.wait, again_at="annotations:next")
