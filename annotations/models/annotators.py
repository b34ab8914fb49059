"""An annotator is a person, on any platform."""

from django.db import models

from daamweb.constraints import known
from daamweb.projects.models import Project


class Platform(models.TextChoices):
    LINK = "link", "link"
    # The id is that of the entry code's row.
    CODE = "code", "entry code"
    # The id is that of the user.
    ACCOUNT = "account", "account"
    PROLIFIC = "prolific", "Prolific"
    MTURK = "mturk", "Mechanical Turk"


class Annotator(models.Model):
    """Known in one project: to another project the same person is somebody else."""

    Platform = Platform

    PROJECT_PATHS = ("project",)
    PERSONAL = True

    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, editable=False, db_index=False, related_name="annotators"
    )
    platform = models.CharField(max_length=20, choices=Platform, default=Platform.LINK)
    external_id = models.CharField(
        max_length=100, help_text="The platform's id for this person; never exported."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    forgotten_at = models.DateTimeField(
        null=True, blank=True, help_text="When who this was in one study was erased; the id is nobody’s."
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            known("platform", Platform, "annotator_platform_known"),
            models.UniqueConstraint(
                fields=["project", "platform", "external_id"], name="annotator_unique_in_project"
            ),
            models.CheckConstraint(
                condition=~models.Q(external_id=""), name="annotator_external_id_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"annotator {self.pk}"
