"""A response is an answer, append-only: a correction is a new row with the next revision."""

from django.db import models
from django.db.models import Exists, OuterRef, Q

from annotations.models.assignments import Assignment


class ResponseQuerySet(models.QuerySet):
    def final(self):
        """The last revision of every assignment: what is analysed."""
        later = Response.objects.filter(assignment=OuterRef("assignment"), revision__gt=OuterRef("revision"))
        return self.filter(~Exists(later))


class Response(models.Model):
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="responses")
    revision = models.PositiveIntegerField(
        default=0, help_text="0 for the first answer, then one more per correction."
    )
    token = models.UUIDField(help_text="Made with the page: sending one page twice stores one answer.")
    answer = models.JSONField(help_text="What was answered, as the kind validated it.")
    seconds = models.FloatField(
        help_text="From the page's appearance to the answer, as the browser measured it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        ordering = ["assignment", "revision"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "revision"], name="response_revision_unique"),
            models.UniqueConstraint(
                fields=["assignment", "token"], name="response_token_unique_on_assignment"
            ),
            models.CheckConstraint(condition=Q(seconds__gte=0), name="response_seconds_not_negative"),
        ]

    def __str__(self):
        return f"{self.assignment} · answer {self.revision + 1}"
