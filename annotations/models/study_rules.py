"""What a study's row may hold: its states, who may take part, and the ranges of what is decided of it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from daamweb.constraints import known

LONGEST_RETENTION_DAYS = 36_500
LONGEST_LEASE_MINUTES = 24 * 60
# Of a study that is built from now on. Older ones, whose lease may be shorter, go on as they are.
SHORTEST_LEASE_MINUTES = 15


class StudyState(models.TextChoices):
    DRAFT = "draft", "draft"
    OPENING = "opening", "opening"
    OPEN = "open", "open"
    PAUSED = "paused", "paused"
    CLOSING = "closing", "closing"
    CLOSED = "closed", "closed"
    ERASING = "erasing", "being erased"


class StudyAccess(models.TextChoices):
    LINK = "link", "whoever has the link"
    CODES = "codes", "whoever has an entry code"
    ACCOUNTS = "accounts", "whoever has an account on this site"


# Of a design: what is empty where nothing is asked for may be empty in the row, too.
RANGES: dict[str, tuple[float, float]] = {
    "minutes": (1, 24 * 60),
    "min_width": (200, 10_000),
    "min_seconds": (0.1, 3600),
    "join_at_once": (1, 100_000),
    "join_per_second": (0.01, 1000),
    "unanswered_at_most": (1, 100_000),
    "unanswered_share": (0.001, 1),
    "unanswered_minutes": (1, LONGEST_LEASE_MINUTES),
}


def within(name: str) -> list[MinValueValidator | MaxValueValidator]:
    """The validators of one of RANGES."""
    lowest, highest = RANGES[name]
    return [MinValueValidator(lowest), MaxValueValidator(highest)]


def _in_range(name: str) -> models.CheckConstraint:
    lowest, highest = RANGES[name]
    inside = Q(**{f"{name}__gte": lowest}) & Q(**{f"{name}__lte": highest})
    return models.CheckConstraint(
        condition=Q(**{f"{name}__isnull": True}) | inside, name=f"study_{name}_in_range"
    )


def study_constraints() -> list[models.BaseConstraint]:
    return [
        models.UniqueConstraint(fields=["project", "name"], name="study_name_unique_in_project"),
        known("state", StudyState, "study_state_known"),
        known("access", StudyAccess, "study_access_known"),
        models.CheckConstraint(
            condition=Q(replicas__gte=1) & Q(replicas__lte=100), name="study_replicas_in_range"
        ),
        models.CheckConstraint(
            condition=Q(lease_minutes__gte=1) & Q(lease_minutes__lte=LONGEST_LEASE_MINUTES),
            name="study_lease_in_range",
        ),
        models.CheckConstraint(
            condition=Q(check_every__gte=2) & Q(check_every__lte=1000), name="study_check_every_in_range"
        ),
        models.CheckConstraint(
            condition=Q(share_cap__isnull=True) | (Q(share_cap__gt=0) & Q(share_cap__lte=1)),
            name="study_share_cap_in_range",
        ),
        *map(_in_range, RANGES),
        _state_has_plan_and_times(),
        models.CheckConstraint(
            condition=Q(stops_everybody=False) | Q(state="paused"), name="study_stops_while_paused"
        ),
        models.CheckConstraint(
            condition=Q(keep_identities_days__isnull=True)
            | Q(keep_identities_days__lte=LONGEST_RETENTION_DAYS),
            name="study_retention_in_range",
        ),
        models.CheckConstraint(
            condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at")),
            name="study_closed_after_opened",
        ),
    ]


def _state_has_plan_and_times() -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(
            state__in=("draft", "opening"),
            plan__isnull=True,
            opened_at__isnull=True,
            closes_at__isnull=True,
            closed_at__isnull=True,
        )
        | Q(
            state__in=("open", "paused"),
            plan__isnull=False,
            opened_at__isnull=False,
            closes_at__isnull=True,
            closed_at__isnull=True,
        )
        | Q(
            state="closing",
            plan__isnull=False,
            opened_at__isnull=False,
            closes_at__isnull=False,
            closed_at__isnull=True,
        )
        | Q(state="closed", plan__isnull=False, opened_at__isnull=False, closed_at__isnull=False)
        | Q(state="erasing"),
        name="study_state_has_plan_and_times",
    )
