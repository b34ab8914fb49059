"""Ask for reports and store what was computed."""

import logging
import time

from django.db import IntegrityError, transaction

from annotations.models import Study
from annotations.services.verifications import verify_study
from daamweb.work.attempts import recorded
from daamweb.work.models import WorkQuerySet
from evaluation.analyses.interface import Analysis
from evaluation.analyses.registry import get_analysis
from evaluation.models import Report
from evaluation.reports.build import build_report
from evaluation.reports.gather import Tell, gather, study_fingerprint
from evaluation.reports.needs import Subject, check_needs
from evaluation.services.results import is_stored, store_result
from generation.models import GenerationRun

logger = logging.getLogger(__name__)

TELL_EVERY = 2  # seconds


class _LeaseLost(Exception):
    """Another worker has the report by now."""


def reports_of(subject: Subject, analysis: Analysis) -> WorkQuerySet[Report]:
    """The newest one first."""
    of_it = {"study": subject} if isinstance(subject, Study) else {"run": subject}
    return WorkQuerySet(Report).filter(**of_it, analysis=analysis.key).order_by("-pk")


def request_report(*, subject: Subject, analysis: Analysis) -> Report:
    """The report of the present data, queued if it is not there yet; a failed one is queued again. What a
    run's data are is for the worker to find out: a finished one is not computed again where they are the
    same.

    Raises NeverOpenedError and MissingNeedsError.
    """
    check_needs(analysis, subject)
    while True:
        newest = reports_of(subject, analysis).first()
        if newest is not None and (newest.is_unfinished or (is_current(newest) and is_stored(newest))):
            return newest
        try:
            with transaction.atomic():
                if newest is None or not newest.requeue():
                    newest = subject.reports.create(analysis=analysis.key)
        except IntegrityError:  # somebody else asked in this very moment
            continue
        newest.refresh_from_db()
        return newest


def is_current(report: Report) -> bool:
    """Whether a study's report is of the study as it is now. A run's never is known to be: to find out takes
    as long as the run is large."""
    if report.state != Report.State.DONE or report.study is None:
        return False
    return report.fingerprint == study_fingerprint(report.study, get_analysis(report.analysis))


def compute_report(*, report: Report) -> bool:
    """Compute a report that waits, and store what came of it; False if another worker has it, or there was
    nothing to do. A worker's work: exact tests take seconds, and images have to be read.

    One whose worker died is computed again when the lease is over.
    """
    if not report.take():
        return False
    with recorded(report.fail, f"Report {report.pk}"):
        try:
            return _compute(report)
        except (
            Study.DoesNotExist,
            GenerationRun.DoesNotExist,
        ):  # deleted in the meantime, and the report with it
            return False
        except _LeaseLost:
            logger.warning("Report %s went to another worker.", report.pk)
            return False
    return True


def _compute(report: Report) -> bool:
    subject, analysis = report.subject, get_analysis(report.analysis)
    if isinstance(subject, Study):
        verify_study(subject, files=False)
    gathered = gather(subject, analysis, _heartbeat(report))
    done = reports_of(subject, analysis).filter(state=Report.State.DONE).first()
    if done is not None and done.fingerprint == gathered.fingerprint and is_stored(done):
        report.discard()
        return False
    content = build_report(gathered, analysis)
    file = store_result(content, fingerprint=gathered.fingerprint)
    _keep(report, analysis, fingerprint=gathered.fingerprint, file=file)
    return True


@transaction.atomic
def _keep(report: Report, analysis: Analysis, *, fingerprint: str, file: str) -> None:
    """Finish it and let go of every earlier one. Their files go with the next sweep."""
    reports_of(report.subject, analysis).exclude(pk=report.pk).delete()
    if not report.mark_kept(fingerprint=fingerprint, file=file):
        raise _LeaseLost


def _heartbeat(report: Report) -> Tell:
    told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if done < total and time.monotonic() - told < TELL_EVERY:
            return
        told = time.monotonic()
        if not report.renew(done=done, total=total):
            raise _LeaseLost

    return tell
