"""How many newcomers one address may send into a study. Who takes part already is never asked."""

from annotations.models import Study
from daamweb.door.limits.buckets import Taken, take

# A lecture hall is one address: it begins at once. A script that makes people up is held to a trickle.
AT_ONCE = 250
PER_SECOND = 1.0


def admit_newcomer(*, study: Study, address: str) -> Taken:
    """Whether one more person may join from this address now, and else when the next one may."""
    return take(f"join {study.pk}", address, burst=AT_ONCE, per_second=PER_SECOND)
