"""An entry code is one participation, in whatever browser it is typed."""

from django.db import models
from django.db.models import Q

from annotations.models.participations import Participation
from annotations.models.studies import Study

LONGEST_LABEL = 60


class EntryCode(models.Model):
    """Made by a researcher, and shown once: the row keeps a keyed hash. `label` is what the researcher calls
    it; the participation is made when somebody first enters it."""

    PROJECT_PATHS = ("study__project",)
    PERSONAL = True

    study = models.ForeignKey(Study, on_delete=models.CASCADE, db_index=False, related_name="entry_codes")
    label = models.CharField(max_length=LONGEST_LABEL)
    code_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    participation = models.OneToOneField(
        Participation,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="entry_code",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True, help_text="From then on it lets nobody in.")

    class Meta:
        ordering = ["study_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "label"], name="entry_code_label_unique_in_study"),
            models.CheckConstraint(condition=~Q(label=""), name="entry_code_has_label"),
            models.CheckConstraint(condition=~Q(code_sha256=""), name="entry_code_has_hash"),
        ]

    def __str__(self) -> str:
        return f"entry code {self.label}"
