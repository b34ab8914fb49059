"""What annotators say does not work, or should not be there."""

from django.db import models
from django.utils.translation import gettext_lazy

from annotations.models.assignments import Assignment
from annotations.models.participations import Participation
from annotations.models.studies import Study
from daamweb.constraints import known

LONGEST_TEXT = 1000


class ProblemKind(models.TextChoices):
    PICTURE_MISSING = "picture_missing", gettext_lazy("A picture does not load")
    PICTURE_DISTURBS = "picture_disturbs", gettext_lazy("A picture disturbs me")
    PAGE_BROKEN = "page_broken", gettext_lazy("Something on the page does not work")
    OTHER = "other", gettext_lazy("Something else")


class ProblemReport(models.Model):
    """Written once by the person, and never changed; erased with what the person answered."""

    Kind = ProblemKind

    PROJECT_PATHS = ("study__project",)
    PERSONAL = True

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="problem_reports")
    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="problem_reports")
    assignment = models.ForeignKey(
        Assignment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="problem_reports",
        help_text="The turn at whose page it was written.",
    )
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.CharField(max_length=LONGEST_TEXT, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [known("kind", ProblemKind, "problem_report_kind_known")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.participation.pseudonym})"
