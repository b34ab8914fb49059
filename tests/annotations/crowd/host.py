"""The site under a crowd: its web server, which dies and comes back, and who runs the study."""

import json
import select
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.site import TOP, Site, kill_group

# Seconds that a command of the manager's may take, locks that it waits for included.
PATIENCE = 30


class Server:
    """Gunicorn as in the Procfile, in a process group of its own."""

    def __init__(self, site: Site, *arguments: str):
        self.site = site
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (line,) = [line for line in (TOP / "Procfile").read_text().splitlines() if line.startswith("web:")]
        _, gunicorn, *given = shlex.split(line.replace("${PORT}", str(self.port)))
        assert gunicorn == ".venv/bin/gunicorn"
        self.command = [sys.executable, "-m", "gunicorn", *given, *arguments]
        self.kills = 0
        self.start()

    def start(self) -> None:
        with (self.site.folder / "web.log").open("a") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=TOP,
                env=self.site.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill_and_start(self) -> None:
        assert self.process.poll() is None, (self.site.folder / "web.log").read_text()[-4000:]
        kill_group(self.process)
        self.kills += 1
        self.start()


@contextmanager
def server(site: Site, *arguments: str) -> Iterator[Server]:
    running = Server(site, *arguments)
    try:
        yield running
    finally:
        kill_group(running.process)


class Manager:
    def __init__(self, process: subprocess.Popen):
        self.process = process

    def ask(self, command: str) -> str | int:
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else ""
        assert line, f"“{command}” came to nothing within {PATIENCE} seconds"
        return json.loads(line)


@contextmanager
def manager(site: Site) -> Iterator[Manager]:
    """Ready when it is yielded: what it is asked for happens at once."""
    program = "from tests.annotations.crowd.manager import serve; serve()"
    with (site.folder / "manager.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", program],
            cwd=TOP,
            env=site.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        running = Manager(process)
        running.ask("unfilled")
        yield running
    finally:
        kill_group(process)
