"""An annotator is a person, on any platform; a participation is one person's way through one study."""

import hashlib
import hmac
import secrets

from django.db import models
from django.utils import timezone

from annotations.models.studies import Study


def new_completion_code() -> str:
    return secrets.token_hex(4).upper()


class Annotator(models.Model):
    class Platform(models.TextChoices):
        LINK = "link", "link"

    platform = models.CharField(max_length=20, choices=Platform, default=Platform.LINK)
    external_id = models.CharField(
        max_length=100, help_text="The platform's id for this person; never exported."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["platform", "external_id"], name="annotator_unique_on_platform"),
            models.CheckConstraint(
                condition=~models.Q(external_id=""), name="annotator_external_id_not_empty"
            ),
        ]

    def __str__(self):
        return f"annotator {self.pk}"

    def pseudonym(self, study: Study) -> str:
        """A stable name for exports, different in every study, that does not lead back to the person."""
        message = f"{self.platform}:{self.external_id}".encode()
        return hmac.new(study.pseudonym_key.encode(), message, hashlib.sha256).hexdigest()[:12]


class Participation(models.Model):
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="participations")
    annotator = models.ForeignKey(Annotator, on_delete=models.CASCADE, related_name="participations")
    completion_code = models.CharField(max_length=20, default=new_completion_code, editable=False)
    consented_at = models.DateTimeField(auto_now_add=True)
    began_at = models.DateTimeField(null=True, blank=True, help_text="When the instructions were read.")
    finished_at = models.DateTimeField(
        null=True, blank=True, help_text="When no task was left for this person."
    )

    class Meta:
        ordering = ["study", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "annotator"], name="participation_unique_in_study"),
        ]

    def __str__(self):
        return f"{self.annotator} in {self.study}"

    def mark_begun(self) -> bool:
        return bool(Participation.objects.filter(pk=self.pk, began_at=None).update(began_at=timezone.now()))

    def mark_finished(self) -> bool:
        return bool(
            Participation.objects.filter(pk=self.pk, finished_at=None).update(finished_at=timezone.now())
        )
