"""A report is what the site computed of one study from one state of its responses."""

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

from annotations.models import Study


class Report(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        READY = "ready", "ready"
        FAILED = "failed", "failed"

    # Raised when the analysis or the tables change, so that stored reports are computed anew.
    VERSION = 1

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="reports")
    fingerprint = models.CharField(
        max_length=64, help_text="Hash of the responses and the plan it was computed from."
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    document = models.JSONField(null=True, blank=True, help_text="Tables and figures.")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "fingerprint"], name="report_unique_per_fingerprint"),
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

    def adopt(self, fingerprint: str) -> bool:
        """Let a queued report be the one of another state of the data; False if that state has one, or it was
        not queued any more."""
        try:
            with transaction.atomic():
                moved = self._queued().update(fingerprint=fingerprint)
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
                state=self.State.QUEUED, error="", finished_at=None
            )
        )

    def discard(self) -> bool:
        """Delete a queued report; False if it was not queued any more."""
        deleted, _ = self._queued().delete()
        return bool(deleted)

    def _finish(self, **fields) -> bool:
        return bool(self._queued().update(finished_at=timezone.now(), **fields))

    def _queued(self) -> models.QuerySet:
        return Report.objects.filter(pk=self.pk, state=self.State.QUEUED)
