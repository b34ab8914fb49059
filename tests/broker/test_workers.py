"""Real workers on the broker of files: whatever is done to its folder, the next message runs."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app

from daamweb.broker import DAMAGED
from daamweb.pokes import BROKER_ERRORS
from tests.broker.folders import DAMAGE, HEADERS, JOB, connect, written
from tests.site import TOP, Site

pytestmark = pytest.mark.services  # for their time
FOR_SWEEPS = ("--queues", "sweeps", "--loglevel", "INFO")


class Sweeper:
    """A site, and its worker for the queue of sweeps."""

    def __init__(self, site: Site, worker: subprocess.Popen) -> None:
        self.site = site
        self.worker = worker
        self.folder = site.folder / "broker"
        self.queue = self.folder / "messages" / "sweeps"

    def send(self, job: str = JOB, *args: object) -> str:
        with connect(self.folder) as connection:
            return current_app.send_task(job, args, connection=connection, queue="sweeps", retry=False).id

    def log(self) -> str:
        return (self.site.folder / "worker.log").read_text()

    def wait_until_run(self, *ids: str) -> None:
        self.site.wait_for(lambda: all(f"[{each}] succeeded" in self.log() for each in ids), seconds=30)
        assert self.worker.poll() is None

    def run_next(self) -> None:
        self.wait_until_run(self.send())

    def hold_still(self) -> None:
        os.killpg(self.worker.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.killpg(self.worker.pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def sweeper(tmp_path_factory) -> Iterator[Sweeper]:
    site = Site(tmp_path_factory.mktemp("site"))
    site.migrate()
    with site.worker(*FOR_SWEEPS) as worker:
        yield Sweeper(site, worker)
    assert "Unrecoverable error" not in (site.folder / "worker.log").read_text()


def damage(kind: str, path: Path) -> None:
    match kind:
        case "a folder":
            path.mkdir()
            (path / "inside").touch()
        case "a pipe":
            os.mkfifo(path)
        case "a link to nothing":
            path.symlink_to(path.parent / "nothing")
        case "two gigabytes":
            with path.open("wb") as file:
                file.truncate(2 * 1024**3)
        case _:
            path.write_bytes(DAMAGE[kind])


@pytest.mark.parametrize("kind", [*DAMAGE, "a folder", "a pipe", "a link to nothing", "two gigabytes"])
def test_what_is_no_message_is_put_aside_and_the_next_one_runs(sweeper, kind):
    sweeper.run_next()
    name = f"0-{kind.replace(' ', '-')}.msg"
    damage(kind, sweeper.queue / name)
    sweeper.run_next()
    assert os.path.lexists(sweeper.queue / DAMAGED / name)
    assert f"It was put aside: {sweeper.queue / DAMAGED / name}" in sweeper.log()
    assert [path.name for path in sweeper.queue.iterdir()] == [DAMAGED]


# Run by the worker's Python before anything else: what Celery raises about each message with this id.
FAILING = """
import celery.worker.request
from celery.worker.request import Request
def fail(self):
    if self.id == "fails":
        raise TypeError("unhashable type: 'list'")
    return revoked(self)
