"""How the demo ends: in order when it is told to, at once when it is told again, and with a killed runner."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daamweb import runner_lock
from tests.site import TOP
from tests.test_processes import in_group, lines, wait_for

# As Celery's: told to end, the main process waits for the child, which is at a job that SIGTERM would lose.
# It may be told twice: Linux tells it when each thread of its parent ends.
WORKER = """
import os, signal, subprocess, sys, time
JOB = "import sys, time; time.sleep(2); open(sys.argv[1], 'a').write('done ')"
child = subprocess.Popen([sys.executable, "-c", JOB, sys.argv[2]])
told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(True))
open(sys.argv[1], "a").write(f"{os.getpid()} ")
while not told:
    time.sleep(0.1)
child.wait()
"""
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "a").write(f"{os.getpid()} ")
while True:
    time.sleep(0.1)
"""
OBEDIENT = STUBBORN.replace("SIG_IGN", "SIG_DFL")


def start(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "daamweb.processes", str(folder / "Procfile")],
        cwd=TOP, env={**os.environ, "VAR_FOLDER": str(folder)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@contextmanager
def running(folder: Path, program: str) -> Iterator["subprocess.Popen[str]"]:
    """The runner of one process, which wrote its id to `folder`/ids."""
    (folder / "program.py").write_text(program)
    (folder / "Procfile").write_text(f"a: {sys.executable} {folder}/program.py {folder}/ids {folder}/job\n")
    runner = start(folder)
    try:
        wait_for(lambda: bool(lines(folder / "ids")))
        yield runner
    finally:
        runner.kill()
        runner.wait()
        for pid in lines(folder / "ids"):
            for left in in_group(int(pid)):
                os.kill(left, signal.SIGKILL)


@contextmanager
def timed(at_most: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < at_most


def is_free(folder: Path) -> Callable[[], bool]:
    def asked() -> bool:
        try:
            runner_lock.check_free(folder)
        except runner_lock.StillRunningError:
            return False
        return True

    return asked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_a_worker_ends_its_job_first(tmp_path, number):
    with running(tmp_path, WORKER) as runner:
        runner.send_signal(number)
        assert runner.wait(timeout=30) == 0
        assert lines(tmp_path / "job") == ["done"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whom_is_waited_for_is_said_and_told_again_they_are_killed_at_once(tmp_path, number):
    with running(tmp_path, STUBBORN) as runner:
        runner.send_signal(number)
        assert runner.stdout.readline() == "  | Waiting up to 20 s for a; Ctrl+C again ends all at once.\n"
        with timed(at_most=5):
            runner.send_signal(number)
            assert runner.wait(timeout=30) == 0
        assert in_group(int(lines(tmp_path / "ids")[0])) == []


def test_signals_that_come_together_are_one(tmp_path):
    """`kill` of a group: make has one, too, and passes it on."""
    with running(tmp_path, WORKER) as runner:
        runner.send_signal(signal.SIGTERM)
        time.sleep(0.15)
        runner.send_signal(signal.SIGTERM)
        assert runner.wait(timeout=30) == 0
        assert lines(tmp_path / "job") == ["done"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells the children")
def test_a_runner_that_is_killed_takes_its_processes_with_it_in_order(tmp_path):
    with running(tmp_path, WORKER) as runner:
        runner.kill()
        runner.wait()
        pid = int(lines(tmp_path / "ids")[0])
        wait_for(lambda: in_group(pid) == [])
        assert lines(tmp_path / "job") == ["done"]
        assert is_free(tmp_path)()


def test_a_folder_has_one_runner(tmp_path):
    with running(tmp_path, OBEDIENT) as runner:
        second = start(tmp_path)
        said, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert said == (
            f"`make demo` or `make dev` of {tmp_path} is running (pid {runner.pid}): end it first, "
            f"with Ctrl+C where it was started or with: kill {runner.pid}\n"
        )
        assert runner.poll() is None
        runner.terminate()
        runner.wait(timeout=30)
    assert is_free(tmp_path)()


def test_nothing_is_run_beside_what_outlived_a_killed_runner(tmp_path):
    with running(tmp_path, STUBBORN) as runner:
        [pid] = lines(tmp_path / "ids")
        wait_for(lambda: lines(tmp_path / runner_lock.NAME) == [str(runner.pid), pid])
        runner.kill()
        runner.wait()
        second = start(tmp_path)
        said, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"are still running (pids {pid})" in said
        assert said.endswith(f"kill {pid}\n")
        os.kill(int(pid), signal.SIGKILL)
        wait_for(is_free(tmp_path))


def test_a_folder_that_cannot_be_locked_is_one_sentence(tmp_path):
    (tmp_path / "Procfile").write_text("a: true\n")
    (tmp_path / runner_lock.NAME).mkdir()
    second = start(tmp_path)
    said, _ = second.communicate(timeout=30)
    assert second.returncode == 1
    assert said.startswith("What runs the processes cannot lock the folder of its files: ")
    assert len(said.splitlines()) == 1
