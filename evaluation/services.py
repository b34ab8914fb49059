"""Ask for reports and store what was computed."""

import hashlib
import logging

from django.db import transaction
from django.db.models import Count, Max

from annotations.models import Response, Study
from annotations.services.plans import plan_hash, study_plan
from evaluation.errors import NeverOpenedError
from evaluation.models import Report

logger = logging.getLogger(__name__)

# What the analyses and the figures raise on data they cannot take.
ANALYSIS_ERRORS = (ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RuntimeError)


def fingerprint(study: Study) -> str:
    """Names one state of what a report shows: the plan as it was frozen and as it is now, the responses
    (append-only, so their number and last id say it all), whether the study is closed, and the report's own
    version."""
    responses = Response.objects.filter(assignment__study=study).aggregate(count=Count("pk"), last=Max("pk"))
    state = (
        study.pk,
        study.plan_sha256,
        plan_hash(study_plan(study)),
        study.closed_at,
        responses["count"],
        responses["last"],
        Report.VERSION,
    )
    return hashlib.sha256(":".join(map(str, state)).encode()).hexdigest()


@transaction.atomic
def request_report(*, study: Study) -> Report:
    """The report of the study's present data, queued if it is not there yet; a failed one is queued again.

    Raises NeverOpenedError.
    """
    if study.plan is None:
        raise NeverOpenedError(study.name)
    report, _ = Report.objects.get_or_create(study=study, fingerprint=fingerprint(study))
    report.requeue()
    report.refresh_from_db()
    return report


def compute_report(*, report: Report) -> bool:
    """Compute a queued report and store it; False if it was not queued any more. A worker's work: exact tests
    take seconds.

    A report is named by the data it was computed from. Where these have changed since it was asked for, it
    becomes the report of the new data, or goes if these have one already.
    """
    from evaluation.reports import build_report  # scipy and statsmodels stay out of the web process

    present = fingerprint(report.study)
    if present != report.fingerprint and not report.adopt(present):
        report.discard()
        return False
    try:
        document = build_report(report.study).document()
    except ANALYSIS_ERRORS as error:
        logger.exception("The report of study %s could not be computed.", report.study_id)
        return report.mark_failed(f"{type(error).__name__}: {error}")
    return report.mark_ready(document)
