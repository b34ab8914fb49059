"""One image of a run, with its heat maps: leased work, of which a worker takes a batch under one claim."""

from datetime import datetime
from io import BytesIO
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from daamweb.work.models import Work, WorkManager, WorkQuerySet, untold
from daamweb.work.slices import stored_slice
from generation.daam.heat_maps import GlobalHeatMap
from generation.models.prompts import Prompt
from generation.models.runs import GenerationRun

UPDATED_AT_ONCE = 5_000


class GenerationQuerySet(WorkQuerySet["Generation"]):
    def fail_claimable(self, error: str) -> int:
        """Record why nobody can make them; return how many there were."""
        return self.claimable()._update_in_slices(**_ended(Generation.State.FAILED), error=error)

    def waiting(self) -> Self:
        """Those that no worker has in hand, a dead worker's too."""
        unfinished = self.unfinished()  # which the index of runs and states finds, of a run
        dropped = Q(pk__in=unfinished.claimable().values("pk"))
        return unfinished.filter(Q(state=Generation.State.QUEUED) | dropped)

    def cancel_waiting(self) -> int:
        """Return how many there were."""
        return self.waiting()._update_in_slices(**_ended(Generation.State.CANCELLED))

    def requeue_ended(self) -> int:
        """Let those that failed or were cancelled be tried again; return how many there were."""
        ended = self.filter(state__in=(Generation.State.FAILED, Generation.State.CANCELLED))
        return ended._update_in_slices(
            state=Generation.State.QUEUED, attempts=0, error="", finished_at=None, checkpoint_revision=""
        )

    def _update_in_slices(self, **fields: Any) -> int:
        """Of rows that are none of these any more once they are updated; return how many there were."""
        rows, updated = self.order_by("pk"), 0
        while some := list(rows.values_list("pk", flat=True)[:UPDATED_AT_ONCE]):
            with stored_slice():
                updated += rows.filter(pk__range=(some[0], some[-1])).update(**fields)
        return updated


def _ended(state: str) -> dict[str, Any]:
    return {"state": state, "claim": None, "lease_expires_at": None, "finished_at": timezone.now()}


class GenerationManager(WorkManager["Generation"]):
    """Written out, as its parent."""

    def get_queryset(self) -> GenerationQuerySet:
        return GenerationQuerySet(self.model, using=self._db)

    def fail_claimable(self, error: str) -> int:
        return self.get_queryset().fail_claimable(error)

    def waiting(self) -> GenerationQuerySet:
        return self.get_queryset().waiting()

    def cancel_waiting(self) -> int:
        return self.get_queryset().cancel_waiting()

    def requeue_ended(self) -> int:
        return self.get_queryset().requeue_ended()


class Generation(Work):
    """One image of a run, with its heat maps."""

    JOB = "generation.jobs.generate_batch"  # takes a run's key
    LEASE = settings.GENERATION_LEASE
    PROJECT_PATHS = ("run__project",)

    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="generations")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="generations")
    seed = models.PositiveBigIntegerField()

    image = models.ImageField(upload_to="generations", blank=True, width_field="width", height_field="height")
    heat_maps = models.FileField(upload_to="generations", blank=True)
    image_sha256 = models.CharField(max_length=64, blank=True)
    heat_maps_sha256 = models.CharField(max_length=64, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    checkpoint_revision = models.CharField(
        max_length=100,
        blank=True,
        help_text="Commit on the hub, or hash of the folder; written down once it is loaded.",
    )
    versions = models.JSONField(default=dict, blank=True, help_text="Libraries and device that made it.")
    seconds = models.FloatField(
        null=True, blank=True, help_text="Time taken; a batch's time is shared among its images."
    )

    objects: ClassVar[GenerationManager] = GenerationManager()

    class Meta:
        ordering = ["run", "prompt__position", "seed"]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(fields=["run", "prompt", "seed"], name="generation_unique_in_run"),
            models.CheckConstraint(
                condition=Q(seconds__isnull=True) | (Q(seconds__gte=0) & Q(seconds__lte=1e9)),
                name="generation_seconds_in_range",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | (~Q(image="") & ~Q(heat_maps="")),
                name="generation_done_has_files",
            ),
        ]
        indexes = [models.Index(fields=["run", "state"], name="generation_run_state")]

    def __str__(self) -> str:
        return f"{self.prompt} · seed {self.seed}"

    @classmethod
    def to_tell(cls, since: datetime) -> models.QuerySet[Any]:
        """The runs that have something to do. Those of an archived project wait."""
        waiting = cls.objects.claimable().filter(run=OuterRef("pk"))
        runs = GenerationRun.objects.filter(untold(since), project__archived_at=None, set_aside_at=None)
        return runs.filter(Q(written__lt=F("images")) | Exists(waiting))

    def load_heat_maps(self) -> GlobalHeatMap:
        """Read the stored heat maps (numpy only, no torch)."""
        with self.heat_maps.open("rb") as file:
            return GlobalHeatMap.load(BytesIO(file.read()))

    def mark_made(self, **made: Any) -> bool:
        """Write down what came of it and finish it; False if it is not this process's any more."""
        return bool(self._mine().update(**_ended(self.State.DONE), error="", **made))
