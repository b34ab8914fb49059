"""What the site's processes write is their user's alone, whatever umask they were started with."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.site import TOP, Site, kill_group


@pytest.fixture
def lax_umask():
    """As most shells and services have it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """The files and folders below it, and itself, that anybody but the owner has a right to."""
    found = [folder, *folder.rglob("*")]
    return [str(path.relative_to(folder)) for path in found if path.stat().st_mode & 0o077]


def test_commands_and_beat_write_for_their_user_alone(lax_umask, tmp_path):
    site = Site(tmp_path / "var", SWEEP_SECONDS="1")
    site.manage("migrate", "--verbosity", "0")
    site.manage("collectstatic", "--no-input", "--verbosity", "0")
    (site.folder / "worker.log").touch(mode=0o600)  # the test's own
    command = [sys.executable, "-m", "celery", "-A", "daamweb", "beat"]
    beat = subprocess.Popen(command, cwd=TOP, env=site.environment, start_new_session=True)
    try:
        written = (
            "site.sqlite3",
            "static/css/daamweb.css",
            "broker/messages/sweeps/*.msg",
        )
        site.wait_for(lambda: all(any(site.folder.glob(each)) for each in written), seconds=60)
        with closing(sqlite3.connect(site.folder / "site.sqlite3")) as database:
            database.execute("SELECT * FROM django_migrations").fetchone()
            # SQLite gives its journal the rights of the database.
            assert {"site.sqlite3-wal", "site.sqlite3-shm"} <= set(os.listdir(site.folder))
            assert open_to_others(site.folder) == []
    finally:
        kill_group(beat)


def test_what_is_open_to_others_is_found(tmp_path):
    folder = tmp_path / "var"
    (folder / "inside").mkdir(parents=True)
    (folder / "inside" / "file").touch()
    for path, mode in ((folder, 0o700), (folder / "inside", 0o711), (folder / "inside" / "file", 0o604)):
        path.chmod(mode)
    assert open_to_others(folder) == ["inside", "inside/file"]
