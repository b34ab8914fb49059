"""Names for addresses and accounts that say nothing without SECRET_KEY, and never the same thing twice.

Every day has a key of its own, so that what one address did on different days cannot be put together; and a
purpose is hashed along, so that neither can what it did for different purposes.
"""

import hmac
from datetime import date

from django.conf import settings


def hashed(purpose: str, whose: str, day: date) -> str:
    """64 hexadecimal digits."""
    key = hmac.digest(settings.SECRET_KEY.encode(), f"daamweb.door.limits {day}".encode(), "sha256")
    return hmac.digest(key, f"{purpose}\0{whose}".encode(), "sha256").hex()
