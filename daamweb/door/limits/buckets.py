"""Buckets that fill again (elsewhere called token buckets). `burst` fit in, whoever asks takes one out, and
what was taken comes back at `per_second`.

A row holds one number: when the bucket will be full again. Taking one puts that off by the time that one
needs to come back, and it may not be put off further than a whole bucket from now. So taking is one
conditional update, and exact however many processes take at once.
"""

from dataclasses import dataclass

from django.db.models import BigIntegerField, F, QuerySet, Value
from django.db.models.functions import Greatest

from daamweb.door.limits import clock
from daamweb.door.limits.clock import SECOND, day_of
from daamweb.door.limits.hashes import hashed
from daamweb.door.models import Bucket

# By how much the clocks of two machines may differ. A bucket that is empty for longer than it can be and this
# was emptied by a clock that was wrong, and has been set back since.
CLOCKS_DIFFER = 60 * SECOND
# Whoever made the row of a bucket first, or gave it up since, it is there on the second one.
TRIES = 3


@dataclass(frozen=True)
class Taken:
    """Whether there was one left; if not, after how many seconds the next one comes back."""

    granted: bool
    wait: float = 0.0

    def __bool__(self) -> bool:
        return self.granted


def take(purpose: str, whose: str, *, burst: int, per_second: float) -> Taken:
    """Take one out of somebody's bucket for a purpose. It is full at first, and on every new day, by UTC."""
    now = clock.now()
    cost = round(SECOND / per_second)
    deepest = now + burst * cost
    rows = _rows(purpose, whose, now)
    for _ in range(TRIES):
        later = Greatest("full_at", Value(now, output_field=BigIntegerField())) + cost
        if rows.filter(full_at__lte=deepest - cost).update(full_at=later):
            return Taken(True)
        full_at = next(iter(rows.values_list("full_at", flat=True)), None)
        if full_at is None:
            day = day_of(now)
            row = Bucket(day=day, purpose=purpose, whose=hashed(purpose, whose, day), full_at=now)
            Bucket.objects.bulk_create([row], ignore_conflicts=True)
        elif full_at > deepest + CLOCKS_DIFFER:
            rows.filter(full_at=full_at).update(full_at=deepest)
        elif full_at > deepest - cost:
            return Taken(False, wait=(full_at + cost - deepest) / SECOND)
    return Taken(False, wait=cost / SECOND)


def give_back(purpose: str, whose: str, *, per_second: float) -> None:
    """Put back one that was taken for what is not limited after all."""
    _rows(purpose, whose, clock.now()).update(full_at=F("full_at") - round(SECOND / per_second))


def fill_up(purpose: str, whose: str) -> None:
    """Put back all that was taken."""
    _rows(purpose, whose, clock.now()).delete()


def _rows(purpose: str, whose: str, now: int) -> QuerySet[Bucket]:
    return Bucket.objects.filter(purpose=purpose, whose=hashed(purpose, whose, day_of(now)))
