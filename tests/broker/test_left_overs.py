"""What a killed process left in the broker of files, and what only looks like it."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from daamweb.message_files import LEFT_OVER_SECONDS
from tests.broker.folders import connect, send, take_all


@pytest.fixture
def change_times(monkeypatch) -> dict[str, float]:
    """Seconds by which a file's last change is moved: nobody may set it."""
    moved: dict[str, float] = {}
    lstat = Path.lstat

    def moved_lstat(path: Path) -> os.stat_result | SimpleNamespace:
        found = lstat(path)
        if path.name not in moved:
            return found
        return SimpleNamespace(st_mode=found.st_mode, st_ctime=found.st_ctime + moved[path.name])

    monkeypatch.setattr(Path, "lstat", moved_lstat)
    return moved


def test_what_a_killed_process_left_is_removed_an_hour_later(tmp_path, queue, messages, change_times):
    send(queue, 1)
    old, young = messages / "a.part", messages / "b.taken"
    for path in (old, young):
        path.touch()
    change_times["a.part"] = -LEFT_OVER_SECONDS - 60
    with connect(tmp_path) as other:
        other.channel()
    assert (old.exists(), young.exists()) == (False, True)
    assert take_all(queue) == [1]


def test_a_message_that_waited_long_and_is_being_taken_is_left_alone(tmp_path, queue, messages):
    """A rename keeps the time at which it was written."""
    send(queue, 1)
    [path] = messages.glob("*.msg")
    os.utime(path, (0, 0))
    taken = path.rename(path.with_suffix(".taken"))
    with connect(tmp_path) as other:
        other.channel()
    assert taken.exists()


@pytest.mark.parametrize("days", [-1, 1, 400])
def test_a_wrong_clock_of_this_process_takes_nobodys_message_away(
    tmp_path, queue, messages, monkeypatch, days
):
    send(queue, 1)
    now = time.time() + 24 * 3600 * days
    monkeypatch.setattr(time, "time", lambda: now)
    [path] = messages.glob("*.msg")
    taken = path.rename(path.with_suffix(".taken"))
    with connect(tmp_path) as other:
        other.channel()
    assert taken.exists()
