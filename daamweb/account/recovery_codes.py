"""Recovery codes: ten words of 80 random bits, each of which replaces a code of the app once.

Django-otp stores them as they are given to it; it is given keyed hashes, so that who reads the database can
log in with none of them.
"""

import re
import secrets
from base64 import b32encode
from typing import Any

from django.utils.crypto import salted_hmac

HOW_MANY = 10
BYTES = 10
PATTERN = re.compile(r"[a-z2-7]{16}")


def draw_codes() -> list[str]:
    return [_word(secrets.token_bytes(BYTES)) for _ in range(HOW_MANY)]


def stored(device: Any, code: str) -> str:
    """What a StaticDevice has for a code: as many bits, which lead nowhere without SECRET_KEY."""
    hashed = salted_hmac("daamweb.account.recovery_codes", f"{device.pk} {code}", algorithm="sha256")
    return _word(hashed.digest()[:BYTES])


def readable(code: str) -> str:
    """In groups of four."""
    return "-".join(re.findall("....", code))


def plain(code: str) -> str:
    """Of a code of either sort, however it was typed."""
    return re.sub(r"[\s-]", "", code).lower()


def _word(random: bytes) -> str:
    return b32encode(random).decode().lower()
