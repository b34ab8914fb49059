"""A report is what the site computed of one study or one run by one analysis, from one state of its data; an
export is a file of a study's answers."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotations.models import Study
from daamweb.constraints import known
from daamweb.work.models import Work
from generation.models import GenerationRun

_UNFINISHED = Q(state__in=("queued", "running"))


class Report(Work):
    """Leased work whose outcome is a file. Of every study or run and analysis the newest is kept: one that is
    done, and one that is asked for."""

    JOB = "evaluation.jobs.compute_report"
    UNIT = "images"
    PROJECT_PATHS = ("study__project", "run__project")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, null=True, blank=True, related_name="reports")
    run = models.ForeignKey(
        GenerationRun, on_delete=models.CASCADE, null=True, blank=True, related_name="reports"
    )
    analysis = models.CharField(max_length=50, help_text="Its key; see evaluation/analyses.")
    fingerprint = models.CharField(
        max_length=64,
        blank=True,
        db_index=True,
        help_text="Names the state of the data that it was computed from.",
    )
    file = models.FileField(upload_to="results", blank=True, help_text="Tables and figures.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            *Work.Meta.constraints,
            models.CheckConstraint(
                condition=Q(study__isnull=False, run__isnull=True) | Q(study__isnull=True, run__isnull=False),
                name="report_of_study_or_run",
            ),
            models.CheckConstraint(condition=~Q(analysis=""), name="report_has_analysis"),
            models.CheckConstraint(
                condition=~Q(state="done") | (~Q(file="") & ~Q(fingerprint="")), name="report_done_has_file"
            ),
            models.UniqueConstraint(
                fields=["study", "analysis"], condition=_UNFINISHED, name="report_of_study_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["run", "analysis"], condition=_UNFINISHED, name="report_of_run_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["study", "analysis"], condition=Q(state="done"), name="report_of_study_newest"
            ),
            models.UniqueConstraint(
                fields=["run", "analysis"], condition=Q(state="done"), name="report_of_run_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.analysis} of {self.subject}, {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def subject(self) -> Study | GenerationRun:
        """What it reports."""
        if self.study is not None:
            return self.study
        if self.run is not None:
            return self.run
        raise ValueError(f"Report {self.pk} is of no study and of no run.")

    def mark_begun(self, *, fingerprint: str) -> bool:
        """Write down of which data it is computed; False if it is not this process's any more."""
        return bool(self._held().update(fingerprint=fingerprint))

    def mark_kept(self, *, file: str) -> bool:
        """Write down what came of it and finish it; False if it is not this process's any more."""
        return bool(self._held().update(file=file)) and self.finish()

    def _held(self) -> models.QuerySet["Report"]:
        return Report.objects.filter(pk=self.pk, state=self.State.RUNNING, claim=self.claim)

    def discard(self) -> bool:
        """Delete it while this process has it; False if it has it no more."""
        deleted, _ = self._mine().delete()
        return bool(deleted)


class Revisions(models.TextChoices):
    LAST = "last", "the last revision of every answer"
    ALL = "all", "every revision of every answer"


class Export(Work):
    """Leased work whose outcome is a file of a study's answers, and one of its participations, for whoever
    asked. Of every study and person the newest is kept for a day: one that is done, and one that is asked
    for."""

    Revisions = Revisions

    JOB = "evaluation.jobs.write_export"
    UNIT = "answers"
    PROJECT_PATHS = ("study__project",)
    PERSONAL = True
    FOLDER = "exports"
    KEPT = timedelta(days=1)

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="exports")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports")
    revisions = models.CharField(max_length=10, choices=Revisions, default=Revisions.LAST)
    answers = models.PositiveIntegerField(null=True, blank=True, help_text="How many are in the file.")
    file = models.FileField(upload_to=FOLDER, blank=True, help_text="CSV.")
    participations = models.FileField(upload_to=FOLDER, blank=True, help_text="CSV.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            *Work.Meta.constraints,
            known("revisions", Revisions, "export_revisions_known"),
            models.CheckConstraint(
                condition=~Q(state="done") | (~Q(file="") & Q(answers__isnull=False)),
                name="export_done_has_file",
            ),
            models.UniqueConstraint(
                fields=["study", "asked_by"], condition=_UNFINISHED, name="export_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["study", "asked_by"], condition=Q(state="done"), name="export_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"responses of {self.study}"

    @property
    def kept_until(self) -> datetime | None:
        return None if self.finished_at is None else self.finished_at + self.KEPT

    def mark_kept(self, *, file: str, participations: str, answers: int) -> bool:
        """Write down where the files are and finish it; False if it is not this process's any more."""
        held = Export.objects.filter(pk=self.pk, state=self.State.RUNNING, claim=self.claim)
        kept = held.update(file=file, participations=participations, answers=answers)
        return bool(kept) and self.finish()
