"""A task is one thing to judge: one image, and for attribution one of its words."""

from django.db import models
from django.db.models import Q

from annotations.models.studies import Study
from daamweb.constraints import known
from generation.models import Generation, Word


class TaskRole(models.TextChoices):
    ITEM = "item", "item"
    # An item with a deliberately wrong heat map.
    CONTROL = "control", "control"
    # The answer is known: attention check, gold.
    CHECK = "check", "check"
    PRACTICE = "practice", "practice"


class Task(models.Model):
    Role = TaskRole

    # These have places; checks and practice are offered to everybody by a schedule.
    WITH_PLACES = (Role.ITEM, Role.CONTROL)

    study = models.ForeignKey(Study, on_delete=models.CASCADE, db_index=False, related_name="tasks")
    position = models.PositiveIntegerField(
        help_text="Its number in the study, from 0, shuffled when the study was built."
    )
    rank = models.PositiveIntegerField(help_text="Its number among the study's tasks of its role, from 0.")
    role = models.CharField(max_length=10, choices=Role, default=Role.ITEM)
    variant = models.CharField(
        max_length=40,
        blank=True,
        help_text="Which of several tasks of one word and role, such as a control's map.",
    )
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="tasks")
    word = models.ForeignKey(Word, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks")
    payload = models.JSONField(default=dict, help_text="What the page shows, as the kind made it.")
    sha256 = models.CharField(
        max_length=64, help_text="Hash of what is judged, pictures included, when the task was built."
    )

    class Meta:
        ordering = ["study_id", "position"]
        constraints = [
            known("role", TaskRole, "task_role_known"),
            models.UniqueConstraint(fields=["study", "position"], name="task_position_unique_in_study"),
            models.UniqueConstraint(fields=["study", "role", "rank"], name="task_rank_unique_in_role"),
            # Two, since a task without a word would be equal to no other task.
            models.UniqueConstraint(
                fields=["study", "generation", "word", "role", "variant"],
                condition=Q(word__isnull=False),
                name="task_of_word_unique_in_study",
            ),
            models.UniqueConstraint(
                fields=["study", "generation", "role", "variant"],
                condition=Q(word__isnull=True),
                name="task_of_image_unique_in_study",
            ),
            models.CheckConstraint(condition=~Q(sha256=""), name="task_has_hash"),
        ]

    def __str__(self) -> str:
        return f"task {self.position + 1}"
