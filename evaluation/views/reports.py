"""Reports: shown as last computed, computed anew by a worker when the study has moved on."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from annotations.models import Study
from daamweb.projects.selectors import get_allowed, may
from daamweb.requests import HtmxRequest
from evaluation.addresses import report_address
from evaluation.analyses.interface import Analysis
from evaluation.analyses.registry import AnalysisError, analyses_of_kind, analyses_of_runs, get_analysis
from evaluation.errors import ReportError
from evaluation.jobs import request_report
from evaluation.models import Report
from evaluation.reports.gather import can_be_told
from evaluation.reports.needs import Subject, missing_needs
from evaluation.services.reports import failed_on_other_data, is_current, reports_of
from evaluation.services.results import ResultGoneError, load_document, load_figure
from generation.models import GenerationRun

# So long after it was computed, a report is not computed anew unless somebody asks.
FRESH = timedelta(minutes=1)


@staff_member_required
@require_safe
@never_cache
def study_report(request: HtmxRequest, study_pk: int, key: str = "") -> HttpResponse:
    """The page; for htmx its changing part. It waits for a worker as every page does."""
    study = get_allowed(Study.objects.select_related("run", "plan"), request.user, pk=study_pk)
    offered = analyses_of_kind(study.kind)
    analysis = _named(key) if key else offered[0]
    others = [(other.label, report_address(study, other)) for other in offered if other is not analysis]
    return _page(
        request,
        study,
        analysis,
        "report",
        {"study": study, "others": others, "may_export": may(request.user, "export", study)},
    )


@staff_member_required
@require_safe
@never_cache
def run_report(request: HtmxRequest, run_pk: int, key: str) -> HttpResponse:
    """As `study_report`, of a run."""
    run = get_allowed(GenerationRun.objects.all(), request.user, pk=run_pk)
    return _page(request, run, _named(key), "run_report", {"run": run})


@staff_member_required
@require_safe
@never_cache
def run_analyses(request: HttpRequest, run_pk: int) -> HttpResponse:
    """What can be analysed of a run alone."""
    run = get_allowed(GenerationRun.objects.all(), request.user, pk=run_pk)
    rows = [
        (analysis.label, report_address(run, analysis), missing_needs(analysis, run))
        for analysis in analyses_of_runs()
    ]
    return render(request, "evaluation/run_analyses.html", {"run": run, "analyses": rows})


@staff_member_required
@require_POST
def refresh_study(request: HttpRequest, study_pk: int, key: str) -> HttpResponse:
    study = get_allowed(Study.objects.select_related("run", "plan"), request.user, pk=study_pk)
    return _refresh(study, _named(key))


@staff_member_required
@require_POST
def refresh_run(request: HttpRequest, run_pk: int, key: str) -> HttpResponse:
    run = get_allowed(GenerationRun.objects.all(), request.user, pk=run_pk)
    return _refresh(run, _named(key))


@staff_member_required
@require_safe
@cache_control(private=True, max_age=31_536_000, immutable=True)
def figure(request: HttpRequest, fingerprint: str, name: str) -> HttpResponse:
    """By the hash of what it was computed from, so that it never changes under its address."""
    done = Report.objects.filter(state=Report.State.DONE)
    report = get_allowed(done, request.user, fingerprint=fingerprint)
    try:
        drawn = load_figure(report, name)
    except (KeyError, ResultGoneError) as error:
        raise Http404(f"The report has no figure {name!r}.") from error
    return HttpResponse(drawn, content_type="image/svg+xml")


def _named(key: str) -> Analysis:
    try:
        return get_analysis(key)
    except AnalysisError as error:
        raise Http404(str(error)) from error


def _refresh(subject: Subject, analysis: Analysis) -> HttpResponse:
    """Ask, and go where the answer will be; what is missing for it is said there."""
    with suppress(ReportError):  # the page says what is missing
        request_report(subject, analysis)
    return redirect(report_address(subject, analysis))


def _page(
    request: HtmxRequest, subject: Subject, analysis: Analysis, name: str, context: dict[str, Any]
) -> HttpResponse:
    found = reports_of(subject, analysis)
    newest = found.first()
    shown = found.filter(state=Report.State.DONE).first()
    document = _load(shown)
    if document is not None and not may(request.user, "export", subject):
        document["sections"] = [part for part in document["sections"] if not part["of_persons"]]
    moved_on = newest is not None and failed_on_other_data(newest)
    kind = "study" if isinstance(subject, Study) else "run"
    context |= {
        "subject_kind": kind,
        "analysis": analysis,
        "here": report_address(subject, analysis),
        "refresh": reverse(f"evaluation:refresh_{kind}", args=[subject.pk, analysis.key]),
        "missing": missing_needs(analysis, subject),
        "newest": newest,
        "shown": shown,
        "document": document,
        "has_failed": newest is not None and newest.state == Report.State.FAILED and not moved_on,
        "command": _command(subject, analysis),
        "is_current": shown is not None and document is not None and shown == newest and is_current(shown),
        # Not when a worker has just been at it: a study that is being answered moves on all the time. A run
        # is asked for by hand.
        "asks_by_itself": not request.htmx
        and (document is None or (can_be_told(subject, analysis) and not _is_fresh(shown))),
    }
    return render(request, f"evaluation/{'_report' if request.htmx else name}.html", context)


def _is_fresh(shown: Report | None) -> bool:
    finished_at = None if shown is None else shown.finished_at
    return finished_at is not None and timezone.now() - finished_at < FRESH


def _command(subject: Subject, analysis: Analysis) -> str:
    """What writes the report's files."""
    if isinstance(subject, Study) and analysis is analyses_of_kind(subject.kind)[0]:
        return "report"
    return f"analyze {analysis.key}"


def _load(report: Report | None) -> dict[str, Any] | None:
    if report is None:
        return None
    try:
        return load_document(report)
    except ResultGoneError:  # it is offered to be computed again
        return None
