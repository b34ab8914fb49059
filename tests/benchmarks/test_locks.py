"""That who waits longest for SQLite's lock is not lost; no timings are looked at."""

import sqlite3
import time
from contextlib import closing
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from benchmarks import locks
from benchmarks.locks import Waited, longest_wait


@pytest.fixture
def file(tmp_path) -> str:
    path = f"{tmp_path / 'database'}"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE answers (number INTEGER)")
    return path


def test_a_wait_longer_than_its_patience_is_counted_and_it_asks_again(file, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    waited, done = Waited(), Event()
    thread = Thread(target=locks._ask, args=(file, waited, done))
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        thread.start()
        deadline = time.monotonic() + 20
        while not waited.seconds and time.monotonic() < deadline:
            time.sleep(0.01)
        assert waited.seconds >= 0.05
        holder.execute("ROLLBACK")
    assert thread.is_alive()
    done.set()
    thread.join()
    assert waited.error is None


def test_what_else_goes_wrong_is_raised_in_the_end(tmp_path, monkeypatch):
    path = tmp_path / "none"
    path.write_bytes(b"this is no database" * 100)
    site = SimpleNamespace(vendor="sqlite", settings_dict={"NAME": f"{path}"})
    monkeypatch.setattr("django.db.connection", site)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"), longest_wait():
        time.sleep(0.2)
