"""A study is a design and its tasks; a task is one thing to judge."""

import math
import secrets
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from generation.models import Generation, GenerationRun, Word


def new_slug() -> str:
    """An address that cannot be guessed: whoever has the link may take part."""
    return secrets.token_urlsafe(9)


def new_pseudonym_key() -> str:
    return secrets.token_hex(16)


class Study(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        OPEN = "open", "open"
        PAUSED = "paused", "paused"
        CLOSED = "closed", "closed"

    name = models.CharField(max_length=100, unique=True)
    # Pseudonyms in exports hang on it and on nothing else, so they stay the same as long as the study exists.
    pseudonym_key = models.CharField(max_length=32, default=new_pseudonym_key, editable=False)
    slug = models.CharField(max_length=32, unique=True, default=new_slug, editable=False)
    kind = models.CharField(max_length=30, help_text="What sort of task; see annotations/kinds.")
    run = models.ForeignKey(GenerationRun, on_delete=models.PROTECT, related_name="studies")
    title = models.CharField(max_length=200, help_text="What annotators see at the top.")
    consent = models.TextField(help_text="What annotators agree to before they begin.")
    instructions = models.TextField()
    replicas = models.PositiveIntegerField(
        default=3, validators=[MinValueValidator(1), MaxValueValidator(100)], help_text="Annotators per task."
    )
    share_cap = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.001), MaxValueValidator(1)],
        help_text="Largest share of all places that one annotator may take, such as 0.16; empty: no cap.",
    )
    lease_minutes = models.PositiveIntegerField(
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 60)],
        help_text="A place that nobody finished within this time goes to someone else.",
    )
    options = models.JSONField(
        default=dict, blank=True, help_text="Options of the kind, such as the list of objects."
    )
    recipe = models.JSONField(
        default=dict, blank=True, help_text="What else it was built with: the seed of the order of its tasks."
    )
    left_out = models.JSONField(default=list, blank=True, help_text="What could not be made a task, and why.")

    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    plan = models.JSONField(
        null=True, blank=True, editable=False, help_text="What was frozen when the study opened."
    )
    plan_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "name"]
        verbose_name_plural = "studies"
        constraints = [
            models.CheckConstraint(condition=Q(replicas__gte=1), name="study_replicas_at_least_one"),
            models.CheckConstraint(condition=Q(lease_minutes__gte=1), name="study_lease_at_least_a_minute"),
            models.CheckConstraint(
                condition=Q(share_cap__isnull=True) | (Q(share_cap__gt=0) & Q(share_cap__lte=1)),
                name="study_share_cap_in_range",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | (Q(opened_at__isnull=False) & ~Q(plan_sha256="")),
                name="study_opened_has_plan",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_at__isnull=False), name="study_closed_has_time"
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("annotations:start", args=[self.slug])

    def share_in_places(self, places: int) -> int | None:
        """How many of the study's `places` the share cap leaves to one annotator; None: there is no cap.

        Exact, as the cap is written: as binary floats, 0.29 × 100 is a little less than 29.
        """
        if self.share_cap is None:
            return None
        return math.floor(Decimal(str(self.share_cap)) * places)

    def move(self, *, to: str, among: tuple[str, ...], **fields) -> bool:
        """Change the state in one conditional update; False if it was none of the states `among`."""
        moved = Study.objects.filter(pk=self.pk, state__in=among).update(state=to, **fields)
        if moved:
            self.refresh_from_db()
        return bool(moved)

    def mark_open(self, *, plan: dict, plan_sha256: str) -> bool:
        return self.move(
            to=self.State.OPEN,
            among=(self.State.DRAFT,),
            plan=plan,
            plan_sha256=plan_sha256,
            opened_at=timezone.now(),
        )

    def mark_paused(self) -> bool:
        return self.move(to=self.State.PAUSED, among=(self.State.OPEN,))

    def mark_resumed(self) -> bool:
        return self.move(to=self.State.OPEN, among=(self.State.PAUSED,))

    def mark_closed(self) -> bool:
        return self.move(
            to=self.State.CLOSED, among=(self.State.OPEN, self.State.PAUSED), closed_at=timezone.now()
        )


class Task(models.Model):
    """One thing to judge: one image, and for attribution one of its words."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="tasks")
    position = models.PositiveIntegerField(
        help_text="Its place in the study, from 0, shuffled when the study was built."
    )
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="tasks")
    word = models.ForeignKey(Word, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks")
    is_attention_check = models.BooleanField(
        default=False, help_text="Has a known answer; never enters the analysis."
    )
    payload = models.JSONField(default=dict, help_text="What the page shows, as the kind made it.")

    class Meta:
        ordering = ["study", "position"]
        constraints = [
            models.UniqueConstraint(fields=["study", "position"], name="task_position_unique_in_study"),
            models.UniqueConstraint(
                fields=["study", "generation", "word"],
                condition=Q(word__isnull=False),
                name="task_of_word_unique_in_study",
            ),
            models.UniqueConstraint(
                fields=["study", "generation"],
                condition=Q(word__isnull=True),
                name="task_of_image_unique_in_study",
            ),
        ]

    def __str__(self):
        return f"{self.study} · task {self.position + 1}"
