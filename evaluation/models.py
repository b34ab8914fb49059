"""A report is what the site computed of one study from one state of its responses."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotations.models import Study


class Report(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        READY = "ready", "ready"
        FAILED = "failed", "failed"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="reports")
    fingerprint = models.CharField(max_length=64, help_text="Hash of the responses and the plan it was computed from.")
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
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(error=""), name="report_failed_has_error"),
        ]

    def __str__(self):
        return f"report of {self.study}, {self.created_at:%Y-%m-%d %H:%M}"

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

    def _finish(self, **fields) -> bool:
        return bool(
            Report.objects.filter(pk=self.pk, state=self.State.QUEUED).update(finished_at=timezone.now(), **fields)
        )
