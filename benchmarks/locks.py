"""How long others wait for SQLite's one lock while something is done."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event, Thread

EVERY = 0.02  # seconds
PATIENCE = 120
PRIMARY = 0xFF  # of SQLite's codes of errors


@dataclass
class Waited:
    """`measured`: whether the database is one whose writers wait for each other. `error`: what else than a
    lock kept it from being measured."""

    seconds: float = 0.0
    measured: bool = False
    error: sqlite3.Error | None = None


@contextmanager
def longest_wait() -> Iterator[Waited]:
    """Ask for the lock again and again, as a rater's answer does, and give it back at once. Raises
    sqlite3.Error in the end where that could not be done."""
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
    if waited.error is not None:
        raise waited.error


def _ask(file: str, waited: Waited, done: Event) -> None:
    with closing(sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)) as database:
        while not done.wait(EVERY):
            began = time.perf_counter()
            try:
                database.execute("BEGIN IMMEDIATE")
                database.execute("ROLLBACK")
            except sqlite3.Error as error:
                # Its patience was over: it has waited so long at least, and asks again.
                if error.sqlite_errorcode & PRIMARY != sqlite3.SQLITE_BUSY:
                    waited.error = error
                    return
            finally:
                waited.seconds = max(waited.seconds, time.perf_counter() - began)
