"""The site as `make demo` starts it, under 32 sockets that drip a byte a second and 100 uploads of 100 MiB at
once: everybody else is served within a second, and nothing that was sent is written to disk."""

import http.client
import json
import math
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings

from tests.annotations.crowd.host import Server, server
from tests.site import TOP, Site

pytestmark = pytest.mark.services
# Of the attack, and of what it does to others before the first byte of it is sent.
SECONDS = 4
PATIENCE = 20


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    (folder / "tmp").mkdir()
    site = Site(folder, TMPDIR=str(folder / "tmp"))
    site.migrate()
    return site


@pytest.fixture(scope="module")
def study(site) -> str:
    """The address of an open study."""
    arguments = "name='open', prompts=1, replicas=1, check_every=5"
    program = f"from tests.annotations.crowd.manager import build; build({arguments})"
    slug = site.manage("shell", "--verbosity", "0", "--command", program).strip()
    site.manage("open_study", "open")
    return f"/s/{slug}/"


@pytest.fixture(scope="module")
def running(site) -> Iterator[Server]:
    with server(site) as running:
        wait_for(running.port)
        yield running


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return ask(port, "/admin/login/")[1:]
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def ask(port: int, path: str) -> tuple[int, float, str]:
    """Status, seconds and CSRF cookie of a page, on a connection of its own."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    token = re.search(rf"{settings.CSRF_COOKIE_NAME}=(\w+)", answer.getheader("Set-Cookie") or "")
    return answer.status, time.monotonic() - began, token[1] if token is not None else ""


def size(folder: Path) -> int:
    """Bytes of all files below."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


class Others:
    """Two visitors who open a page every 50 ms, and somebody who watches the disk."""

    def __init__(self, port: int, paths: list[str], folder: Path):
        self.port, self.paths, self.folder = port, paths, folder
        self.seconds: list[float] = []
        self.statuses: set[int] = set()
        self.peak = self.before = size(folder)
        self.over = threading.Event()

    def visit(self, path: str) -> None:
        while not self.over.wait(0.05):
            began = time.monotonic()
            try:
                status, _, _ = ask(self.port, path)
            except OSError:
                status = 0
            self.statuses.add(status)
            self.seconds.append(time.monotonic() - began)

    def watch(self) -> None:
        while not self.over.wait(0.05):
            self.peak = max(self.peak, size(self.folder))

    def during(self, command: list[str]) -> dict:
        with ThreadPoolExecutor(len(self.paths) + 1) as pool:
            futures = [pool.submit(self.visit, path) for path in self.paths] + [pool.submit(self.watch)]
            try:
                done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
            finally:
                self.over.set()
            for future in futures:
                future.result()
        return json.loads(done.stdout)

    def percentile(self, share: float) -> float:
        return sorted(self.seconds)[math.ceil(share * len(self.seconds)) - 1]


@pytest.mark.parametrize("dripped", ["nothing", "heads", "bodies"])
def test_others_are_served_while_clients_drip_and_upload(site, study, running, dripped):
    login = "/admin/login/"
    (_, _, cookie) = ask(running.port, login)
    others = Others(running.port, [study, login], site.folder)
    attackers = [sys.executable, "-m", "tests.door.attackers", str(running.port), str(SECONDS), dripped]
    outcome = others.during([*attackers, study, cookie, login, cookie])
    print(
        f"\n{dripped}: {len(others.seconds)} pages, slowest {others.percentile(1):.3f} s, "
        f"p95 {others.percentile(0.95):.3f} s; {others.peak - others.before} bytes on disk; {outcome}"
    )
    assert others.statuses == {200}
    assert others.percentile(1) < 1
    assert others.peak - others.before <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert outcome["uploads"].keys() <= {"413", "reset"}
    assert outcome["slowest upload"] < SECONDS / 2
