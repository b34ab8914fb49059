"""A demo of its own: its folder, its port, its processes, and a clock that can be moved."""

import os
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.processes import TOP
from daamweb.processes import TO_END, read_procfile

# What is in their environment tells the demo's processes from all others.
MARK = "DAAMWEB_FAULTS"
DAY = 24 * 60 * 60


class Demo:
    """`make demo`, with workers and beat that believe a clock of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.var = folder / "var"
        self.broker = self.var / "broker"
        self.log = folder / "demo.log"
        self.mark = uuid.uuid4().hex
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._clock = folder / "clock"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CELERY_")},
            MARK: self.mark,
            "SECRET_KEY": "of-no-use-to-anybody-" + uuid.uuid4().hex,
            "HTTPS_ONLY": "False",
            "DEBUG": "False",
            "ALLOWED_HOSTS": "127.0.0.1",
            "VAR_FOLDER": str(self.var),
            "MEDIA_ROOT": str(self.var / "media"),
            "DATABASE_URL": f"sqlite:///{self.var / 'daamweb.sqlite3'}",
            "PORT": str(self.port),
            # So that what a killed worker had in hand is found again within the minute.
            "SWEEP_SECONDS": "5",
            "GENERATION_LEASE_SECONDS": "20",
        }

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=TOP,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)}:\n{done.stdout}")
        return done.stdout

    @contextmanager
    def running(self) -> Iterator[None]:
        """From the studies to the end of every process; what it said is in `log`."""
        self.move_clock(ahead=False)
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--no-input", "--verbosity", "0")
        said = self.manage("demo", "--port", str(self.port))
        with self.log.open("w") as log:
            log.write(said)
            log.flush()
            runner = subprocess.Popen(
                [sys.executable, "-m", "daamweb.processes", str(self._procfile())],
                cwd=TOP,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield
            if runner.poll() is not None:
                raise RuntimeError(f"What runs the processes ended with {runner.returncode}.")
        finally:
            runner.send_signal(signal.SIGINT)
            try:
                runner.wait(timeout=TO_END + 10)
            except subprocess.TimeoutExpired:
                runner.kill()

    def _procfile(self) -> Path:
        """The project's, whose workers and beat have the clock that is moved."""
        clock = {"LD_PRELOAD": str(_build_clock(self.folder)), "CLOCK_AHEAD": str(self._clock)}
        put_on = shlex.join(["env", *(f"{name}={value}" for name, value in clock.items())])
        commands = read_procfile((TOP / "Procfile").read_text(encoding="utf-8"), self._environment)
        lines = [
            f"{name}: {command if name == 'web' else f'{put_on} {command}'}\n"
            for name, command in commands.items()
        ]
        path = self.folder / "Procfile"
        path.write_text("".join(lines), encoding="utf-8")
        return path

    def move_clock(self, *, ahead: bool) -> None:
        """A day ahead, or right: in place, since the processes look at these very bytes."""
        with self._clock.open("r+b" if self._clock.exists() else "wb") as file:
            file.write((DAY if ahead else 0).to_bytes(8, sys.byteorder))

    def processes(self) -> dict[int, str]:
        """What is running of it: id → command line."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self.mark}".encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return {pid: command for pid, command in found.items() if command}

    def rows(self, sql: str) -> list[tuple]:
        with closing(sqlite3.connect(self.var / "daamweb.sqlite3", timeout=30)) as database:
            return database.execute(sql).fetchall()

    def wait_until_gone(self, seconds: float) -> dict[int, str]:
        """What is left of its processes then."""
        deadline = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return left


def _build_clock(folder: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit(
            "`make fault-test` needs a C compiler for the clock that it moves: apt-get install gcc libc6-dev"
        )
    source, library = Path(__file__).with_name("clock.c"), folder / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", library, source, "-ldl"], check=True)
    return library


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
