"""Celery jobs. Each takes a primary key, may run twice, and is found again by a sweep."""

from celery import shared_task

from annotations.models import Study
from daamweb.pokes import poke
from evaluation import services
from evaluation.models import Report


def request_report(study: Study) -> Report:
    """Have a worker compute the report of the study's present data, unless it is there. Raises
    NeverOpenedError."""
    report = services.request_report(study=study)
    if report.state == Report.State.QUEUED:
        poke(compute_report, report.pk)
    return report


@shared_task
def compute_report(report_id: int) -> None:
    report = (
        Report.objects.select_related("study__run__checkpoint")
        .filter(pk=report_id, state=Report.State.QUEUED)
        .first()
    )
    if report is not None:
        services.compute_report(report=report)


@shared_task
def sweep_reports() -> None:
    for pk in Report.objects.filter(state=Report.State.QUEUED).values_list("pk", flat=True):
        poke(compute_report, pk)
