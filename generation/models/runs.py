"""A generation run: a prompt set × a checkpoint × settings × seeds."""

from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from daamweb.projects.models import Project
from daamweb.work.models import untold
from generation.models.checkpoints import Checkpoint
from generation.models.prompts import PromptSet


class GenerationRun(models.Model):
    """A prompt set × a checkpoint × settings × seeds. The defaults are the paper's (appendix A.1).

    What the checkpoint was called, where it came from and how it is read is copied when the run is made, and
    never changed: that is what its images are made with, and what pages, plans and reports say."""

    class Scheduler(models.TextChoices):
        DPM_SOLVER = "dpm-solver++", "DPM-Solver++ multistep"
        DDIM = "ddim", "DDIM"
        EULER = "euler", "Euler"
        EULER_ANCESTRAL = "euler-a", "Euler ancestral"
        PNDM = "pndm", "PNDM"

    PROJECT_PATHS = ("project",)

    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, editable=False, db_index=False, related_name="runs"
    )
    name = models.CharField(max_length=100)
    prompt_set = models.ForeignKey(PromptSet, on_delete=models.PROTECT, related_name="runs")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="runs")
    checkpoint_name = models.CharField(max_length=Checkpoint.LONGEST_NAME, editable=False)
    checkpoint_source = models.CharField(max_length=Checkpoint.LONGEST_SOURCE, editable=False)
    checkpoint_revision = models.CharField(
        max_length=Checkpoint.LONGEST_REVISION,
        blank=True,
        editable=False,
        help_text="Branch, tag or commit that was asked for; empty: the latest.",
    )
    checkpoint_data_type = models.CharField(max_length=10, choices=Checkpoint.DataType, editable=False)
    seeds = models.JSONField(help_text="One image per prompt and seed.")
    vary_seeds = models.BooleanField(
        default=False,
        help_text=(
            "Every prompt gets seeds of its own, counted on from these, so that a prompt that stands in the "
            "set several times gives different images."
        ),
    )
    num_inference_steps = models.PositiveIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    guidance_scale = models.FloatField(default=7.5, validators=[MinValueValidator(0), MaxValueValidator(100)])
    scheduler = models.CharField(max_length=20, choices=Scheduler, default=Scheduler.DPM_SOLVER)
    batch_size = models.PositiveIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(64)],
        help_text="Images made at once by one worker.",
    )
    images = models.PositiveIntegerField(default=0, editable=False, help_text="How many it asks for.")
    written = models.PositiveIntegerField(
        default=0, editable=False, help_text="How many of them are written down: a worker does so in slices."
    )
    set_aside_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since when it is being erased."
    )
    poked_at = models.DateTimeField(null=True, blank=True, help_text="When workers were last told of it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="run_name_unique_in_project"),
            models.CheckConstraint(
                condition=~Q(checkpoint_name="") & ~Q(checkpoint_source=""), name="run_says_its_checkpoint"
            ),
            models.CheckConstraint(
                condition=Q(num_inference_steps__gte=1) & Q(num_inference_steps__lte=1000),
                name="run_steps_in_range",
            ),
            models.CheckConstraint(
                condition=Q(guidance_scale__gte=0) & Q(guidance_scale__lte=100),
                name="run_guidance_scale_in_range",
            ),
            models.CheckConstraint(
                condition=Q(batch_size__gte=1) & Q(batch_size__lte=64), name="run_batch_size_in_range"
            ),
            models.CheckConstraint(condition=Q(written__lte=F("images")), name="run_written_at_most_all"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def obstacle(self) -> str:
        """What keeps others from building on it, behind its name in a sentence; empty for a whole one."""
        if self.set_aside_at is not None:
            return "is being erased"
        if self.written < self.images:
            return "is being written down by a worker at the moment; wait until that is done"
        return ""

    def mark_poked(self, unless_since: datetime | None = None) -> bool:
        """Note that workers are being told of it; False if they have been told since `unless_since`."""
        waiting = GenerationRun.objects.filter(pk=self.pk)
        if unless_since is not None:
            waiting = waiting.filter(untold(unless_since))
        return bool(waiting.update(poked_at=timezone.now()))

    def mark_untold(self) -> None:
        """Nobody could be told of it: the broker was out of reach."""
        GenerationRun.objects.filter(pk=self.pk).update(poked_at=None)
