"""What is asked to be erased: a project, or something large in it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from daamweb.projects.models.projects import LONGEST_NAME, Project
from daamweb.work.models import Work


class Erasure(Work):
    """Deletes in slices; goes on where it was if its worker was killed. `done` counts rows."""

    JOB = "daamweb.projects.jobs.run_erasure"
    PROJECT_PATHS = ("project",)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="erasures")
    subject_type = models.CharField(max_length=100, help_text="The model, such as annotations.study.")
    subject_id = models.BigIntegerField()
    subject_name = models.CharField(max_length=LONGEST_NAME)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(
                fields=["subject_type", "subject_id"],
                condition=Q(state__in=("queued", "running", "failed")),
                name="erasure_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"erasing of {self.subject_name}"
