"""What a new password has to be, beyond Django's own rules."""

import re
from collections.abc import Iterator

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

# What one gets by going along the keys or the alphabet.
SHORTEST_RUN = 6
RUNS = [
    12 * keys
    for keys in ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv")
]


class MaximumLengthValidator:
    def __init__(self, max_length: int = 128):
        self.max_length = max_length

    def validate(self, password: str, user: User | None = None) -> None:
        if len(password) > self.max_length:
            raise ValidationError(
                f"This password is too long. It may have at most {self.max_length} characters.",
                code="password_too_long",
            )

    def get_help_text(self) -> str:
        return f"Your password may have up to {self.max_length} characters; a sentence is fine."


class CommonCoreValidator(CommonPasswordValidator):
    """Few common passwords are as long as ours have to be: those are made long by a year or by repeating
    them, which whoever guesses does as well."""

    def validate(self, password: str, user: User | None = None) -> None:
        for core in cores(password.lower().strip()):
            super().validate(core, user)
            if len(core) >= SHORTEST_RUN and any(core in run or core[::-1] in run for run in RUNS):
                raise ValidationError(self.get_error_message(), code="password_too_common")


def cores(password: str) -> Iterator[str]:
    """What it is by itself, without what is no letter around it, and what it repeats."""
    yield password
    yield re.sub(r"^[\W\d_]+|[\W\d_]+$", "", password)
    repeated = re.fullmatch(r"(.+?)\1+", password, re.DOTALL)
    if repeated:
        yield repeated[1]
