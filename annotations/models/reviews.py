"""A review is a verdict, append-only: on a visit (accept, reject) or on a person (exclude). One may undo
another."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotations.models.participations import Participation, Visit
from annotations.models.studies import Study
from daamweb.constraints import known


class ReviewAction(models.TextChoices):
    EXCLUDE = "exclude", "exclude"
    ACCEPT = "accept", "accept"
    REJECT = "reject", "reject"
    UNDO = "undo", "undo"


class Review(models.Model):
    Action = ReviewAction

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="reviews")
    action = models.CharField(max_length=10, choices=Action)
    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="reviews")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, blank=True, related_name="reviews")
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by"
    )
    rule = models.CharField(
        max_length=50, blank=True, help_text="The plan's rule behind it; empty: a person's."
    )
    reason = models.TextField(help_text="In words, for whoever reads it later.")
    evidence = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            known("action", ReviewAction, "review_action_known"),
            models.CheckConstraint(
                condition=Q(action="exclude", visit__isnull=True, undoes__isnull=True)
                | Q(action__in=("accept", "reject"), visit__isnull=False, undoes__isnull=True)
                | Q(action="undo", undoes__isnull=False),
                name="review_is_of_a_visit_or_a_person",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="review_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.participation.pseudonym}"
