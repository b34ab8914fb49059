"""A report is what the site computed of one study from one state of its responses."""

from datetime import timedelta

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.utils import timezone

from annotations.models import Study
from daamweb.constraints import known


class ReportQuerySet(models.QuerySet):
    def unfinished(self):
        return self.filter(state__in=(Report.State.QUEUED, Report.State.RUNNING))

    def claimable(self):
        """Waiting, or in the hands of a worker that has not finished within a lease."""
        dropped = Q(state=Report.State.RUNNING, lease_expires_at__lt=timezone.now())
        return self.filter(Q(state=Report.State.QUEUED) | dropped)


class ReportState(models.TextChoices):
    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    READY = "ready", "ready"
    FAILED = "failed", "failed"


class Report(models.Model):
    State = ReportState

    # Raised when the analysis or the tables change, so that stored reports are computed anew.
    VERSION = 4
    # After this long a worker is taken for dead, and a poke for lost.
    LEASE = timedelta(minutes=5)
    # A report that took its worker down this often is not tried again by itself.
    MAX_ATTEMPTS = 3

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="reports")
    fingerprint = models.CharField(
        max_length=64, help_text="Hash of the responses and the plan it was computed from."
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    poked_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker was last told to compute it."
    )
    document = models.JSONField(null=True, blank=True, help_text="Tables and figures.")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            known("state", ReportState, "report_state_known"),
            models.UniqueConstraint(fields=["study", "fingerprint"], name="report_unique_per_fingerprint"),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease_expires_at__isnull=False),
                name="report_running_has_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(document__isnull=False, finished_at__isnull=False),
                name="report_ready_has_document",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error=""), name="report_failed_has_error"
            ),
        ]

    def __str__(self):
        return f"report of {self.study}, {self.created_at:%Y-%m-%d %H:%M}"

    def take(self) -> bool:
        """Give it to a worker; False if there is nothing to do, or another one is at it."""
        taken = (
            Report.objects.claimable()
            .filter(pk=self.pk)
            .update(
                state=self.State.RUNNING,
                lease_expires_at=timezone.now() + self.LEASE,
                attempts=F("attempts") + 1,
            )
        )
        if taken:
            self.refresh_from_db()
        return bool(taken)

    def adopt(self, fingerprint: str) -> bool:
        """Let an unfinished report be the one of another state of the data; False if that state has one, or
        it is finished."""
        try:
            with transaction.atomic():
                moved = self._unfinished().update(fingerprint=fingerprint)
        except IntegrityError:
            return False
        if moved:
            self.fingerprint = fingerprint
        return bool(moved)

    def mark_ready(self, document: dict) -> bool:
        return self._finish(state=self.State.READY, document=document, error="")

    def mark_failed(self, error: str) -> bool:
        return self._finish(state=self.State.FAILED, error=error)

    def requeue(self) -> bool:
        """Let a failed report be computed again; False if it had not failed."""
        return bool(
            Report.objects.filter(pk=self.pk, state=self.State.FAILED).update(
                state=self.State.QUEUED, attempts=0, error="", finished_at=None
            )
        )

    def discard(self) -> bool:
        """Delete an unfinished report; False if it is finished."""
        deleted, _ = self._unfinished().delete()
        return bool(deleted)

    def _finish(self, **fields) -> bool:
        return bool(self._unfinished().update(finished_at=timezone.now(), lease_expires_at=None, **fields))

    def _unfinished(self) -> models.QuerySet:
        """Itself, as long as nobody finished it or let it be the report of other data. Whose lease it is does
        not matter: of the same data every worker computes the same, and the first one to finish is kept."""
        return Report.objects.unfinished().filter(pk=self.pk, fingerprint=self.fingerprint)