revoked, Request.revoked = Request.revoked, fail
"""


@pytest.mark.parametrize("pool", ["solo", "prefork"])
def test_what_celery_cannot_handle_is_put_aside_and_the_next_one_runs(tmp_path, pool):
    """Of what is found sound; more often than messages that a worker may have in hand."""
    (tmp_path / "sitecustomize.py").write_text(FAILING)
    site = Site(tmp_path, PYTHONPATH=str(tmp_path))
    site.migrate()
    headers = HEADERS | {"task": JOB, "id": "fails", "expires": "2999-01-01T00:00:00+00:00"}
    with site.worker(*FOR_SWEEPS, "--pool", pool) as worker:
        sweeper = Sweeper(site, worker)
        sweeper.run_next()
        for number in range(6):
            (sweeper.queue / f"{number}.msg").write_bytes(written(headers, [[], {}, {}]))
        sweeper.run_next()
        assert sweeper.log().count("A message cannot be handled (TypeError: unhashable type: 'list')") == 6
        assert len(list((sweeper.queue / DAMAGED).iterdir())) == 6
        assert [path.name for path in sweeper.queue.iterdir()] == [DAMAGED]


def test_a_job_that_this_version_does_not_have_is_a_line_and_the_next_one_runs(sweeper):
    gone = sweeper.send("generation.jobs.paint_by_hand", 7)
    sweeper.run_next()
    assert "Received unregistered task of type 'generation.jobs.paint_by_hand'" in sweeper.log()
    assert gone in sweeper.log()
    assert not list(sweeper.queue.glob("*.*"))


def test_arguments_that_this_version_does_not_take_are_a_line_and_the_next_one_runs(sweeper):
    wrong = sweeper.send(JOB, "too", "many")
    sweeper.run_next()
    assert f"[{wrong}] raised unexpected: TypeError" in sweeper.log()


def test_where_the_whole_folder_is_deleted_it_is_made_anew(sweeper):
    sweeper.run_next()
    sweeper.hold_still()
    shutil.rmtree(sweeper.folder)
    sweeper.go_on()
    sweeper.run_next()
    ping = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "daamweb", "inspect", "ping", "--timeout", "5"],
        cwd=TOP, env=sweeper.site.environment, capture_output=True, text=True,
    )  # fmt: skip
    assert "pong" in ping.stdout


def children(process: subprocess.Popen) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def test_a_process_of_a_worker_that_is_killed_while_it_waits_leaves_the_worker_hearing(sweeper):
    """One that shared a pipe and its lock with the others would take the lock along."""
    sweeper.run_next()
    for _ in range(3):
        [child] = children(sweeper.worker)
        os.kill(child, signal.SIGKILL)
        sweeper.site.wait_for(lambda gone=child: children(sweeper.worker) not in ([], [gone]), seconds=30)
        sweeper.run_next()


def test_messages_that_are_deleted_keep_no_others_from_running(sweeper):
    sweeper.run_next()
    sweeper.hold_still()
    sent = [sweeper.send() for _ in range(20)]
    for path in sorted(sweeper.queue.glob("*.msg"))[:10]:
        path.unlink()
    sweeper.go_on()
    sweeper.wait_until_run(*sent[10:])
    assert not any(f"[{each}]" in sweeper.log() for each in sent[:10])


def test_a_file_in_place_of_the_folder_is_put_aside(sweeper):
    sweeper.run_next()
    sweeper.hold_still()
    shutil.rmtree(sweeper.queue)
    sweeper.queue.write_text("no folder")
    sweeper.go_on()
    sweeper.run_next()
    assert (sweeper.queue.parent / DAMAGED / "sweeps.msg").read_text() == "no folder"


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A site's folder whose broker lies on a disk with 128 KiB."""
    disk = tmp_path / "broker"
    disk.mkdir()
    subprocess.run(["/usr/bin/mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)], check=True)
    try:
        yield tmp_path
    finally:
        subprocess.run(["/usr/bin/umount", "--lazy", str(disk)], check=True)


def test_on_a_full_disk_what_fitted_is_sent_and_the_rest_refused(small_disk):
    site = Site(small_disk)
    site.migrate()
    with site.worker(*FOR_SWEEPS) as worker:
        sweeper = Sweeper(site, worker)
        sweeper.run_next()
        sweeper.hold_still()
        sent, refused = send_many(sweeper, 200)
        assert len(sent) > 10
        assert len(refused) > 10
        assert all("No space left on device" in each for each in refused)
        assert len(list(sweeper.queue.iterdir())) == len(sent)  # nothing of the others
        sweeper.go_on()
        sweeper.wait_until_run(*sent)
        sweeper.run_next()
    assert "Unrecoverable error" not in sweeper.log()


def send_many(sweeper: Sweeper, count: int) -> tuple[list[str], list[str]]:
    sent, refused = [], []
    for _ in range(count):
        try:
            sent.append(sweeper.send())
        except BROKER_ERRORS as error:
            refused.append(str(error))
    return sent, refused


def test_a_worker_told_to_end_does_so_soon(tmp_path):
    site = Site(tmp_path)
    site.migrate()
    with site.worker(*FOR_SWEEPS, "--pool", "solo") as worker:
        Sweeper(site, worker).run_next()
        began = time.monotonic()
        worker.terminate()
        worker.wait(timeout=30)
        assert time.monotonic() - began < 5
