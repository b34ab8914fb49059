"""What the benchmark of the broker counts is what happened."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from benchmarks.broker_load import OVER, done_in, lines_in
from tests.site import TOP


def test_what_ran_is_counted_with_what_ran_twice(tmp_path):
    (tmp_path / "done-1").write_text("1\n2\n")
    (tmp_path / "done-2").write_text("2\n3\n")
    assert done_in(tmp_path) == Counter({1: 1, 2: 2, 3: 1})
    assert lines_in(tmp_path) == 4


@pytest.mark.services  # for its time
def test_two_senders_and_three_workers_lose_nothing_and_do_nothing_twice():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.broker_load", "--messages", "2000", "--seconds", "120"],
        cwd=TOP, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    assert {name: found[name] for name in ("messages", "lost", "twice", "fatal", "over")} == {
        "messages": 2000, "lost": 0, "twice": 0, "fatal": 0, "over": OVER,
    }  # fmt: skip
