"""An assignment, or turn, is one person's turn at a task. A place may see several turns, one after
another."""

from typing import Self

from django.db import models
from django.db.models import Q

from annotations.models.participations import Participation, Visit
from annotations.models.places import Place
from annotations.models.studies import Study
from annotations.models.tasks import Task
from daamweb.constraints import known


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def analysed(self) -> Self:
        """Submitted in time, and counting."""
        return self.filter(state=Assignment.State.SUBMITTED, counts=True)

    def answered(self) -> Self:
        return self.filter(submitted_at__isnull=False)


class TurnState(models.TextChoices):
    CLAIMED = "claimed", "claimed"
    EXPIRED = "expired", "expired"
    RETURNED = "returned", "returned"
    SUBMITTED = "submitted", "submitted"


class DropReason(models.TextChoices):
    NOT = "", "—"
    EXCLUDED = "excluded", "excluded"
    REJECTED = "rejected", "rejected"
    WITHDRAWN = "withdrawn", "withdrawn"
    # Its place was filled by somebody else meanwhile.
    REPLACED = "replaced", "replaced"
    ERASED = "erased", "erased"


class Assignment(models.Model):
    """`state` says how the turn ended; `counts` whether its answer is analysed, `dropped` why not.

    It has an answer exactly when `submitted_at` is set, and nothing clears that: a late answer is kept on a
    turn that expired or was returned."""

    State = TurnState

    Dropped = DropReason

    # Kept beside task.study, place.study and participation.study so that a study's turns are one index.
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="assignments")
    place = models.ForeignKey(
        Place,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assignments",
        help_text="Empty for checks and practice.",
    )
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="assignments")
    # Without an index of its own, here and elsewhere: a unique constraint begins with it. PostgreSQL would
    # take the smaller index and read all turns of a person where it looks for some.
    participation = models.ForeignKey(
        Participation, on_delete=models.PROTECT, db_index=False, related_name="assignments"
    )
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="assignments")
    number = models.PositiveIntegerField(help_text="The order in which this person was shown it, from 1.")
    in_block = models.BooleanField(default=False, help_text="Claimed together with the others of one HIT.")

    state = models.CharField(max_length=10, choices=State, default=State.CLAIMED)
    claimed_at = models.DateTimeField()
    lease_expires_at = models.DateTimeField()
    extensions = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Expired, returned or submitted.")
    declined = models.BooleanField(
        default=False, help_text="Its person did not want to answer: given back for good."
    )
    set_aside = models.BooleanField(
        default=False, help_text="Its person stopped for now: theirs again if nobody took it meanwhile."
    )
    submitted_at = models.DateTimeField(
        null=True, blank=True, help_text="When the first answer came; later ones are corrections."
    )
    revision = models.PositiveIntegerField(null=True, blank=True, help_text="The last answer's.")

    counts = models.BooleanField(default=True)
    dropped = models.CharField(max_length=10, choices=Dropped, blank=True, default=Dropped.NOT)
    dropped_by = models.ForeignKey(
        "Review", on_delete=models.PROTECT, null=True, blank=True, related_name="dropped_turns",
        help_text="The review or rule behind it; empty: the person's own doing.",
    )  # fmt: skip

    language = models.CharField(max_length=20, blank=True)
    display = models.JSONField(
        default=dict, blank=True, help_text="How the task was displayed, and in which order."
    )
    interrupted = models.BooleanField(default=False, help_text="The page was left and come back to.")

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            known("state", TurnState, "assignment_state_known"),
            known("dropped", DropReason, "assignment_dropped_known"),
            models.UniqueConstraint(
                fields=["participation", "task"], name="assignment_nobody_gets_a_task_twice"
            ),
            models.UniqueConstraint(
                fields=["participation", "number"], name="assignment_number_unique_in_participation"
            ),
            models.UniqueConstraint(
                fields=["place"],
                condition=Q(state__in=("claimed", "submitted"), counts=True),
                name="assignment_one_turn_at_a_place",
            ),
            models.UniqueConstraint(
                fields=["visit"],
                condition=Q(state="claimed", in_block=False),
                name="assignment_one_claimed_in_visit",
            ),
            models.CheckConstraint(
                condition=Q(state="claimed", ended_at__isnull=True, submitted_at__isnull=True)
                | Q(state__in=("expired", "returned"), ended_at__isnull=False)
                | Q(state="submitted", ended_at__isnull=False, submitted_at__isnull=False),
                name="assignment_state_has_times",
            ),
            models.CheckConstraint(
                condition=Q(set_aside=False) | Q(state="returned", declined=False),
                name="assignment_set_aside_is_returned",
            ),
            models.CheckConstraint(
                condition=Q(declined=False) | Q(state="returned"), name="assignment_declined_is_returned"
            ),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True, revision__isnull=True)
                | Q(submitted_at__isnull=False, revision__isnull=False),
                name="assignment_submitted_has_revision",
            ),
            models.CheckConstraint(
                condition=Q(counts=True, dropped="", dropped_by__isnull=True)
                | (Q(counts=False) & ~Q(dropped="")),
                name="assignment_not_counting_has_reason",
            ),
        ]
        indexes = [
            # Leases that ran out, and the last lease of a study that is closing.
            models.Index(
                fields=["study", "lease_expires_at"], condition=Q(state="claimed"), name="assignment_lease"
            ),
            models.Index(fields=["participation"], condition=Q(state="claimed"), name="assignment_claimed"),
            # What somebody who stopped comes back to.
            models.Index(fields=["participation"], condition=Q(set_aside=True), name="assignment_set_aside"),
        ]

    def __str__(self) -> str:
        return f"turn {self.number} of {self.participation_id} at {self.task}"
