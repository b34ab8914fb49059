"""A whole site of its own for tests that need real processes: own folder, own database, own worker."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import psycopg

TOP = Path(__file__).resolve().parent.parent


class Site:
    """Commands and workers of one deployment, as subprocesses."""

    def __init__(self, folder: Path, **environment: str):
        self.folder = folder
        self.environment = {
            **os.environ,
            "SECRET_KEY": "only-for-tests",
            "VAR_FOLDER": str(folder),
            "MEDIA_ROOT": str(folder / "media"),
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "OMP_NUM_THREADS": "1",
            **environment,
        }

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=TOP,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def migrate(self) -> None:
        """Tables for SQLite; a `postgres_database` has them already. Tests of migrations call the command."""
        engine, _, path = self.environment["DATABASE_URL"].partition("://")
        if engine == "sqlite":
            shutil.copyfile(_migrated(), path.removeprefix("/"))

    @contextmanager
    def worker(self, *arguments: str) -> Iterator[subprocess.Popen]:
        """A Celery worker in a process group of its own, killed as a whole in the end."""
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "daamweb",
            "worker",
            "--concurrency",
            "1",
            # At RabbitMQ nobody may have the name of another test's worker.
            "--hostname",
            f"{uuid.uuid4().hex[:8]}@%h",
            *arguments,
        ]
        with (self.folder / "worker.log").open("a") as log:
            process = subprocess.Popen(
                command, cwd=TOP, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield process
        finally:
            kill_group(process)

    def rows(self, sql: str) -> list[tuple]:
        """Read the site's database, past Django."""
        address = self.environment["DATABASE_URL"]
        connect = (sqlite3.connect, psycopg.connect)[address.startswith("postgres")]
        with closing(connect(address.removeprefix("sqlite:///"))) as connection:
            return connection.execute(sql).fetchall()

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            log = self.folder / "worker.log"
            assert time.monotonic() < deadline, (
                log.read_text()[-4000:] if log.exists() else "no worker was started"
            )
            time.sleep(0.1)


@cache
def _migrated() -> Path:
    """SQLite's file after all migrations, which take seconds: made once in each process of tests."""
    site = Site(Path(tempfile.mkdtemp(dir=os.environ["VAR_FOLDER"])))
    site.manage("migrate", "--verbosity", "0")
    return site.folder / "site.sqlite3"


def kill_group(process: subprocess.Popen) -> None:
    """SIGKILL, as a machine that loses power."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
