"""An assignment is one annotator's place on one task. Places are rows, made when the study opens.

A place forgets who lost it or gave it back; a sighting does not.
"""

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from annotations.models.annotators import Annotator
from annotations.models.studies import Study, Task


class AssignmentQuerySet(models.QuerySet):
    def claimable(self):
        """Nobody's, or held by someone whose lease has run out."""
        expired = Q(state=Assignment.State.CLAIMED, lease_expires_at__lt=timezone.now())
        return self.filter(Q(state=Assignment.State.OPEN) | expired)

    def claimable_by(self, annotator: Annotator, study: Study):
        """The places this person may have, the next one first: on tasks this person has not seen."""
        seen = Sighting.objects.filter(task__study=study, annotator=annotator).values("task")
        return (
            self.claimable().filter(study=study).exclude(task__in=seen).order_by("replica", "task__position")
        )


class Assignment(models.Model):
    class State(models.TextChoices):
        OPEN = "open", "open"
        CLAIMED = "claimed", "claimed"
        SUBMITTED = "submitted", "submitted"

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="assignments")
    # Kept beside task.study so that a claim reads one index.
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="assignments")
    replica = models.PositiveIntegerField(help_text="Which of the task's places, from 0.")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    annotator = models.ForeignKey(
        Annotator, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["study", "replica", "task__position"]
        constraints = [
            models.UniqueConstraint(fields=["task", "replica"], name="assignment_replica_unique_on_task"),
            models.UniqueConstraint(
                fields=["task", "annotator"],
                condition=Q(annotator__isnull=False),
                name="assignment_annotator_sees_task_once",
            ),
            models.CheckConstraint(
                condition=Q(state="open", annotator__isnull=True)
                | Q(state="claimed", annotator__isnull=False, lease_expires_at__isnull=False)
                | Q(state="submitted", annotator__isnull=False, submitted_at__isnull=False),
                name="assignment_state_has_annotator",
            ),
        ]
        indexes = [
            models.Index(fields=["study", "state", "replica"], name="assignment_claim"),
            models.Index(fields=["study", "annotator"], name="assignment_of_annotator"),
        ]

    def __str__(self):
        return f"{self.task} · place {self.replica + 1}"

    @transaction.atomic
    def take(self, annotator: Annotator, lease_expires_at) -> bool:
        """Give this place to one annotator, in one conditional update; False if somebody else was quicker.

        Raises IntegrityError, and takes nothing, if this annotator was given the task before.
        """
        taken = (
            Assignment.objects.claimable()
            .filter(pk=self.pk)
            .update(
                state=self.State.CLAIMED,
                annotator=annotator,
                claimed_at=timezone.now(),
                lease_expires_at=lease_expires_at,
            )
        )
        if taken:
            Sighting.objects.create(task_id=self.task_id, annotator=annotator)
        return bool(taken)

    def mark_submitted(self, annotator: Annotator) -> bool:
        """Finish the place; False if it is not this annotator's (any more). An expired lease does not matter
        as long as nobody else has taken the place."""
        return bool(
            Assignment.objects.filter(pk=self.pk, annotator=annotator, state=self.State.CLAIMED).update(
                state=self.State.SUBMITTED, submitted_at=timezone.now()
            )
        )


class Sighting(models.Model):
    """This annotator was given this task, and is never given it again: not after the lease ran out, nor after
    the place was given back."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="sightings")
    annotator = models.ForeignKey(Annotator, on_delete=models.CASCADE, related_name="sightings")
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["annotator", "pk"]
        constraints = [
            # The annotator first: what is looked up is what one person has seen.
            models.UniqueConstraint(fields=["annotator", "task"], name="sighting_once_per_task"),
        ]

    def __str__(self):
        return f"{self.task} seen by {self.annotator}"
