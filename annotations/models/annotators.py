"""An annotator is a person, on any platform."""

from django.db import models

from daamweb.constraints import known


class Platform(models.TextChoices):
    LINK = "link", "link"
    PROLIFIC = "prolific", "Prolific"
    MTURK = "mturk", "Mechanical Turk"


class Annotator(models.Model):
    Platform = Platform

    platform = models.CharField(max_length=20, choices=Platform, default=Platform.LINK)
    external_id = models.CharField(
        max_length=100, help_text="The platform's id for this person; never exported."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            known("platform", Platform, "annotator_platform_known"),
            models.UniqueConstraint(fields=["platform", "external_id"], name="annotator_unique_on_platform"),
            models.CheckConstraint(
                condition=~models.Q(external_id=""), name="annotator_external_id_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"annotator {self.pk}"
