"""How long others wait for SQLite's one lock while something is done."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event, Thread

EVERY = 0.02  # seconds
PATIENCE = 120


@dataclass
class Waited:
    """`measured`: whether the database is one whose writers wait for each other."""

    seconds: float = 0.0
    measured: bool = False


@contextmanager
def longest_wait() -> Iterator[Waited]:
    """Ask for the lock again and again, as a rater's answer does, and give it back at once."""
    from django.db import connection

    waited, done = Waited(measured=connection.vendor == "sqlite"), Event()
    thread = Thread(target=_ask, args=(connection.settings_dict["NAME"], waited, done))
    if waited.measured:
        thread.start()
    try:
        yield waited
    finally:
        done.set()
        if waited.measured:
            thread.join()


def _ask(file: str, waited: Waited, done: Event) -> None:
    with closing(sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)) as database:
        while not done.wait(EVERY):
            began = time.perf_counter()
            database.execute("BEGIN IMMEDIATE")
            waited.seconds = max(waited.seconds, time.perf_counter() - began)
            database.execute("ROLLBACK")
