"""A participation is one person's way through one study; a visit is one coming through a platform's unit of
pay."""

import secrets
from typing import Self

from django.db import models
from django.db.models import F, Q

from annotations.models.annotators import Annotator, Platform
from annotations.models.outcomes import Outcome, derived_code, derived_codes, outcome_of, rule_of
from annotations.models.studies import Study
from daamweb.constraints import known


def new_completion_code() -> str:
    return secrets.token_hex(4).upper()


def new_pseudonym() -> str:
    return secrets.token_hex(6)


def new_seed() -> int:
    return secrets.randbits(62)


class ParticipationQuerySet(models.QuerySet["Participation"]):
    def of_outcome(self, outcome: str) -> Self:
        return self.filter(rule_of(outcome))


class Participation(models.Model):
    """One person is one participation, in any language.

    Its counters are written with every turn, under its own row's lock, so that nothing has to be counted.
    `cursor` and `lap_ends_at` are positions on the study's ring of places, counted on over its end.
    """

    PROJECT_PATHS = ("study__project",)
    PERSONAL = True

    study = models.ForeignKey(Study, on_delete=models.CASCADE, db_index=False, related_name="participations")
    annotator = models.ForeignKey(Annotator, on_delete=models.PROTECT, related_name="participations")
    ordinal = models.PositiveIntegerField(
        help_text="The how-manieth of the study, from 0: where the first place is."
    )
    pseudonym = models.CharField(
        max_length=12,
        default=new_pseudonym,
        editable=False,
        help_text="The person's name in exports and reports.",
    )
    completion_code = models.CharField(max_length=20, default=new_completion_code, editable=False)
    other_codes = models.CharField(
        max_length=60,
        blank=True,
        default="",
        editable=False,
        help_text="Those of the outcomes other than finishing, to be searched.",
    )
    seed = models.BigIntegerField(default=new_seed, editable=False, help_text="Of this person's own order.")
    # The visit through which this person is here now.
    visit = models.ForeignKey(
        "Visit", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    device = models.CharField(
        max_length=16,
        blank=True,
        default="",
        editable=False,
        help_text="Which of the person’s devices goes on; empty where a link tells none apart.",
    )
    # Of the day, kept until the first answer and no longer than the day; see services/admissions.py.
    address_key = models.CharField(max_length=80, blank=True, default="", editable=False)

    cursor = models.PositiveBigIntegerField(default=0, editable=False)
    lap_ends_at = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Where the cursor will have been everywhere without a find."
    )
    lap_reopenings = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="The study's reopenings when this lap began."
    )

    turns = models.PositiveIntegerField(default=0, help_text="How many turns this person was given.")
    answered = models.PositiveIntegerField(
        default=0, help_text="How many of them were answered, in time or not."
    )
    declined = models.PositiveIntegerField(
        default=0, help_text="How many of them this person did not want to answer."
    )
    checks_given = models.PositiveIntegerField(default=0)
    practices_given = models.PositiveIntegerField(default=0)
    places_given = models.PositiveIntegerField(default=0, help_text="Turns at items and controls.")
    items_held = models.PositiveIntegerField(
        default=0, help_text="Places of items that this person holds or filled: what the cap counts."
    )
    item_cap = models.PositiveIntegerField(null=True, blank=True, help_text="The study's cap; empty: none.")
    places_filled = models.PositiveIntegerField(
        default=0,
        help_text="Places of items and controls filled by answers that count: the study's progress.",
    )
    items_filled = models.PositiveIntegerField(
        default=0, help_text="The items among them: this person's share."
    )
    changes = models.PositiveBigIntegerField(
        default=0, help_text="How often anything that a report reads was changed."
    )

    language = models.CharField(max_length=20, blank=True)
    consent_language = models.CharField(
        max_length=20, blank=True, help_text="In which the consent was read; the language may change later."
    )
    option_order = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text="The numbers of an answer’s options in the order in which this person is shown them, drawn "
        "once; empty: the kind has none to order.",
    )
    consented_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True, blank=True, help_text="When the instructions were read.")
    last_answer_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(
        null=True, blank=True, help_text="When no task was left for this person."
    )
    waiting_since = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when nothing was free, though something may come.",
    )
    interrupted_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the study closed or stopped everybody, or this person had waited long enough.",
    )
    screened_out_at = models.DateTimeField(null=True, blank=True)
    withdrew_at = models.DateTimeField(null=True, blank=True)
    excluded_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = ParticipationQuerySet.as_manager()

    class Meta:
        ordering = ["study_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "annotator"], name="participation_unique_in_study"),
            models.UniqueConstraint(
                fields=["study", "ordinal"], name="participation_ordinal_unique_in_study"
            ),
            models.UniqueConstraint(
                fields=["study", "pseudonym"], name="participation_pseudonym_unique_in_study"
            ),
            models.UniqueConstraint(
                fields=["study", "completion_code"], name="participation_code_unique_in_study"
            ),
            models.CheckConstraint(
                condition=Q(item_cap__isnull=True) | Q(items_held__lte=F("item_cap")),
                name="participation_within_cap",
            ),
            models.CheckConstraint(
                condition=Q(items_filled__lte=F("places_filled")) & Q(places_filled__lte=F("turns")),
                name="participation_counters_fit",
            ),
            models.CheckConstraint(
                condition=Q(declined__lte=F("turns")), name="participation_declined_at_most_its_turns"
            ),
        ]
        indexes = [
            # Those of one address who have answered nothing yet.
            models.Index(fields=["study", "address_key"], name="participation_address"),
        ]

    def __str__(self) -> str:
        return f"{self.pseudonym} in {self.study}"

    @property
    def may_be_given_tasks(self) -> bool:
        """Not of somebody who was excluded, screened out, withdrew or was erased."""
        return not (self.excluded_at or self.withdrew_at or self.screened_out_at or self.erased_at)

    @property
    def outcome(self) -> Outcome:
        """As the rows say it now."""
        return outcome_of(self)

    @property
    def outcome_code(self) -> str:
        return self.code_of(self.outcome)

    def code_of(self, outcome: Outcome) -> str:
        """What this person may show for an outcome; empty for none."""
        if outcome == Outcome.NONE:
            return ""
        if outcome == Outcome.FINISHED:
            return self.completion_code
        return derived_code(outcome, seed=self.seed, completion_code=self.completion_code)

    def derive_other_codes(self) -> str:
        return derived_codes(seed=self.seed, completion_code=self.completion_code)


