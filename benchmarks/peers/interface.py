"""What a site has to offer to be measured."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.peers.browser import Browser


@dataclass(frozen=True)
class Study:
    items: int
    replicas: int
    annotators: int

    @property
    def share(self) -> int:
        """As many items as each annotator has to rate, so that together they fill the study."""
        return min(self.items, -(-self.items * self.replicas // self.annotators))


@dataclass(frozen=True)
class Setting:
    """Where a site runs: `commands` has its programs, `folder` is empty and removed afterwards, `database` is
    the address of a PostgreSQL server; `own_server`: as its command serves it, not its Docker image."""

    commands: Path
    folder: Path
    database: str
    own_server: bool


@dataclass(frozen=True)
class Running:
    """A site that answers, with its study open."""

    port: int
    pid: int
    # Of PostgreSQL's first process, where the site uses it.
    database_pid: int | None
    # Answers in the site's own database or files.
    count_stored: Callable[[], int]


class Annotator(Protocol):
    browser: Browser

    def join(self) -> None:
        """Log in, and get the first item."""

    def rate(self) -> None:
        """Send the answer, and get the next item."""


class Peer(Protocol):
    name: str
    version: str
    requirements: Sequence[str]

    def run(self, study: Study, setting: Setting) -> AbstractContextManager[Running]: ...

    def annotator(self, number: int, browser: Browser) -> Annotator: ...
