"""What a crowd of annotators shares: the study's address, what has happened to it, and what each page came
to."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What the site said of a page that was sent, in the end."""

    STORED = "stored"  # and counts
    LATE = "late"  # kept under the person's name, not used
    STALE = "stale"  # another answer is stored; this one changed nothing
    REFUSED = "refused"  # the study takes nothing more


KEPT = (Outcome.STORED, Outcome.LATE)


@dataclass(frozen=True)
class Sent:
    """One page of one person's, sent as often as it took, and what it came to."""

    annotator: int
    turn: int
    token: str
    choice: int
    outcome: Outcome
    # The study had closed before it was sent for the first time.
    after_closing: bool


@dataclass
class Hall:
    port: int
    slug: str
    seed: int
    deadline: float
    pages: list[Sent] = field(default_factory=list)
    # How often somebody did what is out of the ordinary: "hung up", "sent twice", …
    tricks: Counter[str] = field(default_factory=Counter)
    # What happens to the study: some sit at a page from the first of these to one of the others.
    closing_soon: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    sweeping: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def chance(self, name: object) -> random.Random:
        return random.Random(f"{self.seed} {name}")

    def note(self, page: Sent) -> None:
        with self._lock:
            self.pages.append(page)

    def note_trick(self, name: str) -> None:
        with self._lock:
            self.tricks[name] += 1

    def answered(self) -> int:
        """How many turns have an answer that the site acknowledged."""
        with self._lock:
            return len({page.turn for page in self.pages if page.outcome == Outcome.STORED})

    def rest(self, seconds: float) -> None:
        assert time.monotonic() < self.deadline, "this takes too long"
        time.sleep(seconds)
