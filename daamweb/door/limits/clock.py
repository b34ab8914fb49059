"""The time and the day by which limits count."""

import time
from datetime import UTC, date, datetime

SECOND = 1_000_000


def now() -> int:
    """In microseconds since 1970."""
    return time.time_ns() // 1000


def day_of(moment: int) -> date:
    """By UTC."""
    return datetime.fromtimestamp(moment / SECOND, UTC).date()
