"""Bringing the captions of a file in: leased work, stored in slices."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q

from daamweb.projects.models import Project
from daamweb.work.models import Work, WorkState, untold
from generation.models.prompts import PromptSet


class Import(Work):
    """One file that becomes a prompt set. The set is there from the beginning, so that its name is taken, and
    is whole when the work is done; until then nothing is made of it (`ParseState.IMPORTING`). One that failed
    keeps set and file, and goes on behind what is stored when it is tried again. What is left over of one
    that was cancelled, or refused for what the file is, is removed afterwards, by the same job."""

    JOB = "generation.jobs.run_import"
    UNIT = "captions"
    PROJECT_PATHS = ("project",)
    GOES_ON = True

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    prompt_set = models.OneToOneField(
        PromptSet, on_delete=models.SET_NULL, null=True, blank=True, related_name="made_by_import"
    )
    name = models.CharField(max_length=PromptSet.LONGEST_NAME)
    file_name = models.CharField(max_length=255)
    format = models.CharField(max_length=10)
    skip_invalid = models.BooleanField(default=False)
    file = models.FileField(upload_to="imports", max_length=200, blank=True)
    position = models.PositiveIntegerField(default=0, help_text="Captions before this one are stored.")
    bad_rows = models.JSONField(default=list, blank=True, help_text="The first ones: row and reason.")
    bad_row_count = models.PositiveIntegerField(default=0)
    is_refused = models.BooleanField(
        default=False, help_text="It failed, and would again: the file is to blame, or is gone."
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            *Work.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(state__in=("queued", "running")) | ~Q(name=""), name="import_has_name"
            ),
        ]

    def __str__(self) -> str:
        return f"import of {self.name}"

    @classmethod
    def to_tell(cls, since: datetime) -> models.QuerySet[Any]:
        """Those of an archived project wait."""
        waiting = Q(pk__in=cls.objects.claimable().values("pk"), project__archived_at=None)
        return cls.objects.filter(untold(since)).filter(waiting | cls.with_leftovers())

    @staticmethod
    def with_leftovers() -> Q:
        """What ended for good has something left over as long as it has a file, or a set that is in parts."""
        ended = Q(state__in=(WorkState.DONE, WorkState.CANCELLED)) | Q(is_refused=True)
        deleted = Q(state=WorkState.FAILED, prompt_set=None)
        left = ~Q(file="") | Q(prompt_set__parse_state=PromptSet.ParseState.IMPORTING)
        return (ended | deleted) & left

    def has_leftovers(self) -> bool:
        return Import.objects.filter(self.with_leftovers(), pk=self.pk).exists()

    @property
    def is_repeatable(self) -> bool:
        """Only while its set waits for the rest, and is not being erased."""
        return super().is_repeatable and not self.is_refused and self.set_in_parts().exists()

    def requeue(self) -> bool:
        with transaction.atomic():
            # Whoever sets the set aside locks its import first.
            Import.objects.select_for_update().filter(pk=self.pk).first()
            return self.is_repeatable and super().requeue()

    def refuse(self, error: str) -> bool:
        """Fail it for good: nothing but the reason is kept. False if it is another worker's."""
        with transaction.atomic():
            refused = self._mine().update(is_refused=True)
            return bool(refused) and self.fail(error)

    def mark_begun(self, *, total: int, bad_rows: list[dict[str, Any]], bad_row_count: int) -> bool:
        """The file was read; False if it is another worker's."""
        return bool(
            self._mine().update(total=total, bad_rows=bad_rows, bad_row_count=bad_row_count)
        )  # fmt: skip

    def mark_stored(self, *, position: int) -> bool:
        """The captions before this position are stored; False if it is another worker's. It comes first in
        the transaction that stores them."""
        stored = self._mine().update(**self._gone_on(), position=position, done=position)
        self.position = self.done = position
        return bool(stored)

    def mark_whole(self, *, is_parsed: bool, parser: str) -> bool:
        """Finish it, and open the set to everybody; `is_parsed`: words came with it, of `parser`."""
        states = PromptSet.ParseState
        with transaction.atomic():
            finished = self.finish()
            if finished:
                self.set_in_parts().update(
                    parse_state=states.PARSED if is_parsed else states.NOT_ASKED, parser=parser
                )
        return finished

    def set_in_parts(self) -> models.QuerySet[PromptSet]:
        """What it makes, from the database: empty once that is whole, being erased, or deleted."""
        return PromptSet.objects.filter(made_by_import=self.pk, parse_state=PromptSet.ParseState.IMPORTING)
