"""Celery jobs. Each takes a primary key, may run twice, and is found again by a sweep."""

import logging

from celery import shared_task

from daamweb.pokes import poke
from evaluation.analyses.interface import Analysis
from evaluation.models import Report
from evaluation.reports.needs import Subject
from evaluation.services import reports, results

logger = logging.getLogger(__name__)


def request_report(subject: Subject, analysis: Analysis) -> Report:
    """Have a worker compute the report of the present data, unless it is there. Raises NeverOpenedError and
    MissingNeedsError."""
    report = reports.request_report(subject=subject, analysis=analysis)
    if report.state == Report.State.QUEUED and report.mark_poked():
        poke(compute_report, report.pk)
    return report


@shared_task
def compute_report(report_id: int) -> None:
    report = Report.objects.select_related("study__plan", "run").filter(pk=report_id).first()
    if report is None or not reports.compute_report(report=report):
        logger.info("Report %s is gone, finished, or in the hands of another worker.", report_id)


@shared_task
def sweep_results() -> None:
    """Remove files of reports that are no more."""
    removed = results.delete_unnamed_results()
    if removed:
        logger.info("%d results of reports that are no more were removed.", removed)
