"""What a study says in a language beside its own."""

from django.db import models
from django.db.models import Q

from annotations.models.languages import language_column, reader_column
from annotations.models.studies import Study
from daamweb.languages import direction_of, english_name_of


class StudyText(models.Model):
    """Edited while the study is a draft. Opening offers it to annotators if nothing is missing in it; from
    then on nobody changes it."""

    PROJECT_PATHS = ("study__project",)

    study = models.ForeignKey(
        Study, on_delete=models.CASCADE, db_index=False, editable=False, related_name="translations"
    )
    language = language_column("Of these texts.")
    title = models.CharField(max_length=200, blank=True)
    consent = models.TextField(blank=True)
    instructions = models.TextField(blank=True)
    pay = models.CharField(max_length=200, blank=True)
    wordings = models.JSONField(
        default=dict, blank=True, help_text="What the kind says: its question, its answers."
    )
    reviewed_by = reader_column("Who speaks the language and stands for these texts.")
    offered = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ["study_id", "language"]
        constraints = [
            models.UniqueConstraint(fields=["study", "language"], name="study_text_once_in_a_language"),
            models.CheckConstraint(condition=~Q(language=""), name="study_text_has_language"),
            models.CheckConstraint(
                condition=Q(offered=False) | ~(Q(title="") | Q(consent="") | Q(instructions="")),
                name="study_text_offered_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{english_name_of(self.language)} texts"

    @property
    def direction(self) -> str:
        return direction_of(self.language)
