"""The researcher's report: shown as last computed, computed anew by a worker when the study has moved on."""

from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import IO

from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from annotations.models import Study
from evaluation.exports import write_codebook, write_responses
from evaluation.frames.responses import response_frame
from evaluation.jobs import request_report
from evaluation.models import Report
from evaluation.services import fingerprint

may_look = permission_required(("annotations.view_study", "evaluation.view_report"), raise_exception=True)
may_ask = permission_required("evaluation.view_report", raise_exception=True)
may_read_responses = permission_required("annotations.view_response", raise_exception=True)


@staff_member_required
@may_look
@require_safe
@never_cache
def report(request: HttpRequest, study_pk: int) -> HttpResponse:
    """The page; for htmx its changing part. With `?waiting=<report>`: nothing (204) until that report is
    done, so that htmx leaves the page as it is."""
    study = get_object_or_404(Study.objects.select_related("run", "plan"), pk=study_pk)
    awaited = request.GET.get("waiting", "")
    if awaited.isdecimal() and study.reports.unfinished().filter(pk=awaited).exists():
        return HttpResponse(status=204)
    template = "evaluation/_report.html" if request.htmx else "evaluation/report.html"
    if study.plan is None:
        return render(request, template, {"study": study})
    current = study.reports.filter(fingerprint=fingerprint(study)).first()
    is_current = current is not None and current.state == Report.State.READY
    context = {
        "study": study,
        "current": current,
        "shown": current if is_current else study.reports.filter(state=Report.State.READY).first(),
        # Once per visit: a study that is being answered moves on all the time.
        "asks_by_itself": not request.htmx,
    }
    return render(request, template, context)


@staff_member_required
@may_ask
@require_POST
def refresh(request: HttpRequest, study_pk: int) -> HttpResponse:
    study = get_object_or_404(Study, pk=study_pk)
    if study.plan is not None:
        request_report(study)
    return redirect("evaluation:report", study_pk=study_pk)


@staff_member_required
@may_look
@require_safe
@cache_control(private=True, max_age=31_536_000, immutable=True)
def figure(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    found = get_object_or_404(Report, pk=pk, state=Report.State.READY)
    for section in found.document["sections"]:
        for candidate in section["figures"]:
            if candidate["name"] == name:
                return HttpResponse(candidate["svg"], content_type="image/svg+xml")
    raise Http404(f"The report has no figure {name!r}.")


@staff_member_required
@may_read_responses
@require_safe
def responses(request: HttpRequest, study_pk: int) -> HttpResponse:
    study = get_object_or_404(Study, pk=study_pk)
    return _csv(study, partial(write_responses, response_frame(study)), "responses")


@staff_member_required
@may_read_responses
@require_safe
def codebook(request: HttpRequest, study_pk: int) -> HttpResponse:
    study = get_object_or_404(Study, pk=study_pk)
    return _csv(study, partial(write_codebook, study), "codebook")


def _csv(study: Study, write: Callable[[IO[str]], object], name: str) -> HttpResponse:
    content = StringIO()
    write(content)
    file_name = f"{slugify(study.name) or study.pk}-{name}.csv"
    return HttpResponse(
        content.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "no-store"},
    )
