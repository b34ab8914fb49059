"""Finding the words of a prompt set: leased work, stored in slices."""

from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q

from daamweb.work.models import Work, WorkState
from generation.models.prompts import PromptSet, Word


class Parse(Work):
    """One parse of a prompt set that was asked for. Words are stored in the order of the prompts; when a
    worker is killed, another goes on where it was, if it has the same parser.

    While the words are being replaced the set is not parsed, for anybody (`ParseState.PARSING`): a part of
    them is new. It is so from `mark_begun` until the work ends. When that is before the last slice, a part
    stays new, and the set is of no use until another parse was done (`ParseState.PARTLY`)."""

    JOB = "generation.jobs.run_parse"
    UNIT = "prompts"
    PROJECT_PATHS = ("prompt_set__project",)

    prompt_set = models.ForeignKey(PromptSet, on_delete=models.CASCADE, related_name="parses")
    parser = models.CharField(
        max_length=500, blank=True, help_text="A pipeline or folder by its name; empty: the project's own."
    )
    parsed_by = models.CharField(
        max_length=200, blank=True, help_text="Name and version of the parser that has begun."
    )
    position = models.PositiveIntegerField(default=0, help_text="Prompts before this one have their words.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            *Work.Meta.constraints,
            models.UniqueConstraint(
                fields=["prompt_set"],
                condition=Q(state__in=("queued", "running")),
                name="parse_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"parse of {self.prompt_set}"

    @classmethod
    def to_tell(cls, since: datetime) -> models.QuerySet[Any]:
        """Those of an archived project wait."""
        return super().to_tell(since).filter(prompt_set__project__archived_at=None)

    @property
    def is_repeatable(self) -> bool:
        """No parse is asked for of a set of which a part is not there."""
        return super().is_repeatable and self._sets().exclude(parse_state__in=PromptSet.NOT_WHOLE).exists()

    def mark_begun(self, *, parsed_by: str, total: int) -> bool:
        """From now on words are replaced, from the first prompt on; False if it is another worker's."""
        with transaction.atomic():
            self._lock_set()
            begun = self._mine().update(parsed_by=parsed_by, total=total, done=0, position=0)
            if begun:
                self._sets().update(parse_state=PromptSet.ParseState.PARSING, parse_error="")
        self.refresh_from_db()
        return bool(begun)

    def mark_stored(self, *, position: int, done: int) -> bool:
        """The prompts before this position have their words; False if it is another worker's. It comes first
        in the transaction that stores them."""
        if self.position == 0:
            self._lock_set()
        stored = self._mine().update(**self._gone_on(), position=position, done=done)
        if stored and self.position == 0:
            self._sets().update(parser="")  # its words are of no one parser from now on
        self.position, self.done = position, done
        return bool(stored)

    def cancel(self) -> bool:
        with transaction.atomic():
            self._lock_set()
            cancelled = super().cancel()
            if cancelled:
                self._settle(WorkState.CANCELLED, "")
        return cancelled

    def _end(self, state: str, error: str) -> bool:
        with transaction.atomic():
            self._lock_set()
            ended = super()._end(state, error)
            if ended:
                self._settle(state, error)
        return ended

    def _settle(self, state: str, error: str) -> None:
        """What the set is when its parse has ended. Words that were not touched are as good as before."""
        states, sets = PromptSet.ParseState, self._sets()
        if state == WorkState.DONE:
            sets.update(parse_state=states.PARSED, parser=self.parsed_by, parse_error="")
            return
        untouched = sets.filter(parse_state__in=(states.QUEUED, states.PARSING)).exclude(parser="")
        untouched.update(parse_state=states.PARSED, parse_error=error)
        has_words = Exists(Word.objects.filter(prompt__prompt_set=OuterRef("pk")))
        mixed = sets.filter(has_words, parse_state__in=(states.PARSING, states.PARTLY))
        mixed.update(
            parse_state=states.PARTLY,
            parse_error=error
            or "The parse was cancelled when a part of the words was replaced; parse it again.",
        )
        sets.filter(parse_state__in=(states.QUEUED, states.PARSING)).update(
            parse_state=states.FAILED if error else states.NOT_ASKED, parse_error=error
        )

    def _lock_set(self) -> None:
        """Before its parse, wherever both are written; two who lock them in turn wait for each other."""
        self._sets().select_for_update().first()

    def _sets(self) -> models.QuerySet[PromptSet]:
        return PromptSet.objects.filter(pk=self.prompt_set_id)
