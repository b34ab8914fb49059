"""Prompts and what was made of them: prompt set → prompt → word; checkpoint, generation run → generation."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from daamweb.constraints import known
from generation.daam.heat_maps import GlobalHeatMap


class ParseState(models.TextChoices):
    NOT_ASKED = "not_asked", "not parsed"
    QUEUED = "queued", "waiting for the parser"
    PARSED = "parsed", "parsed"
    FAILED = "failed", "failed"


class PromptSet(models.Model):
    """Prompts with one origin and one recipe."""

    ParseState = ParseState

    name = models.CharField(max_length=100, unique=True)
    origin = models.CharField(
        max_length=30, help_text="How the prompts came here: a file's format or a builder's name."
    )
    recipe = models.JSONField(
        default=dict, help_text="Everything needed to make the set again: file, options, seed."
    )
    parser = models.CharField(
        max_length=200, blank=True, help_text="Name and version of the parser of its words."
    )
    parse_state = models.CharField(max_length=10, choices=ParseState, default=ParseState.NOT_ASKED)
    parse_error = models.TextField(blank=True)
    parse_attempts = models.PositiveIntegerField(default=0, editable=False)
    poked_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker was last told to parse it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [known("parse_state", ParseState, "prompt_set_parse_state_known")]

    def __str__(self):
        return self.name


class Prompt(models.Model):
    """A text given to the model."""

    prompt_set = models.ForeignKey(PromptSet, on_delete=models.CASCADE, related_name="prompts")
    position = models.PositiveIntegerField(help_text="Its place in the set, from 0.")
    external_id = models.CharField(
        max_length=255, help_text="Its id in the file it came from, unique in the set."
    )
    text = models.TextField()
    metadata = models.JSONField(
        default=dict, blank=True, help_text="Other columns of the file; the nouns of a pair."
    )

    class Meta:
        ordering = ["prompt_set", "position"]
        constraints = [
            models.UniqueConstraint(fields=["prompt_set", "position"], name="prompt_position_unique_in_set"),
            models.UniqueConstraint(
                fields=["prompt_set", "external_id"], name="prompt_external_id_unique_in_set"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="prompt_text_not_empty"),
        ]

    def __str__(self):
        return self.text if len(self.text) <= 80 else f"{self.text[:79]}…"


class Word(models.Model):
    """A linguistic unit of a prompt, identified by its place: a prompt may say "a dog and a dog"."""

    class Role(models.TextChoices):
        NONE = "", "—"
        TARGET = "target", "to be rated"
        ATTENTION_CHECK = "attention_check", "attention check"

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="words")
    position = models.PositiveIntegerField(help_text="Its place among the prompt's words, from 0.")
    start = models.PositiveIntegerField(help_text="Offset of its first character in the prompt's text.")
    end = models.PositiveIntegerField(help_text="Offset after its last character.")
    text = models.TextField()
    lemma = models.TextField(blank=True)
    # The labels come from treebanks and parsers of any language, which set no limit to their length.
    part_of_speech = models.TextField(help_text="Universal part of speech, such as NOUN.")
    tag = models.TextField(blank=True, help_text="The parser's fine-grained tag.")
    head = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="dependents",
        help_text="Empty for the root.",
    )
    relation = models.TextField(blank=True, help_text="Universal Dependencies relation to the head.")
    enhanced_relation = models.TextField(blank=True, help_text="Such as nmod:of or conj:and.")
    role = models.CharField(max_length=20, choices=Role, blank=True, default=Role.NONE)

    class Meta:
        ordering = ["prompt", "position"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "position"], name="word_position_unique_in_prompt"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="word_span_not_empty"),
        ]

    def __str__(self):
        return f"{self.text} ({self.part_of_speech})"


class Checkpoint(models.Model):
    """Weights on a hub or a disk."""

    class DataType(models.TextChoices):
        FLOAT32 = "float32", "float32"
        FLOAT16 = "float16", "float16 (GPU)"
        BFLOAT16 = "bfloat16", "bfloat16 (GPU)"

    name = models.CharField(max_length=100, unique=True)
    source = models.CharField(
        max_length=500, help_text="A hub id such as stabilityai/stable-diffusion-2-base, or a folder."
    )
    revision = models.CharField(
        max_length=100, blank=True, help_text="Branch, tag or commit on the hub; empty: the latest."
    )
    data_type = models.CharField(max_length=10, choices=DataType, default=DataType.FLOAT32)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class GenerationRun(models.Model):
    """A prompt set × a checkpoint × settings × seeds. The defaults are the paper's (appendix A.1)."""

    class Scheduler(models.TextChoices):
        DPM_SOLVER = "dpm-solver++", "DPM-Solver++ multistep"
        DDIM = "ddim", "DDIM"
        EULER = "euler", "Euler"
        EULER_ANCESTRAL = "euler-a", "Euler ancestral"
        PNDM = "pndm", "PNDM"

    name = models.CharField(max_length=100, unique=True)
    prompt_set = models.ForeignKey(PromptSet, on_delete=models.PROTECT, related_name="runs")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="runs")
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
    poked_at = models.DateTimeField(null=True, blank=True, help_text="When workers were last told of it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "name"]
        constraints = [
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
        ]

    def __str__(self):
        return self.name


class GenerationQuerySet(models.QuerySet):
    def claimable(self):
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

    def __str__(self):
        return f"{self.prompt} · seed {self.seed}"

    def load_heat_maps(self) -> GlobalHeatMap:
        """Read the stored heat maps (numpy only, no torch)."""
        with self.heat_maps.open("rb") as file:
            return GlobalHeatMap.load(file)

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
