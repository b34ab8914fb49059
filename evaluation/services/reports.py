"""Ask for reports and store what was computed."""

import logging
import time

from django.conf import settings
from django.db import IntegrityError, transaction

from annotations.kinds.interface import Tell
from annotations.models import Study
from annotations.services.verifications import verify_study
from daamweb.work.asking import find_or_create
from daamweb.work.attempts import recorded
from daamweb.work.heartbeats import kept
from daamweb.work.models import WorkQuerySet
from evaluation.analyses.interface import Analysis
from evaluation.analyses.registry import get_analysis
from evaluation.errors import SubjectGoneError
from evaluation.models import Report
from evaluation.reports.build import build_report
from evaluation.reports.gather import can_be_told, gather, images_fingerprint, study_fingerprint
from evaluation.reports.needs import Subject, check_needs
from evaluation.services.results import is_readable, store_result
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
    """The report of the present data, queued if it is not there yet; a failed one is queued again. Where only
    a worker can find out whether data are still the same, it does, and computes nothing if they are.

    Raises MissingNeedsError, and SubjectGoneError where the subject was deleted meanwhile.
    """
    check_needs(analysis, subject)

    def find() -> Report | None:
        newest = reports_of(subject, analysis).first()
        if newest is None or newest.is_unfinished or newest.requeue():
            return newest
        return newest if is_current(newest) and is_readable(newest) else None

    try:
        return find_or_create(find, lambda: subject.reports.create(analysis=analysis.key))
    except IntegrityError as error:
        raise SubjectGoneError(f"{subject} was deleted meanwhile.") from error


def is_current(report: Report) -> bool:
    """Whether a report is known to be of the present data; see `can_be_told`."""
    return report.state == Report.State.DONE and _is_of_the_present(report) is True


def failed_on_other_data(report: Report) -> bool:
    """Whether a report failed, and it may be the data's fault, which have changed since."""
    failed = report.state == Report.State.FAILED and report.fingerprint != ""
    return failed and _is_of_the_present(report) is False


def _is_of_the_present(report: Report) -> bool | None:
    """None: a page cannot tell."""
    subject, analysis = report.subject, get_analysis(report.analysis)
    if not isinstance(subject, Study) or not can_be_told(subject, analysis):
        return None
    return report.fingerprint == study_fingerprint(subject, analysis)


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
        except (Study.DoesNotExist, GenerationRun.DoesNotExist):  # deleted, and the report with it
            return False
        except _LeaseLost:
            logger.warning("Report %s went to another worker.", report.pk)
            return False
    return True


def _compute(report: Report) -> bool:
    subject, analysis = report.subject, get_analysis(report.analysis)
    with kept(report):
        if isinstance(subject, Study):
            verify_study(subject, files=False)
        gathered = gather(subject, analysis, _progress(report))
        if not report.mark_begun(fingerprint=gathered.fingerprint):
            raise _LeaseLost
        done = reports_of(subject, analysis).filter(state=Report.State.DONE).first()
        # With DEBUG on, the analysis itself may be what has changed.
        same = done is not None and done.fingerprint == gathered.fingerprint and not settings.DEBUG
        if done is not None and same and is_readable(done):
            report.discard()
            return False
        content = build_report(gathered, analysis)
        if gathered.images and images_fingerprint(subject) != gathered.images:
            # A parse came between the rows and the words. The next attempt reads both anew.
            report.put_off()
            return False
        file = store_result(content, fingerprint=gathered.fingerprint)
    _keep(report, analysis, file=file)
    return True


@transaction.atomic
def _keep(report: Report, analysis: Analysis, *, file: str) -> None:
    """Finish it and let go of every earlier one. Their files go with the next sweep."""
    reports_of(report.subject, analysis).exclude(pk=report.pk).delete()
    if not report.mark_kept(file=file):
        raise _LeaseLost


def _progress(report: Report) -> Tell:
    told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if done < total and time.monotonic() - told < TELL_EVERY:
            return
        told = time.monotonic()
        if not report.renew(done=done, total=total):
            raise _LeaseLost

    return tell
