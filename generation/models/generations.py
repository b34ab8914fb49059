"""One image of a run, with its heat maps."""

import uuid
from io import BytesIO
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from daamweb.constraints import known
from generation.daam.heat_maps import GlobalHeatMap
from generation.models.prompts import Prompt
from generation.models.runs import GenerationRun


class GenerationQuerySet(models.QuerySet["Generation"]):
    def claimable(self) -> Self:
        """Waiting, or in the hands of a worker that has not reported for a whole lease."""
        dropped = Q(state=Generation.State.RUNNING, lease_expires_at__lt=timezone.now())
        return self.filter(Q(state=Generation.State.QUEUED) | dropped)

    def fail_claimable(self, error: str) -> int:
        """Record why nobody can make them; return how many there were."""
        return self.claimable().update(
            state=Generation.State.FAILED,
            claim=None,
            lease_expires_at=None,
            error=error,
            finished_at=timezone.now(),
        )

    def requeue_failed(self) -> int:
        """Let the failed ones be tried again; return how many there were."""
        return self.filter(state=Generation.State.FAILED).update(
            state=Generation.State.QUEUED, attempts=0, error="", finished_at=None
        )


class GenerationState(models.TextChoices):
    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    SUCCEEDED = "succeeded", "succeeded"
    FAILED = "failed", "failed"


class Generation(models.Model):
    """One image of a run, with its heat maps."""

    State = GenerationState

    PROJECT_PATHS = ("run__project",)
    # A generation that took its worker down this often is not tried again by itself.
    MAX_ATTEMPTS = 3

    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="generations")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="generations")
    seed = models.PositiveBigIntegerField()

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    claim = models.UUIDField(null=True, blank=True, editable=False, help_text="Whose it is while it runs.")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    image = models.ImageField(upload_to="generations", blank=True, width_field="width", height_field="height")
    heat_maps = models.FileField(upload_to="generations", blank=True)
    image_sha256 = models.CharField(max_length=64, blank=True)
    heat_maps_sha256 = models.CharField(max_length=64, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    checkpoint_revision = models.CharField(
        max_length=100, blank=True, help_text="Commit on the hub, or hash of the folder."
    )
    versions = models.JSONField(default=dict, blank=True, help_text="Libraries and device that made it.")
    seconds = models.FloatField(
        null=True, blank=True, help_text="Time taken; a batch's time is shared among its images."
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ["run", "prompt__position", "seed"]
        constraints = [
            known("state", GenerationState, "generation_state_known"),
            models.UniqueConstraint(fields=["run", "prompt", "seed"], name="generation_unique_in_run"),
            models.CheckConstraint(
                condition=Q(seconds__isnull=True) | (Q(seconds__gte=0) & Q(seconds__lte=1e9)),
                name="generation_seconds_in_range",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | (Q(claim__isnull=False) & Q(lease_expires_at__isnull=False)),
                name="generation_running_has_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded")
                | (~Q(image="") & ~Q(heat_maps="") & Q(finished_at__isnull=False)),
                name="generation_succeeded_has_files",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(error=""), name="generation_failed_has_error"
            ),
        ]
        indexes = [models.Index(fields=["run", "state"], name="generation_run_state")]

    def __str__(self) -> str:
        return f"{self.prompt} · seed {self.seed}"

    def load_heat_maps(self) -> GlobalHeatMap:
        """Read the stored heat maps (numpy only, no torch)."""
        with self.heat_maps.open("rb") as file:
            return GlobalHeatMap.load(BytesIO(file.read()))

    def take(self, claim: uuid.UUID) -> bool:
        """Give it to one worker; False if another has it or nothing is to be done."""
        return bool(
            Generation.objects.claimable()
            .filter(pk=self.pk)
            .update(
                state=self.State.RUNNING,
                claim=claim,
                lease_expires_at=timezone.now() + settings.GENERATION_LEASE,
                attempts=F("attempts") + 1,
                error="",
            )
        )

    def mark_failed(self, claim: uuid.UUID, error: str) -> bool:
        """Record why it failed; False if it is no longer this worker's."""
        return bool(
            Generation.objects.filter(pk=self.pk, state=self.State.RUNNING, claim=claim).update(
                state=self.State.FAILED,
                claim=None,
                lease_expires_at=None,
                error=error,
                finished_at=timezone.now(),
            )
        )
