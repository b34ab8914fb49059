"""Ask for reports and store what was computed."""

import hashlib
import logging

from django.db import transaction
from django.db.models import Count, Max

from annotations.models import Response, Study
from evaluation.models import Report

logger = logging.getLogger(__name__)

# Raised when the analysis or the tables change, so that stored reports are computed anew.
REPORT_VERSION = 1

# What the analyses raise on data they cannot take.
ANALYSIS_ERRORS = (ValueError, LookupError, ArithmeticError, TypeError)


def fingerprint(study: Study) -> str:
    """Names one state of a study's data: its plan, its responses (append-only, so number and last id say it all)
    and the version of the report's code."""
    responses = Response.objects.filter(assignment__study=study).aggregate(count=Count("pk"), last=Max("pk"))
    state = f"{study.pk}:{study.plan_sha256}:{responses['count']}:{responses['last']}:{REPORT_VERSION}"
    return hashlib.sha256(state.encode()).hexdigest()


@transaction.atomic
def request_report(*, study: Study) -> Report:
    """The report of the study's present data, queued if it is not there yet; a failed one is queued again."""
    report, _ = Report.objects.get_or_create(study=study, fingerprint=fingerprint(study))
    report.requeue()
    report.refresh_from_db()
    return report


def compute_report(*, report: Report) -> bool:
    """Compute a queued report and store it; False if it was not queued any more. A worker's work: exact tests take
    seconds."""
    from evaluation.reports import build_report  # scipy and statsmodels stay out of the web process

    try:
        document = build_report(report.study).document()
    except ANALYSIS_ERRORS as error:
        logger.exception("The report of study %s could not be computed.", report.study_id)
        return report.mark_failed(f"{type(error).__name__}: {error}")
    return report.mark_ready(document)
