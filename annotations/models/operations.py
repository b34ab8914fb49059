"""What has to be done beside the pages: open a study, hold it against its plan, act on a platform."""

from django.db import models
from django.db.models import Q

from annotations.models.annotators import Platform
from annotations.models.participations import Visit
from annotations.models.studies import Study
from daamweb.constraints import known
from daamweb.work.models import Work


class Opening(Work):
    """Freezes a draft in slices: rows and files are verified, places made, the plan written."""

    JOB = "annotations.jobs.run_opening"
    UNIT = "steps"  # two for each task
    PROJECT_PATHS = ("study__project",)

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="openings")
    plan_sha256 = models.CharField(
        max_length=64,
        blank=True,
        help_text="Of the plan that it froze, so that a change is noticed.",
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(
                fields=["study"], condition=Q(state__in=("queued", "running")), name="opening_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"opening of {self.study}"


class Verification(Work):
    """Holds a frozen study's rows and files against its plan."""

    JOB = "annotations.jobs.run_verification"
    UNIT = "steps"  # two for each task
    PROJECT_PATHS = ("study__project",)

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="verifications")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(
                fields=["study"],
                condition=Q(state__in=("queued", "running")),
                name="verification_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"verification of {self.study}"


class Operation(Work):
    """What has to happen outside, on a platform: an outbox. Services write it with what it belongs to; the
    platform's adapter carries it out, with `token` written down before the call."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="operations")
    platform = models.CharField(max_length=20, choices=Platform)
    kind = models.CharField(max_length=30, help_text="What to do, as the adapter names it.")
    target = models.CharField(
        max_length=200, blank=True, help_text="What to do it with, in the platform's ids."
    )
    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, null=True, blank=True, related_name="operations"
    )
    decides = models.BooleanField(default=False, help_text="A verdict on the visit: accept, reject or pay.")
    token = models.CharField(max_length=64, unique=True, help_text="Deterministic: sent twice, it acts once.")
    payload = models.JSONField(default=dict, blank=True)
    first_sent_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            *Work.Meta.constraints,
            known("platform", Platform, "operation_platform_known"),
            models.CheckConstraint(condition=~Q(kind="") & ~Q(token=""), name="operation_has_kind_and_token"),
            models.CheckConstraint(
                condition=Q(decides=False) | Q(visit__isnull=False), name="operation_decides_on_a_visit"
            ),
            models.UniqueConstraint(
                fields=["visit"],
                condition=Q(decides=True, state__in=("queued", "running", "uncertain")),
                name="operation_one_open_decision_on_a_visit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}".strip()
