"""A study is a design and its tasks; its state says what it takes at the moment."""

import math
import secrets
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F
from django.urls import reverse

from annotations.errors import StudyError
from annotations.models.languages import ShownTexts, language_column, reader_column
from annotations.models.plans import Plan
from annotations.models.study_rules import (
    LONGEST_LEASE_MINUTES,
    LONGEST_RETENTION_DAYS,
    SHORTEST_LEASE_MINUTES,
    StudyAccess,
    StudyState,
    study_constraints,
    within,
)
from daamweb.languages import direction_of
from daamweb.projects.models import Project
from generation.models import GenerationRun


def new_slug() -> str:
    """An address that cannot be guessed: whoever has the link may take part."""
    return secrets.token_urlsafe(9)


class Study(models.Model):
    """draft → opening → open ⇄ paused → closing → closed. A draft or a closed one can be erased.

    What may follow is said by the `mark_…` methods, each one conditional update. The counts of tasks are
    written when it is built; no rating writes this row."""

    State = StudyState
    Access = StudyAccess

    # Their places may be given to somebody else while the study is in one of these.
    RUNNING = (State.OPEN, State.PAUSED)

    PROJECT_PATHS = ("project",)

    # In the language of whoever looks at a page, once the view has said which.
    spoken: ShownTexts | None = None

    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, editable=False, db_index=False, related_name="studies"
    )
    name = models.CharField(max_length=100)
    slug = models.CharField(max_length=32, unique=True, default=new_slug, editable=False)
    kind = models.CharField(max_length=30, help_text="What sort of task; see annotations/kinds.")
    run = models.ForeignKey(GenerationRun, on_delete=models.PROTECT, related_name="studies")
    title = models.CharField(max_length=200, help_text="What annotators see at the top.")
    consent = models.TextField(help_text="What annotators agree to before they begin.")
    instructions = models.TextField()
    replicas = models.PositiveIntegerField(
        default=3, validators=[MinValueValidator(1), MaxValueValidator(100)], help_text="Annotators per task."
    )
    share_cap = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.001), MaxValueValidator(1)],
        help_text="Largest share of all places of items that one annotator may take, such as 0.16; empty: no "
        "cap.",
    )
    expected_annotators = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many people you expect; opening refuses fewer than tasks, replicas and cap need. "
        "Empty: not known.",
    )
    check_every = models.PositiveIntegerField(
        default=10,
        validators=[MinValueValidator(2), MaxValueValidator(1000)],
        help_text="Every so many tasks of a person is an attention check, as long as there is one that this "
        "person has not had.",
    )
    lease_minutes = models.PositiveIntegerField(
        default=30,
        validators=[MinValueValidator(SHORTEST_LEASE_MINUTES), MaxValueValidator(LONGEST_LEASE_MINUTES)],
        help_text="A place that nobody finished within this time goes to someone else.",
    )
    access = models.CharField(
        "who takes part",
        max_length=10,
        choices=StudyAccess,
        default=StudyAccess.LINK,
        help_text="A link cannot tell people apart: who opens it in three private windows is three people. "
        "An entry code is one participation, in whatever browser; an account is one person.",
    )
    contact = models.CharField(
        max_length=200, blank=True, help_text="Whom annotators write to: a name and an address."
    )
    minutes = models.PositiveIntegerField(
        "expected minutes",
        null=True,
        blank=True,
        validators=within("minutes"),
        help_text="How long it takes, as annotators are told before they agree. Empty: nothing is said.",
    )
    pay = models.CharField(
        max_length=200,
        blank=True,
        help_text="What annotators get for it, as they are told before they agree.",
    )
    min_width = models.PositiveIntegerField(
        "least width",
        null=True,
        blank=True,
        validators=within("min_width"),
        help_text="In CSS pixels. Whoever has a narrower window is told so. Empty: any will do.",
    )
    min_seconds = models.FloatField(
        "least seconds",
        null=True,
        blank=True,
        validators=within("min_seconds"),
        help_text="For a task; faster answers are flagged. Empty: none are.",
    )
    painted_only = models.BooleanField(
        "answers with a paint report only",
        default=False,
        help_text="Leave answers out of the analysis whose page did not report that the pictures were there, "
        "such as all that are sent without scripts.",
    )
    join_at_once = models.PositiveIntegerField(
        default=250,
        validators=within("join_at_once"),
        help_text="How many people may join by the link from one address at once.",
    )
    join_per_second = models.FloatField(
        default=1.0,
        validators=within("join_per_second"),
        help_text="How many more may join from there, each second.",
    )
    unanswered_at_most = models.PositiveIntegerField(
        default=250,
        validators=within("unanswered_at_most"),
        help_text="How many tasks people at one address may be at who came by the link and have answered "
        "none.",
    )
    unanswered_share = models.FloatField(
        default=0.2,
        validators=within("unanswered_share"),
        help_text="The largest share of the open places that these may hold; 1: as many as there are.",
    )
    unanswered_minutes = models.PositiveIntegerField(
        default=5,
        validators=within("unanswered_minutes"),
        help_text="How long each of them has for the first task.",
    )

    language = language_column("Of the title and the texts; annotators may be offered others, too.")
    prompt_language = language_column("Of the prompts, and of the names of objects.")
    reviewed_by = reader_column("Who speaks the language and stands for what annotators read.")
    wordings = models.JSONField(
        default=dict, blank=True, editable=False, help_text="What its kind says, where that is not English."
    )
    options = models.JSONField(
        default=dict, blank=True, help_text="Options of the kind, such as the list of objects."
    )
    recipe = models.JSONField(
        default=dict, blank=True, help_text="What else it was built with: the seed of the order of its tasks."
    )
    left_out = models.JSONField(default=list, blank=True, help_text="What could not be made a task, and why.")

    items = models.PositiveIntegerField(default=0, editable=False)
    controls = models.PositiveIntegerField(default=0, editable=False)
    checks = models.PositiveIntegerField(default=0, editable=False)
    practices = models.PositiveIntegerField(default=0, editable=False)
    reopenings = models.PositiveBigIntegerField(
        default=0,
        editable=False,
        help_text="How often a place became free again: after that, who found nothing looks again.",
    )

    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    stops_everybody = models.BooleanField(
        default=False,
        editable=False,
        help_text="While it is paused: whoever is inside is given nothing more, either.",
    )
    plan = models.OneToOneField(
        Plan, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="study"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True, editable=False)
    closes_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The last lease of a study that is closing."
    )
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Not of the plan: how long somebody is known changes nothing in what is asked and analysed.
    keep_identities_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(LONGEST_RETENTION_DAYS)],
        help_text="So many days after it closed, what says who its annotators are is erased; answers stay, "
        "under pseudonyms that lead to nobody. Empty: it is kept until somebody erases it.",
    )
    identities_erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at", "name"]
        verbose_name_plural = "studies"
        constraints = study_constraints()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("annotations:start", args=[self.slug])

    @property
    def texts(self) -> ShownTexts:
        """What annotators read."""
        return self.spoken or self

    @property
    def direction(self) -> str:
        return direction_of(self.language)

    @property
    def frozen_plan(self) -> Plan:
        """The plan of a study that was opened. Raises StudyError for one that never was."""
        if self.plan is None:
            raise StudyError(f"{self.name!r} was never opened, so it has no plan yet; open it first.")
        return self.plan

    @property
    def item_places(self) -> int:
        """How many answers its items ask for: what shares and the cap are counted over."""
        return self.items * self.replicas

    @property
    def places_wanted(self) -> int:
        """How many answers its items and controls ask for: what is counted as its progress."""
        return (self.items + self.controls) * self.replicas

    @property
    def item_cap(self) -> int | None:
        """How many places of items the share cap leaves to one annotator; None: there is no cap.

        Exact, as the cap is written: as binary floats, 0.29 × 100 is a little less than 29.
        """
        if self.share_cap is None:
            return None
        return math.floor(Decimal(str(self.share_cap)) * self.item_places)

    def mark_opening(self) -> bool:
        return self._move(to=self.State.OPENING, among=(self.State.DRAFT,))

    def mark_draft_again(self) -> bool:
        """After an opening that failed."""
        return self._move(to=self.State.DRAFT, among=(self.State.OPENING,))

    def mark_open(self, *, plan: Plan, now: datetime) -> bool:
        return self._move(to=self.State.OPEN, among=(self.State.OPENING,), plan=plan, opened_at=now)

    def mark_paused(self) -> bool:
        return self._move(to=self.State.PAUSED, among=(self.State.OPEN,))

    def mark_stopped(self) -> bool:
        """Paused, for those inside, too."""
        return self._move(to=self.State.PAUSED, among=self.RUNNING, stops_everybody=True)

    def mark_resumed(self) -> bool:
        return self._move(to=self.State.OPEN, among=(self.State.PAUSED,), stops_everybody=False)

    def mark_closing(self, *, closes_at: datetime) -> bool:
        among = (*self.RUNNING, self.State.CLOSING)
        return self._move(to=self.State.CLOSING, among=among, closes_at=closes_at, stops_everybody=False)

    def mark_closed(self, *, now: datetime) -> bool:
        return self._move(to=self.State.CLOSED, among=(self.State.CLOSING,), closed_at=now)

    def mark_erasing(self) -> bool:
        return self._move(to=self.State.ERASING, among=(self.State.DRAFT, self.State.CLOSED))

    def count_reopening(self, places: int = 1) -> None:
        """Tell everybody who found nothing that places became free."""
        if places:
            Study.objects.filter(pk=self.pk).update(reopenings=F("reopenings") + places)

    def _move(self, *, to: str, among: tuple[str, ...], **fields: Any) -> bool:
        """Change the state in one conditional update; False if it was none of the states `among`."""
        moved = Study.objects.filter(pk=self.pk, state__in=among).update(state=to, **fields)
        if moved:
            self.refresh_from_db()
        return bool(moved)
