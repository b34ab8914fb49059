"""Ask for reports and store what was computed."""

import hashlib
import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from annotations.models import Study
from annotations.services.verifications import verify_study
from evaluation.errors import NeverOpenedError
from evaluation.frames.responses import response_frame
from evaluation.models import Report
from evaluation.snapshots import snapshot

logger = logging.getLogger(__name__)

# What the analyses and the figures raise on data they cannot take.
ANALYSIS_ERRORS = (
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    RuntimeError,
    OSError,
    MemoryError,
)
TOO_MANY_ATTEMPTS = (
    f"A worker took this report {Report.MAX_ATTEMPTS} times and never finished it (out of memory, or "
    "killed?). Look into its log, then try again."
)


def fingerprint(study: Study) -> str:
    """Names one state of what a report shows: the frozen plan, what deviates from it and when that was looked
    at last, the answers and what became of them, whether the study is closed, and the report's own version.

    Of counters alone: every person's `changes` grows with each answer and verdict. Who only came to look
    changes nothing."""
    state = (
        study.pk,
        study.plan.sha256,
        study.plan.deviations.count(),
        study.plan.verified_at,
        study.closed_at,
        study.participations.aggregate(changes=Sum("changes", default=0))["changes"],
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


def mark_poked(*, report: Report, unless_since: datetime | None = None) -> bool:
    """Note that a worker is being told of the report; False if one has been told since `unless_since`."""
    waiting = Report.objects.filter(pk=report.pk)
    if unless_since is not None:
        waiting = waiting.filter(Q(poked_at=None) | Q(poked_at__lt=unless_since))
    return bool(waiting.update(poked_at=timezone.now()))


def compute_report(*, report: Report) -> bool:
    """Compute a report that waits, and store what came of it; False if another worker has it or was first. A
    worker's work: exact tests take seconds.

    A report is named by the data it was computed from. Where these have changed since it was asked for, it
    becomes the report of the new data, or goes if these have one already. One whose worker died is computed
    again when the lease is over; after MAX_ATTEMPTS times it is marked failed instead.
    """
    if not report.take():
        return False
    if report.attempts > Report.MAX_ATTEMPTS:
        return report.mark_failed(TOO_MANY_ATTEMPTS)
    try:
        return _compute(report)
    except Study.DoesNotExist:  # deleted in the meantime, and the report with it
        return False
    except ANALYSIS_ERRORS as error:
        logger.exception("The report of study %s could not be computed.", report.study_id)
        return report.mark_failed(f"{type(error).__name__}: {error}")


def _compute(report: Report) -> bool:
    from evaluation.reports import build_report  # scipy and statsmodels stay out of the web process

    study = _present_study(report)
    verify_study(study, files=False)
    # Before the analysis, so that one that fails does so under the name of its data.
    if not _becomes_that_of(report, fingerprint(study)):
        return False
    with snapshot():
        study = _present_study(report)
        computed_from = fingerprint(study)
        content = build_report(study, response_frame(study))
    return _becomes_that_of(report, computed_from) and report.mark_ready(content.document())


def _becomes_that_of(report: Report, present: str) -> bool:
    """Whether it is the report of these data; if they have one already, it goes."""
    if report.fingerprint == present or report.adopt(present):
        return True
    report.discard()
    return False


def _present_study(report: Report) -> Study:
    return Study.objects.select_related("run__checkpoint", "plan").get(pk=report.study_id)
