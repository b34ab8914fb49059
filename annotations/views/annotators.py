"""An annotator's way through a study: consent → instructions → tasks → thank-you.

A GET changes nothing: consent, claims and answers are POSTs.
"""

from datetime import timedelta
from math import ceil

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.errors import ManyAtOnceError
from annotations.kinds.registry import get_kind
from annotations.models import Outcome, Participation, Study
from annotations.selectors import gives_tasks, held_assignment, outcome_in
from annotations.services.claims import LONGEST_WAIT, renew_reservation
from annotations.views.addresses import turn_address
from annotations.views.arrivals import arrive, first_page, other_device
from annotations.views.speech import languages_to_choose, other_prompt_language, speak, take_language
from annotations.views.visitors import went_on_elsewhere
from annotations.views.ways import (
    arrive_at,
    claim_next,
    ending,
    many_at_once,
    not_open,
    target_of,
)
from daamweb.door.addresses import client_address

read_or_send = require_http_methods(["GET", "HEAD", "POST"])
# How often a page that waits asks whether something became free.
ASK_AGAIN_SECONDS = 10


@never_cache
@read_or_send
def start(request: HttpRequest, slug: str) -> HttpResponse:
    study, participation = arrive_at(request, slug)
    if study.access == Study.Access.ACCOUNTS and not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if study.access == Study.Access.CODES and ("code" in request.GET or "code" in request.POST):
        speak(request, study, None)  # it may be somebody else's turn at this browser
    if request.method == "POST":
        return arrive(request, study)
    if study.access == Study.Access.CODES and "code" in request.GET:
        return first_page(request, study)
    if went_on_elsewhere(request, study):
        return other_device(request, study)
    held = held_assignment(participation) if participation is not None else None
    if held is not None and study.state != Study.State.CLOSED:
        return redirect(turn_address(study, held))
    lets_in = study.state == Study.State.OPEN if participation is None else gives_tasks(study, participation)
    if not lets_in:
        return not_open(request, study)
    if participation is None:
        return first_page(request, study)
    if participation.finished_at is not None or not participation.may_be_given_tasks:
        return redirect("annotations:thanks", study.slug)
    return redirect("annotations:instructions", study.slug)


@never_cache
@require_safe
def instructions(request: HttpRequest, slug: str) -> HttpResponse:
    study, participation = arrive_at(request, slug)
    if participation is None:
        return redirect("annotations:start", study.slug)
    if not gives_tasks(study, participation):
        return not_open(request, study)
    kind = get_kind(study.kind)
    context = {
        "study": study,
        "kind": kind,
        "participation": participation,
        "target": target_of(study, participation),
        "examples": kind.examples(dict(study.options), study.texts.wordings),
        "languages": languages_to_choose(study),
        "prompt_language_name": other_prompt_language(study) if kind.shows_prompts else "",
    }
    return render(request, "annotations/instructions.html", context)


@never_cache
@require_POST
def language(request: HttpRequest, slug: str) -> HttpResponse:
    """The person would rather read another of the study's languages."""
    study, participation = arrive_at(request, slug)
    if participation is None:
        return redirect("annotations:start", study.slug)
    goes_on = participation.may_be_given_tasks and gives_tasks(study, participation)
    if goes_on or held_assignment(participation) is not None:
        take_language(request, study, participation)
    return redirect("annotations:instructions", study.slug)


@never_cache
@require_POST
def go_on(request: HttpRequest, slug: str) -> HttpResponse:
    """Claim the next task and lead there."""
    study, participation = arrive_at(request, slug)
    if participation is None:
        return redirect("annotations:start", study.slug)
    try:
        return redirect(claim_next(study, participation, client_address(request)))
    except ManyAtOnceError as error:
        return many_at_once(request, study, error.wait, again_at="annotations:next")


@never_cache
@require_safe
def waiting(request: HttpRequest, slug: str) -> HttpResponse:
    """Nothing is free right now; the page asks again by itself."""
    study, participation = arrive_at(request, slug)
    if participation is None:
        return redirect("annotations:start", study.slug)
    if not gives_tasks(study, participation):
        return not_open(request, study)
    if participation.outcome not in (Outcome.NONE, Outcome.INTERRUPTED):
        return redirect("annotations:thanks", study.slug)
    left = _seconds_to_wait(participation)
    context = {
        **ending(study, participation),
        "minutes_left": left // 60,
        "seconds_left": left,
        "again": min(ASK_AGAIN_SECONDS, left + 1),
    }
    return render(request, "annotations/waiting.html", context)


def _seconds_to_wait(participation: Participation) -> int:
    """By this server's clock: it is about minutes."""
    since = participation.waiting_since or timezone.now()
    left = LONGEST_WAIT - (timezone.now() - since)
    return min(max(0, ceil(left / timedelta(seconds=1))), LONGEST_WAIT // timedelta(seconds=1))


@never_cache
@require_POST
def keep(request: HttpRequest, slug: str) -> HttpResponse:
    """The page is still there: the picture that it loaded beforehand stays reserved. 409 tells it that its
    person went on at another device."""
    study, participation = arrive_at(request, slug)
    if participation is not None:
        renew_reservation(participation=participation)
    return HttpResponse(status=409 if went_on_elsewhere(request, study) else 204)


@never_cache
@require_safe
def thanks(request: HttpRequest, slug: str) -> HttpResponse:
    study, participation = arrive_at(request, slug)
    if participation is None:
        return redirect("annotations:start", study.slug)
    outcome, goes_on = outcome_in(study, participation), gives_tasks(study, participation)
    # Nothing more is given to somebody who was excluded, withdrew, or was decided about.
    is_over = participation.visit_id is None or not participation.may_be_given_tasks
    if outcome == Outcome.NONE and not is_over:
        return redirect("annotations:start", study.slug) if goes_on else not_open(request, study)
    if outcome == Outcome.INTERRUPTED and not goes_on:
        return not_open(request, study)
    context = {**ending(study, participation), "may_look_again": goes_on and not is_over}
    return render(request, "annotations/thanks.html", context)
