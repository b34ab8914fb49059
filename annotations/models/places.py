"""A place is one of the answers that an item or a control asks for: task × replica."""

from typing import Self

from django.db import models
from django.db.models import Q

from annotations.models.participations import Participation
from annotations.models.studies import Study
from annotations.models.tasks import Task


class PlaceQuerySet(models.QuerySet["Place"]):
    def open(self) -> Self:
        """Nobody holds or filled them."""
        return self.filter(turn__isnull=True)


class Place(models.Model):
    """`turn` alone says who holds or filled it. A reservation is the next picture of somebody's page and
    never a turn: others may take the place when nothing else is open."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="places")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, db_index=False, related_name="places")
    replica = models.PositiveIntegerField(help_text="Which of the task's places, from 0.")
    order = models.PositiveBigIntegerField(
        help_text="Where it stands on the study's ring: all tasks' first places come first."
    )
    # One-to-one both, by constraints that leave the empty ones out: in an index of these, too, SQLite would
    # look all open places up, and sort them.
    turn = models.ForeignKey(
        "Assignment",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="held_place",
    )
    reserved_for = models.ForeignKey(
        Participation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="reservation",
    )
    reserved_until = models.DateTimeField(null=True, blank=True)

    objects = PlaceQuerySet.as_manager()

    class Meta:
        # Not by the study itself: that would join its row, and whoever locks a place would lock it, too.
        ordering = ["study_id", "order"]
        constraints = [
            models.UniqueConstraint(fields=["task", "replica"], name="place_replica_unique_on_task"),
            models.UniqueConstraint(
                fields=["turn"], condition=Q(turn__isnull=False), name="place_of_one_turn"
            ),
            models.UniqueConstraint(
                fields=["reserved_for"],
                condition=Q(reserved_for__isnull=False),
                name="place_one_reserved_for_a_person",
            ),
            models.CheckConstraint(
                condition=Q(reserved_for__isnull=True, reserved_until__isnull=True)
                | Q(reserved_for__isnull=False, reserved_until__isnull=False, turn__isnull=True),
                name="place_reserved_is_open",
            ),
        ]
        indexes = [
            # What a claim walks along: open places, in the order of the ring.
            models.Index(fields=["study", "order"], condition=Q(turn__isnull=True), name="place_open"),
            models.Index(
                fields=["study", "reserved_until"],
                condition=Q(reserved_for__isnull=False),
                name="place_reserved",
            ),
        ]

    def __str__(self) -> str:
        return f"place {self.replica + 1} of {self.task}"
