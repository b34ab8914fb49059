"""What runs the demo: nothing that ends takes the others with it, and Ctrl-C ends everything in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from daamweb.processes import LATEST, SOON, Process, Runner, read_procfile
from tests.site import TOP

# Says its process id, and starts a child that says its own.
PARENT = """
import os, subprocess, sys, time
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def in_group(group: int) -> list[int]:
    """Who is in a process group and not yet ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.fixture
def runner(tmp_path):
    """The runner with two processes, each of which wrote its id; (runner, files with the ids)."""
    (tmp_path / "parent.py").write_text(PARENT)
    files = [tmp_path / "a", tmp_path / "b"]
    procfile = tmp_path / "Procfile"
    procfile.write_text(
        "".join(
            f"{file.name}: {sys.executable} {tmp_path}/parent.py ${{FOLDER}}/{file.name}\n" for file in files
        )
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "daamweb.processes", str(procfile)],
        cwd=TOP, env={**os.environ, "FOLDER": str(tmp_path), "VAR_FOLDER": str(tmp_path)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_for(lambda: all(lines(file) for file in files))
        yield process, files
    finally:
        process.kill()
        process.communicate()
        for file in files:
            for pid in lines(file):
                for left in in_group(int(pid)):
                    os.kill(left, signal.SIGKILL)


def test_what_is_killed_begins_again_and_the_others_go_on(runner):
    process, (killed, other) = runner
    [first] = lines(killed)
    wait_for(lambda: len(in_group(int(first))) == 2)
    os.kill(int(first), signal.SIGKILL)
    wait_for(lambda: len(lines(killed)) == 2)
    assert in_group(int(first)) == []  # nor is a child left that nobody looks after
    assert len(lines(other)) == 1
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=10)
    assert "a | was killed by signal 9; it begins again in 1 s." in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_when_it_is_told_to_end_everything_ends_at_once(runner, number):
    process, files = runner
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=30) == 0
    assert time.monotonic() - began < 5
    assert [in_group(int(pid)) for file in files for pid in lines(file)] == [[], []]


# Fills more than a pipe holds, and then writes its id.
TALKER = """
import os, sys, time
for _ in range(5000):
    print("x" * 100, flush=True)
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
time.sleep(600)
"""


def test_on_a_full_disk_what_is_said_is_lost_and_the_processes_go_on_and_end(tmp_path):
    """As in `make demo > log`: every write fails."""
    (tmp_path / "talker.py").write_text(TALKER)
    talked, ended = tmp_path / "talked", tmp_path / "ended"
    procfile = tmp_path / "Procfile"
    procfile.write_text(
        f"a: {sys.executable} {tmp_path}/talker.py {talked}\nb: /bin/sh -c 'echo x >> {ended}'\n"
    )
    with open("/dev/full", "w") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "daamweb.processes", str(procfile)],
            cwd=TOP, env={**os.environ, "VAR_FOLDER": str(tmp_path)}, stdout=full, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        wait_for(lambda: len(lines(talked)) == 1 and len(lines(ended)) == 2)  # it begins again
        assert process.poll() is None
        process.terminate()
        process.wait(timeout=30)
        assert [in_group(int(pid)) for pid in lines(talked)] == [[]]
    finally:
        process.kill()
        for pid in lines(talked):
            for left in in_group(int(pid)):
                os.kill(left, signal.SIGKILL)


def test_whatever_ends_the_runner_ends_what_it_runs(monkeypatch):
    runner = Runner({"a": f"{sys.executable} -c 'import time; time.sleep(600)'", "b": "true"})
    process, fails = runner._processes
    monkeypatch.setattr("daamweb.processes.signal.signal", lambda *_: None)  # those of the tests stay
    monkeypatch.setattr(fails, "look_after", lambda: 1 / 0)
    try:
        with pytest.raises(ZeroDivisionError):
            runner.run()
        assert process._running.wait(timeout=10) < 0
        assert in_group(process._running.pid) == []
    finally:
        process.kill()


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("daamweb.processes.time.monotonic", lambda: now[0])
    return now


def wait_said(process: Process, said: list[str], clock: list[float]) -> int:
    """Seconds from its end to the next beginning, as it is said and done."""
    count = len(said)
    while len(said) == count:
        process.look_after()
        time.sleep(0.01)
    seconds = int(said[-1].split()[-2])
    clock[0] += seconds - 0.1
    process.look_after()
    assert process._running is None
    clock[0] += 0.1
    process.look_after()
    assert process._running is not None
    return seconds


def test_what_ends_at_once_again_and_again_is_tried_ever_more_seldom(clock):
    said: list[str] = []
    process = Process("a", ["false"], lambda name, line: said.append(line))
    process.look_after()
    assert [wait_said(process, said, clock) for _ in range(8)] == [SOON, 2, 4, 8, 16, LATEST, LATEST, LATEST]
    assert said[0] == "ended with 1; it begins again in 1 s."
    clock[0] += 60  # this one lived
    assert wait_said(process, said, clock) == SOON


def test_a_program_that_is_not_there_is_said_and_tried_again(clock):
    said: list[str] = []
    process = Process("a", ["/no/such/program"], lambda name, line: said.append(line))
    process.look_after()
    assert said == [
        "cannot begin: [Errno 2] No such file or directory: '/no/such/program'; it begins again in 1 s."
    ]
    assert process.has_ended()


def test_a_procfile_has_names_commands_and_what_the_environment_says():
    text = "# what\n\nweb: serve --port ${PORT} a:b\nbeat:beat\n"
    assert read_procfile(text, {"PORT": "8000"}) == {"web": "serve --port 8000 a:b", "beat": "beat"}


@pytest.mark.parametrize(
    ("text", "message"),
    [("web: serve ${NO_SUCH_THING}", "needs the environment's NO_SUCH_THING"), (None, "cannot be read")],
)
def test_what_is_wrong_with_a_procfile_is_one_sentence(tmp_path, text, message):
    if text:
        (tmp_path / "Procfile").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "daamweb.processes", str(tmp_path / "Procfile")],
        cwd=TOP, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
