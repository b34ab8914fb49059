"""Celery jobs. Each takes a primary key, may run twice, and is found again by a sweep."""

import logging

from celery import shared_task
from django.utils import timezone

from annotations.models import Study
from daamweb.pokes import poke
from evaluation import services
from evaluation.models import Report

logger = logging.getLogger(__name__)


def request_report(study: Study) -> Report:
    """Have a worker compute the report of the study's present data, unless it is there. Raises
    NeverOpenedError."""
    report = services.request_report(study=study)
    if report.state == Report.State.QUEUED:
        services.mark_poked(report=report)
        poke(compute_report, report.pk)
    return report


@shared_task
def compute_report(report_id: int) -> None:
    report = Report.objects.filter(pk=report_id).first()
    if report is None or not services.compute_report(report=report):
        logger.info("Report %s is gone, finished, or in the hands of another worker.", report_id)


@shared_task
def sweep_reports() -> None:
    """Poke the reports that wait and of which nobody has been told for a whole lease."""
    for report in Report.objects.claimable():
        if services.mark_poked(report=report, unless_since=timezone.now() - Report.LEASE):
            poke(compute_report, report.pk)
