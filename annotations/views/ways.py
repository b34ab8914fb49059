"""What every page of an annotator begins with and may end in."""

import random
from math import ceil
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from annotations.errors import StudyNotOpenError
from annotations.models import Participation, Study
from annotations.ring import turns_until
from annotations.selectors import held_assignment, outcome_in
from annotations.services.claims import LONGEST_WAIT, claim_assignment
from annotations.services.walks import Claim
from annotations.views.addresses import turn_address
from annotations.views.speech import chosen_language, speak
from annotations.views.visitors import current_participation, is_here, whose_browser

MANY_SPREAD_OVER = 10  # seconds


def claim_next(study: Study, participation: Participation, address: str) -> str:
    """Where to go on; `address` is where the person is. Raises ManyAtOnceError."""
    try:
        return way_of(study, claim_assignment(participation=participation, address=address))
    except StudyNotOpenError:
        return way_of(study, None)


def way_of(study: Study, claim: Claim | None) -> str:
    """Where a claim leads; None: the study gives out no tasks at the moment."""
    if claim is None:
        return reverse("annotations:start", args=[study.slug])
    if claim.turn is not None:
        return turn_address(study, claim.turn)
    if not claim.ended:
        return reverse("annotations:waiting", args=[study.slug])
    return reverse("annotations:thanks", args=[study.slug])


def target_of(study: Study, participation: Participation) -> int | None:
    """How many tasks are this person's own, checks included; None where no cap says so."""
    if participation.item_cap is None:
        return None
    items = min(participation.item_cap, study.items - participation.declined)
    return participation.practices_given + turns_until(
        participation.seed, items, study.check_every, study.checks
    )


HIDDEN = (Study.State.DRAFT, Study.State.OPENING, Study.State.ERASING)


def arrive_at(request: HttpRequest, slug: str) -> tuple[Study, Participation | None]:
    """The study of an address, and whose browser this is; from here on everything is said in that person's
    language."""
    study = get_study(slug)
    person = whose_browser(request, study)
    speak(request, study, person)
    return study, person if person is not None and is_here(request, person, study) else None


def get_study(slug: str) -> Study:
    shown = Study.objects.exclude(state__in=HIDDEN)
    return get_object_or_404(shown.defer("left_out", "recipe"), slug=slug)  # long, and no page's


def is_by_script(request: HttpRequest) -> bool:
    """Whether the page's script asks, which puts what it is given into the page that is there."""
    return request.headers.get("X-Requested-With") == "fetch"


def lead_to(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect, or for the page's script the address to go to once it knows that the answer has arrived."""
    if is_by_script(request):
        return JsonResponse({"next": address})
    return HttpResponseRedirect(address)


def ending(study: Study, participation: Participation) -> dict[str, Any]:
    """What a page says of how somebody's participation stands. Who waited in vain hears another reason than
    those whose study stopped."""
    target = target_of(study, participation)
    outcome = outcome_in(study, participation)
    since, interrupted_at = participation.waiting_since, participation.interrupted_at
    return {
        "study": study,
        "participation": participation,
        "outcome": outcome,
        "code": participation.code_of(outcome),
        "answered": participation.answered,
        "target": None if target is None else max(target, participation.answered),
        "waited": bool(since and interrupted_at and interrupted_at - since >= LONGEST_WAIT),
        "had_all": participation.items_held >= min(participation.item_cap or study.items, study.items),
    }


def not_open(request: HttpRequest, study: Study, *, was_refused: bool = False) -> HttpResponse:
    """Says what the study takes at the moment, and leads to the task that may still be finished.
    `was_refused`: what was just sent was not stored."""
    participation = current_participation(request, study)
    held = held_assignment(participation) if participation is not None else None
    may_finish = held is not None and study.state in (Study.State.PAUSED, Study.State.CLOSING)
    context = {
        **(ending(study, participation) if participation is not None else {"study": study}),
        "was_refused": was_refused,
        "held": held if may_finish else None,
        "is_paused": study.state == Study.State.PAUSED,
        "is_closing": study.state == Study.State.CLOSING,
    }
    return render(request, "annotations/not_open.html", context, status=403 if context["is_paused"] else 410)


def many_at_once(request: HttpRequest, study: Study, wait: float, *, again_at: str) -> HttpResponse:
    """Holds a newcomer for a moment; the next one may go on after `wait` seconds, at the address of the name
    `again_at`. Whoever waits asks again at some moment of their own, so that a hall does not ask all at
    once."""
    again = ceil(wait) + random.randrange(MANY_SPREAD_OVER)
    context = {
        "study": study,
        "again": again,
        "again_at": reverse(again_at, args=[study.slug]),
        "chosen_language": chosen_language(request, study),
    }
    answer = render(request, "annotations/many_at_once.html", context, status=429)
    answer["Retry-After"] = str(ceil(wait))
    return answer


def problem(
    request: HttpRequest,
    study: Study,
    heading: str,
    message: str,
    status: int,
    *,
    back: str = "",
    stop: str = "",
) -> HttpResponse:
    """back, stop: where the task is that this is about, and where one stops, if these are the ways on."""
    context = {"study": study, "heading": heading, "message": message, "status": status}
    context |= {"back": back, "stop": stop}
    return render(request, "annotations/problem.html", context, status=status)
