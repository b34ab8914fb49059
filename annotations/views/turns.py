"""One turn: its task shown, answered, or corrected.

The page's script sends an answer and is given the next task's page without its frame; `Content-Location` says
which turn's it is. Without scripts the same addresses are reached by redirects.
"""

import uuid
from datetime import timedelta

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from annotations.errors import (
    AssignmentNotYoursError,
    StaleRevisionError,
    StudyNotOpenError,
    WentOnElsewhereError,
    WithdrewError,
)
from annotations.kinds.registry import get_kind
from annotations.measured import parse_measured
from annotations.models import Assignment, Participation, Study
from annotations.selectors import ShownTask, last_response, previous_assignment
from annotations.services.claims import extend_lease
from annotations.services.ratings import rate
from annotations.services.walks import Claim, upcoming_task
from annotations.views.addresses import task_addresses, turn_address
from annotations.views.arrivals import other_device
from annotations.views.lost_turns import late, lost
from annotations.views.own_turns import own_turn, somebody_elses
from annotations.views.pictures import pictures_of
from annotations.views.speech import languages_to_choose
from annotations.views.visitors import (
    device_of,
    is_here,
)
from annotations.views.ways import (
    is_by_script,
    lead_to,
    not_open,
    target_of,
    way_of,
)

read_or_send = require_http_methods(["GET", "HEAD", "POST"])
ENDED = (Assignment.State.EXPIRED, Assignment.State.RETURNED)
# What no task's page shows.
LONG_TEXTS = [f"study__{name}" for name in ("consent", "instructions", "options", "left_out", "recipe")]


class PageForm(forms.Form):
    """What a task's page says about itself beside the answer, in fields that it writes by itself."""

    token = forms.UUIDField()
    base = forms.IntegerField(required=False, min_value=0)
    # What the script measured, as JSON; see annotations/measured.py. Whatever it says, the answer is stored.
    measured = forms.CharField(required=False)


