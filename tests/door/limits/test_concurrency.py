"""However many processes and threads take at once, nobody gets more than there is, and none is lost."""

import json
import subprocess
import sys

import pytest

from tests.door.limits.hall import BURST, THREADS, TRIES
from tests.site import TOP, Site

PROCESSES = 3
PROGRAM = "from tests.door.limits import hall; hall.run()"


def granted(site: Site) -> list[int]:
    """What each process's threads were granted, all at once, out of a bucket that nobody had used."""
    site.migrate()
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", PROGRAM]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, cwd=TOP, env=site.environment, **pipes) for _ in range(PROCESSES)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("now\n")
        process.stdin.flush()
    return [sum(json.loads(process.communicate(timeout=120)[0])) for process in processes]


def assert_exact(given: list[int]) -> None:
    assert PROCESSES * THREADS * TRIES > 4 * BURST  # most were refused
    assert sum(given) == BURST
    assert len([each for each in given if each]) > 1, "one process had all: nothing happened at once"


def test_processes_and_threads_share_a_bucket_exactly_on_sqlite(tmp_path):
    assert_exact(granted(Site(tmp_path)))


@pytest.mark.services
def test_processes_and_threads_share_a_bucket_exactly_on_postgresql(tmp_path, postgres_database):
    assert_exact(granted(Site(tmp_path, DATABASE_URL=postgres_database)))
