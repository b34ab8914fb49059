"""A response is an answer, append-only: a correction is a new row with the next revision."""

from typing import Self

from django.db import models
from django.db.models import F, Q

from annotations.measured import LONGEST_MS, PAINTED, UNKNOWN
from annotations.models.assignments import Assignment
from daamweb.constraints import known


class ResponseQuerySet(models.QuerySet["Response"]):
    def final(self) -> Self:
        """The last revision of every turn."""
        return self.filter(revision=F("assignment__revision"))


def _milliseconds(field: str, name: str) -> models.CheckConstraint:
    """Whole, not below 0 and at most a day; none where nothing was measured."""
    within = Q(**{f"{field}__gte": 0}) & Q(**{f"{field}__lte": LONGEST_MS})
    return models.CheckConstraint(condition=Q(**{f"{field}__isnull": True}) | within, name=name)


class PaintReport(models.TextChoices):
    UNKNOWN = UNKNOWN, "not known"
    PAINTED = PAINTED, "painted"


class Response(models.Model):
    """`answer` is empty only when the person's answers were erased.

    Times are whole milliseconds, as the browser measured them, bounded from above by the server's clock;
    empty where the page measured none."""

    Painted = PaintReport

    PROJECT_PATHS = ("assignment__study__project",)
    PERSONAL = True

    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, db_index=False, related_name="responses"
    )
    revision = models.PositiveIntegerField(
        default=0, help_text="0 for the first answer, then one more per correction."
    )
    base = models.PositiveIntegerField(
        null=True, blank=True, help_text="The revision it was made from; empty for the first answer."
    )
    token = models.UUIDField(help_text="Made with the page: sending one page twice stores one answer.")
    answer = models.JSONField(null=True, help_text="What was answered, as the kind validated it.")
    late = models.BooleanField(default=False, help_text="Its place had gone: kept, never analysed.")
    milliseconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="From the page's appearance to the answer; empty: not measured."
    )
    painted = models.CharField(max_length=10, choices=Painted, default=Painted.UNKNOWN)
    painted_milliseconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="From the page's appearance until its pictures were painted."
    )
    first_input_milliseconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="From the page's appearance to the first input."
    )
    visible_spans = models.JSONField(
        default=list,
        blank=True,
        help_text="Pairs of milliseconds between which the page was visible, and its pictures painted.",
    )
    layout = models.JSONField(
        default=dict, blank=True, help_text="Sizes, device and display, as the page told."
    )
    flags = models.JSONField(
        default=list, blank=True, help_text="What of all that cannot be; see annotations/measured.py."
    )
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            known("painted", PaintReport, "response_painted_known"),
            models.UniqueConstraint(fields=["assignment", "revision"], name="response_revision_unique"),
            models.UniqueConstraint(
                fields=["assignment", "token"], name="response_token_unique_on_assignment"
            ),
            models.CheckConstraint(
                condition=Q(revision=0, base__isnull=True)
                | Q(revision__gt=0, base__isnull=False, revision=F("base") + 1),
                name="response_made_from_the_one_before",
            ),
            models.CheckConstraint(
                condition=Q(answer__isnull=False, erased_at__isnull=True)
                | Q(answer__isnull=True, erased_at__isnull=False),
                name="response_answer_or_erased",
            ),
            _milliseconds("milliseconds", "response_milliseconds_bounded"),
            _milliseconds("painted_milliseconds", "response_painted_bounded"),
            _milliseconds("first_input_milliseconds", "response_first_input_bounded"),
        ]

    def __str__(self) -> str:
        return f"answer {self.revision + 1} to {self.assignment_id}"
