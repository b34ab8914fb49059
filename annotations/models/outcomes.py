"""What became of a participation, and the code that says so.

An outcome is read from stored times, so that taking a verdict back, or going on, changes it by itself."""

import hashlib
import hmac
from datetime import datetime
from typing import Protocol

from django.db import models
from django.db.models import Q


class Outcome(models.TextChoices):
    """none: the person is still at it, or left without a word."""

    FINISHED = "finished", "finished"
    FAILED_CHECKS = "failed_checks", "failed checks"
    SCREENED_OUT = "screened_out", "screened out"
    NO_PLACE = "no_place", "no place at arrival"
    WITHDREW = "withdrew", "withdrew"
    INTERRUPTED = "interrupted", "interrupted by us"
    NONE = "none", "none yet"


class Times(Protocol):
    answered: int
    finished_at: datetime | None
    screened_out_at: datetime | None
    withdrew_at: datetime | None
    excluded_at: datetime | None
    interrupted_at: datetime | None


# The first rule that holds: a verdict stands whatever came before it, and who finished was not interrupted.
_RULES: tuple[tuple[str, Q], ...] = (
    (Outcome.FAILED_CHECKS, Q(excluded_at__isnull=False)),
    (Outcome.WITHDREW, Q(withdrew_at__isnull=False)),
    (Outcome.SCREENED_OUT, Q(screened_out_at__isnull=False)),
    (Outcome.FINISHED, Q(finished_at__isnull=False, answered__gt=0)),
    (Outcome.NO_PLACE, Q(finished_at__isnull=False)),
    (Outcome.INTERRUPTED, Q(interrupted_at__isnull=False)),
)


def outcome_of(person: Times) -> Outcome:
    """What `rule_of` finds by the database."""
    found = Outcome.NONE
    if person.excluded_at is not None:
        found = Outcome.FAILED_CHECKS
    elif person.withdrew_at is not None:
        found = Outcome.WITHDREW
    elif person.screened_out_at is not None:
        found = Outcome.SCREENED_OUT
    elif person.finished_at is not None:
        found = Outcome.FINISHED if person.answered else Outcome.NO_PLACE
    elif person.interrupted_at is not None:
        found = Outcome.INTERRUPTED
    return found


def rule_of(outcome: str) -> Q:
    """Which participations have this outcome: where its rule holds, and none before it."""
    before = Q()
    for each, rule in _RULES:
        if each == outcome:
            return before & rule
        before &= ~rule
    return before


def derived_code(outcome: str, *, seed: int, completion_code: str) -> str:
    """The code of an outcome other than finishing. Without the seed, which no page shows, nobody makes one
    from another."""
    said = f"{completion_code} {outcome}".encode()
    return hmac.new(str(seed).encode(), said, hashlib.sha256).hexdigest()[:8].upper()


def derived_codes(*, seed: int, completion_code: str) -> str:
    """Of all outcomes but finishing, in one text, to be searched."""
    others = (each for each in Outcome if each not in (Outcome.FINISHED, Outcome.NONE))
    return " ".join(derived_code(each, seed=seed, completion_code=completion_code) for each in others)