@never_cache
@read_or_send
@vary_on_headers("X-Requested-With")
def assignment(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One task: shown, answered, or corrected."""
    turn = own_turn(request, slug, pk)
    if turn is None:
        return somebody_elses(request, slug)
    if request.method == "POST":
        return _answer(request, turn)
    if not is_here(request, turn.participation, turn.study):
        return redirect("annotations:start", turn.study.slug)
    if turn.participation.withdrew_at is not None:
        return redirect("annotations:thanks", turn.study.slug)
    if turn.study.state == Study.State.CLOSED:
        return not_open(request, turn.study)
    if _cannot_go_on(turn):
        return lost(request, turn)
    stored = last_response(turn)
    form = get_kind(turn.study.kind).answer_form(
        turn.task.payload,
        initial=stored.answer if stored else None,
        order=turn.participation.option_order,
        wordings=turn.study.texts.wordings,
    )
    return _task_page(request, turn, form, turn.revision)


@never_cache
@require_POST
def extend(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The page's script asks for more time."""
    turn = own_turn(request, slug, pk)
    if turn is None:
        return somebody_elses(request, slug)
    is_mine = is_here(request, turn.participation, turn.study)
    lease = extend_lease(turn=turn) if is_mine else None
    if lease is None:
        return JsonResponse({"seconds": 0}, status=409)
    return JsonResponse({"seconds": lease // timedelta(seconds=1)})


def _cannot_go_on(turn: Assignment) -> bool:
    """A turn that ended goes on while its place is free and the study runs, unless it was declined."""
    if turn.declined:
        return True
    if turn.state not in ENDED or turn.place is None:
        return False
    return turn.place.turn_id is not None or turn.study.state == Study.State.CLOSING


def _answer(request: HttpRequest, turn: Assignment) -> HttpResponse:
    study = turn.study
    form = get_kind(study.kind).answer_form(
        turn.task.payload,
        data=request.POST,
        order=turn.participation.option_order,
        wordings=study.texts.wordings,
    )
    page = PageForm(request.POST, prefix="page")
    page_is_whole = page.is_valid()
    if not form.is_valid() or not page_is_whole:
        if not page_is_whole:
            damaged = gettext("This page reached us damaged, so nothing was stored. Please send it again.")
            form.add_error(None, damaged)
        return _task_page(request, turn, form, turn.revision, status=422)
    try:
        rated = rate(
            assignment=turn,
            participation=turn.participation,
            answer=form.cleaned_data,
            token=page.cleaned_data["token"],
            base=page.cleaned_data["base"],
            measured=parse_measured(page.cleaned_data["measured"]),
            device=device_of(request, study),
        )
    except WithdrewError:
        return lead_to(request, reverse("annotations:thanks", args=[study.slug]))
    except WentOnElsewhereError:
        return other_device(request, study)
    except AssignmentNotYoursError as error:
        raise Http404("This task was given to someone else.") from error
    except StudyNotOpenError:
        study.refresh_from_db()
        return not_open(request, study, was_refused=True)
    except StaleRevisionError as stale:
        return _changed_elsewhere(request, turn, form, stale.revision, stale.answer)
    response = rated.response
    if response.answer != form.cleaned_data:
        # The same page came twice with different answers, as after the browser's own "back".
        return _changed_elsewhere(request, turn, form, response.revision, response.answer)
    if response.late:
        return late(request, turn)
    if rated.is_elsewhere:
        return other_device(request, study, stored=True)
    if rated.claim is not None and rated.claim.turn is not None and is_by_script(request):
        return _next_page(request, study, rated.participation, rated.claim, rated.claim.turn, after=turn)
    return lead_to(request, way_of(study, rated.claim))


def _next_page(
    request: HttpRequest,
    study: Study,
    participation: Participation,
    claim: Claim,
    turn: Assignment,
    *,
    after: Assignment,
) -> HttpResponse:
    """What has just been given, as the rows that gave it know it: nothing is read again."""
    turn.study, turn.participation = study, participation
    form = get_kind(study.kind).answer_form(
        turn.task.payload, order=participation.option_order, wordings=study.texts.wordings
    )
    previous = after if turn.number == after.number + 1 else previous_assignment(turn)
    return _page(request, turn, form, None, claim.upcoming, previous)


def _changed_elsewhere(
    request: HttpRequest, turn: Assignment, form: forms.Form, revision: int | None, answer: dict | None
) -> HttpResponse:
    """What was sent is shown beside what is stored; sending it again replaces that."""
    if answer is None:
        text = gettext("An answer to this task is stored already. Send this page again to replace it.")
    else:
        words = get_kind(turn.study.kind).in_words(answer, turn.study.texts.wordings)
        text = gettext(
            "Your answer “%(words)s” to this task is stored. Nothing was changed by this page; send it again "
            "to replace that answer by this one."
        ) % {"words": words}
    form.add_error(None, text)
    return _task_page(request, turn, form, revision, status=409)


def _task_page(
    request: HttpRequest, turn: Assignment, form: forms.Form, base: int | None, status: int = 200
) -> HttpResponse:
    """Of any turn, as it is stored now, to be answered upon the revision `base`."""
    turns = Assignment.objects.select_related("task__generation", "study", "participation")
    whole = turns.defer(*LONG_TEXTS).get(pk=turn.pk)
    whole.study.spoken = turn.study.spoken
    upcoming = upcoming_task(whole.study, whole.participation)
    return _page(request, whole, form, base, upcoming, previous_assignment(whole), status)


def _page(
    request: HttpRequest,
    turn: Assignment,
    form: forms.Form,
    base: int | None,
    upcoming: ShownTask | None,
    previous: Assignment | None,
    status: int = 200,
) -> HttpResponse:
    study, participation = turn.study, turn.participation
    target = target_of(study, participation)
    if target is not None and turn.revision is None:
        # Late answers were answers, too, and another task came in their place.
        target = max(target, participation.answered + 1)
    context = {
        "frame": "annotations/no_frame.html" if is_by_script(request) else "annotations/base.html",
        "study": study,
        "participation": participation,
        "assignment": turn,
        "lease_seconds": _seconds_left(turn),
        "task": turn.task,
        "pictures": pictures_of(ShownTask.of(turn.task)),
        "form": form,
        "token": uuid.uuid4(),
        "base": base,
        "addresses": task_addresses(study.slug, turn.pk),
        "answered": participation.answered,
        "target": target,
        "previous": previous and turn_address(study, previous),
        "is_correction": turn.revision is not None,
        "languages": languages_to_choose(study),
        "is_reported": "reported" in request.GET,
        "preload": pictures_of(upcoming) if upcoming is not None else None,
    }
    response = render(request, get_kind(study.kind).template, context, status=status)
    response["Content-Location"] = turn_address(study, turn)
    return response


def _seconds_left(turn: Assignment) -> int | None:
    """Of the lease; None where nobody waits for the turn any more. By this server's clock: it is about
    minutes."""
    if turn.state != Assignment.State.CLAIMED or turn.place_id is None:
        return None
    return max(0, (turn.lease_expires_at - timezone.now()) // timedelta(seconds=1))
