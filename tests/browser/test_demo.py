"""The demo as a newcomer meets it: real processes, five tasks rated, and the report shows the five."""

import csv
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.steps import be_painted
from tests.site import TOP, Site, kill_group
from tests.test_files import open_to_others

pytestmark = pytest.mark.browser
TASKS = 5


def free_port() -> int:
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return candidate.getsockname()[1]


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What `make demo` does, in a folder of its own and with the umask of most shells: the site, the printed
    text and the site's address."""
    folder = tmp_path_factory.mktemp("demo")
    umask = os.umask(0o022)
    try:
        yield from _demo(folder)
    finally:
        os.umask(umask)


def _demo(folder: Path) -> Iterator[tuple[Site, str, str]]:
    site = Site(folder / "var", HTTPS_ONLY="False")
    port = free_port()
    site.manage("migrate", "--verbosity", "0")
    site.manage("collectstatic", "--no-input", "--verbosity", "0")
    printed = site.manage("demo", "--port", str(port))
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "daamweb.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "4",
    ]
    with (folder / "web.log").open("w") as log:
        web = subprocess.Popen(
            command, cwd=TOP, env=site.environment, stdout=log, stderr=log, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        with site.worker("--beat"):
            site.wait_for(lambda: answers(f"{address}/admin/login/"), seconds=60)
            yield site, printed, address
    finally:
        kill_group(web)


def test_five_tasks_rated_in_the_browser_are_in_the_report(demo, chromium):
    _, printed, address = demo
    annotator = chromium.new_context(base_url=address).new_page()
    annotator.goto(re.search(r"Annotator\s+(\S+)", printed).group(1))
    annotator.get_by_role("button", name="I agree").click()
    annotator.get_by_role("button", name="Start").click()
    for number in range(1, TASKS + 1):
        expect(annotator.get_by_text(re.compile(f"^{number - 1} answered")).first).to_be_visible()
        be_painted(annotator)
        annotator.keyboard.press(str(number))
    expect(annotator.get_by_text(re.compile(f"^{TASKS} answered")).first).to_be_visible()

    user, password = re.search(r"user (\S+), password (\S+)", printed).groups()
    researcher = chromium.new_context(base_url=address).new_page()
    researcher.goto("/admin/annotations/study/")
    researcher.fill("#id_username", user)
    researcher.fill("#id_password", password)
    researcher.get_by_role("button", name="Log in").click()
    researcher.get_by_role("row", name="Demo: words and heat maps").get_by_role("link", name="Report").click()
    # The page asks for the report by itself; a worker computes it.
    collected = researcher.get_by_role("row", name="responses collected")
    collected.wait_for(timeout=60_000)
    assert collected.get_by_role("cell").inner_text() == str(TASKS)
    figure = researcher.locator("figure img").first
    figure.scroll_into_view_if_needed()
    researcher.wait_for_function(
        "image => image.complete && image.naturalWidth > 0", arg=figure.element_handle()
    )

    researcher.get_by_role("link", name="Responses (CSV)").click()
    researcher.get_by_role("button", name="Write a file of the responses (CSV)").click()
    # A worker writes it; the page loads itself anew when it has.
    file_link = researcher.get_by_role("link", name=f"Download {TASKS} responses (CSV)")
    file_link.wait_for(timeout=60_000)
    with researcher.expect_download() as download:
        file_link.click()
    with download.value.path().open(encoding="utf-8", newline="") as file:
        choices = [row["choice"] for row in csv.DictReader(file)]
    assert choices == [str(number) for number in range(1, TASKS + 1)]


def test_everything_that_it_wrote_is_its_users_alone(demo):
    site, *_ = demo
    (site.folder / "worker.log").unlink()  # the test's own
    for name in ("site.sqlite3", "demo-password.txt", "media/**/*.png"):
        assert any(site.folder.glob(name)), name
    assert open_to_others(site.folder) == []
