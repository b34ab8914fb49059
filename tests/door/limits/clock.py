"""A clock that tests set."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Seconds since 1970; noon of some day at first."""

    seconds: float = 1_800_014_400.0

    def microseconds(self) -> int:
        return round(self.seconds * 1_000_000)
