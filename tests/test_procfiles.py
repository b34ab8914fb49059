"""`make dev` starts what `make demo` starts."""

import re
import shlex
from pathlib import Path

import pytest

from daamweb.queues import QUEUES

TOP = Path(__file__).resolve().parent.parent
PACKAGES = ["generation", "annotations", "evaluation", "daamweb"]


def processes(name: str) -> dict[str, str]:
    lines = (TOP / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_make_dev_runs_the_same_workers_and_watches_every_package():
    demo, dev = processes("Procfile"), processes("Procfile.dev")
    assert dev.keys() == demo.keys()
    del demo["web"], dev["web"]  # Django's own server begins anew by itself
    watch = [".venv/bin/watchfiles", "--filter", "python"]
    assert {name: shlex.split(command) for name, command in dev.items()} == {
        name: [*watch, command, *PACKAGES] for name, command in demo.items()
    }


@pytest.mark.parametrize("name", ["Procfile", "docker-compose.yml"])
def test_every_queue_has_a_worker_of_its_own(name):
    listened_to = re.findall(r"celery .*worker --queues (\S+)", (TOP / name).read_text(encoding="utf-8"))
    assert sorted(listened_to) == sorted(QUEUES)
