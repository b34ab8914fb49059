"""Celery jobs. Each takes a primary key, may run twice, and is found again by a sweep."""

import logging

from celery import shared_task
from django.contrib.auth.models import User

from annotations.models import Study
from daamweb.pokes import poke
from evaluation.analyses.interface import Analysis
from evaluation.models import Export, Report
from evaluation.reports.needs import Subject
from evaluation.services import exports, reports, results

logger = logging.getLogger(__name__)


def request_report(subject: Subject, analysis: Analysis) -> Report:
    """Have a worker compute the report of the present data, unless it is there. Raises NeverOpenedError and
    MissingNeedsError."""
    report = reports.request_report(subject=subject, analysis=analysis)
    if report.state == Report.State.QUEUED and report.mark_poked():
        poke(compute_report, report)
    return report


@shared_task
def compute_report(report_id: int) -> None:
    report = Report.objects.select_related("study__plan", "run").filter(pk=report_id).first()
    if report is None or not reports.compute_report(report=report):
        logger.info("Report %s is gone, finished, or in the hands of another worker.", report_id)


def request_export(study: Study, by: User, *, revisions: str = Export.Revisions.LAST) -> Export:
    """Have a worker write files of a study's answers and participations. Raises SubjectGoneError."""
    export = exports.request_export(study=study, by=by, revisions=revisions)
    if export.state == Export.State.QUEUED and export.mark_poked():
        poke(write_export, export)
    return export


@shared_task
def write_export(export_id: int) -> None:
    export = Export.objects.select_related("study__project", "asked_by").filter(pk=export_id).first()
    if export is None or not exports.write_export(export=export):
        logger.info("Export %s is gone, failed, finished, or in the hands of another worker.", export_id)


@shared_task
def sweep_results() -> None:
    """Let go of old exports, and remove files of reports and exports that are no more."""
    exports.delete_old_exports()
    removed = results.delete_unnamed_results()
    if removed:
        logger.info("%d files of reports and exports that are no more were removed.", removed)
