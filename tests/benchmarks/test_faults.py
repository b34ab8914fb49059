"""`make fault-test` moves the time of day, and nothing else, for the processes that it is told to."""

import os
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import pytest

from benchmarks.faults.__main__ import MUST_BE_ZERO, judge
from benchmarks.faults.demo import Demo, _build_clock
from benchmarks.faults.harm import JUNK
from benchmarks.faults.verdict import judge_images
from benchmarks.faults.visitors import Browser, Seen
from daamweb.messages import DamagedError, read_message
from daamweb.processes import read_procfile

DAY = 24 * 60 * 60
# At each line that it reads.
CLOCKS = """
import sys, time
for _ in sys.stdin:
    time.sleep(0.01)
    print(time.time(), time.monotonic(), flush=True)
"""


@pytest.fixture
def demo(tmp_path) -> Demo:
    demo = Demo(tmp_path)
    demo.move_clock(ahead=False)
    return demo


@pytest.mark.services  # needs a C compiler
def test_the_clock_is_moved_ahead_and_back_while_a_process_runs(demo):
    environment = {
        **os.environ, "LD_PRELOAD": str(_build_clock(demo.folder)), "CLOCK_AHEAD": str(demo.folder / "clock")
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", CLOCKS],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    times = []
    for ahead in (False, True, False):
        demo.move_clock(ahead=ahead)
        process.stdin.write("\n")
        process.stdin.flush()
        times.append([float(each) for each in process.stdout.readline().split()])
    process.communicate()
    (day, since), (ahead, since_ahead), (back, since_back) = times
    assert ahead - day == pytest.approx(DAY, abs=60)
    assert back - day == pytest.approx(0, abs=60)
    assert 0 < since_ahead - since < 60
    assert 0 < since_back - since_ahead < 60


@pytest.mark.services  # needs a C compiler
def test_all_but_the_site_have_the_clock_that_is_moved(demo):
    commands = read_procfile(demo._procfile().read_text(), {})
    assert {name: "clock.so" in command for name, command in commands.items()} == {
        "web": False, "worker": True, "images": True, "sweeps": True, "beat": True,
    }  # fmt: skip


@pytest.mark.parametrize("content", JUNK, ids=range(len(JUNK)))
def test_junk_is_no_message(content):
    with pytest.raises(DamagedError):
        read_message(content)


def test_what_is_wrong_with_images_is_counted(demo, monkeypatch):
    """One as it should be, one whose map is another file, one that is not done and was tried too often."""
    folder = demo.var / "media" / "generation" / "1"
    folder.mkdir(parents=True)
    for name in ("a.png", "a.npz", "b.png", "b.npz", "left.png"):
        (folder / name).write_bytes(b"")
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    rows = [
        ("done", 1, "", "generation/1/a.png", nothing, "generation/1/a.npz", nothing),
        ("done", 2, "", "generation/1/b.png", nothing, "generation/1/b.npz", "another"),
        ("running", 4, "", "", "", "", ""),
    ]
    monkeypatch.setattr(demo, "rows", lambda sql: rows)
    found = judge_images(demo)
    counted = Counter({name: value for name, value in found.items() if isinstance(value, int) and value})
    assert counted == {
        "images": 3, "unfinished": 1, "attempts_beyond": 1, "files_unnamed": 1, "files_changed": 1,
        "pairs_missing": 1,
    }  # fmt: skip


def test_the_slowest_page_is_that_of_whoever_waited_longest(monkeypatch):
    """Everybody has a browser of their own. One that takes too long is wrong."""
    seen = Seen()
    clock = iter([0, 2, 10, 22, 30, 31])
    monkeypatch.setattr("benchmarks.faults.visitors.time", SimpleNamespace(monotonic=lambda: next(clock)))
    for _ in range(3):
        browser = Browser("http://127.0.0.1:1", seen)
        monkeypatch.setattr(browser._opener, "open", unanswered)
        browser.get("/")
    assert (seen.slowest, seen.pages) == (12, {"no answer": 3})
    well = {**dict.fromkeys(MUST_BE_ZERO, 0), "report_is_there": True, "slowest_page_s": 9.5}
    assert judge(well) == []
    assert judge({**well, "slowest_page_s": seen.slowest}) == ["slowest_page_s"]


def unanswered(*args, **options):
    raise OSError("refused")
