"""An annotator's way through a study: consent → instructions → tasks → thank-you.

A GET changes nothing: consent, claims and answers are POSTs.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.errors import StudyNotOpenError
from annotations.kinds.registry import get_kind
from annotations.models import Participation, Study
from annotations.selectors import held_assignment
from annotations.services.admissions import admit_newcomer
from annotations.services.claims import renew_reservation
from annotations.services.participations import join_by_link
from annotations.views.visitors import (
    current_annotator,
    current_participation,
    remember_annotator,
)
from annotations.views.ways import (
    claim_next,
    get_study,
    many_at_once,
    not_open,
    target_of,
    turn_address,
)
from daamweb.door.addresses import client_address

read_or_send = require_http_methods(["GET", "HEAD", "POST"])


@never_cache
@read_or_send
def start(request: HttpRequest, slug: str) -> HttpResponse:
    study = get_study(slug)
    participation = current_participation(request, study)
    if request.method == "POST":
        return _consent(request, study, participation)
    held = held_assignment(participation) if participation is not None else None
    if held is not None and study.state != Study.State.CLOSED:
        return redirect(turn_address(study, held))
    if study.state != Study.State.OPEN:
        return not_open(request, study)
    if participation is None:
        return render(request, "annotations/consent.html", {"study": study})
    if participation.finished_at is not None or not participation.may_be_given_tasks:
        return redirect("annotations:thanks", study.slug)
    return redirect("annotations:instructions", study.slug)


def _consent(request: HttpRequest, study: Study, participation: Participation | None) -> HttpResponse:
    if participation is None and study.state == Study.State.OPEN:
        admitted = admit_newcomer(study=study, address=client_address(request))
        if not admitted:
            return many_at_once(request, study, admitted.wait)
    try:
        participation = join_by_link(study=study, annotator=current_annotator(request, study))
    except StudyNotOpenError:
        return not_open(request, study)
    answer = redirect("annotations:instructions", study.slug)
    remember_annotator(answer, participation.annotator)
    return answer


@never_cache
@require_safe
def instructions(request: HttpRequest, slug: str) -> HttpResponse:
    study = get_study(slug)
    participation = current_participation(request, study)
    if participation is None:
        return redirect("annotations:start", study.slug)
    if study.state != Study.State.OPEN:
        return not_open(request, study)
    context = {
        "study": study,
        "kind": get_kind(study.kind),
        "participation": participation,
        "target": target_of(study, participation),
    }
    return render(request, "annotations/instructions.html", context)


@never_cache
@require_POST
def go_on(request: HttpRequest, slug: str) -> HttpResponse:
    """Claim the next task and lead there."""
    study = get_study(slug)
    participation = current_participation(request, study)
    if participation is None:
        return redirect("annotations:start", study.slug)
    return redirect(claim_next(study, participation))


@never_cache
@require_safe
def waiting(request: HttpRequest, slug: str) -> HttpResponse:
    """Nothing is free right now; the page asks again by itself."""
    study = get_study(slug)
    participation = current_participation(request, study)
    if participation is None:
        return redirect("annotations:start", study.slug)
    if study.state != Study.State.OPEN:
        return not_open(request, study)
    return render(request, "annotations/waiting.html", {"study": study, "participation": participation})


@never_cache
@require_POST
def keep(request: HttpRequest, slug: str) -> HttpResponse:
    """The page is still there: the picture that it loaded beforehand stays reserved."""
    participation = current_participation(request, get_study(slug))
    if participation is not None:
        renew_reservation(participation=participation)
    return HttpResponse(status=204)


@never_cache
@require_safe
def thanks(request: HttpRequest, slug: str) -> HttpResponse:
    study = get_study(slug)
    participation = current_participation(request, study)
    if participation is None:
        return redirect("annotations:start", study.slug)
    # Nothing more is given to somebody who was excluded, withdrew, or was decided about.
    is_over = participation.visit_id is None or not participation.may_be_given_tasks
    if participation.finished_at is None and not is_over:
        is_open = study.state == Study.State.OPEN
        return redirect("annotations:start", study.slug) if is_open else not_open(request, study)
    context = {
        "study": study,
        "participation": participation,
        "is_over": is_over,
        "may_look_again": study.state == Study.State.OPEN and not is_over,
    }
    return render(request, "annotations/thanks.html", context)
