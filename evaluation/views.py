"""The researcher's report: shown as it was last computed, refreshed by a worker when there are new responses."""

from io import StringIO

from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from annotations.models import Study
from evaluation.exports import write_responses
from evaluation.jobs import request_report
from evaluation.models import Report
from evaluation.services import fingerprint


@staff_member_required
@require_safe
def report(request: HttpRequest, study_pk: int) -> HttpResponse:
    study = get_object_or_404(Study.objects.select_related("run"), pk=study_pk)
    context = {
        "study": study,
        "current": Report.objects.filter(study=study, fingerprint=fingerprint(study)).first(),
        "shown": Report.objects.filter(study=study, state=Report.State.READY).first(),
    }
    # While a worker computes, htmx asks for this part of the page again and again.
    return render(request, "evaluation/_report.html" if request.htmx else "evaluation/report.html", context)


@staff_member_required
@require_POST
def refresh(request: HttpRequest, study_pk: int) -> HttpResponse:
    request_report(get_object_or_404(Study, pk=study_pk))
    return redirect("evaluation:report", study_pk=study_pk)


@staff_member_required
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
@require_safe
def responses(request: HttpRequest, study_pk: int) -> HttpResponse:
    study = get_object_or_404(Study, pk=study_pk)
    content = StringIO()
    write_responses(study, content)
    return HttpResponse(
        content.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{slugify(study.name) or study.pk}-responses.csv"'},
    )