class VisitVerdict(models.TextChoices):
    NONE = "", "—"
    ACCEPTED = "accepted", "accepted"
    REJECTED = "rejected", "rejected"


class Visit(models.Model):
    """Accepting, rejecting and paying are verdicts on visits; excluding is one on turns.

    Platforms use a unit's id again after it was returned, so it takes a number as well.
    """

    Verdict = VisitVerdict

    participation = models.ForeignKey(Participation, on_delete=models.CASCADE, related_name="visits")
    annotator = models.ForeignKey(Annotator, on_delete=models.PROTECT, related_name="visits")
    platform = models.CharField(max_length=20, choices=Platform, default=Platform.LINK)
    unit_id = models.CharField(max_length=100, help_text="The platform's id of what is paid.")
    number = models.PositiveIntegerField(default=1)
    arrived_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True, help_text="Submitted, returned or timed out there.")
    verdict = models.CharField(max_length=10, choices=Verdict, blank=True, default=Verdict.NONE)
    decided_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["participation_id", "pk"]
        constraints = [
            known("platform", Platform, "visit_platform_known"),
            known("verdict", VisitVerdict, "visit_verdict_known"),
            models.UniqueConstraint(
                fields=["platform", "unit_id", "annotator", "number"], name="visit_unique"
            ),
            models.CheckConstraint(condition=~Q(unit_id=""), name="visit_has_unit"),
            models.CheckConstraint(
                condition=Q(verdict="", decided_at__isnull=True)
                | (~Q(verdict="") & Q(decided_at__isnull=False)),
                name="visit_verdict_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"visit {self.number} of {self.participation.pseudonym} through {self.platform}"
