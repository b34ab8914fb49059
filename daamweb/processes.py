"""Runs the processes of a Procfile and begins anew what ends, until Ctrl-C: `python -m daamweb.processes
Procfile`.

A worker may be killed at any time, by whoever runs out of memory first; that must not end the others. Told to
stop, the runner tells the main process of each, and waits while it ends what it is doing. A runner that is
killed leaves nothing that works on unseen: on Linux its processes are told to end then, and its lock keeps
another runner out until they have.
"""

import ctypes
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from daamweb import runner_lock

# Seconds until what ended begins again: at first, and at most, for what always ends at once.
SOON, LATEST = 1, 30
STEADY = 10.0  # seconds; what lived so long did not end at once
# Seconds that processes have to end when they are told to: a job gives way in ten, and is then free at once.
TO_END = 20.0
IN_SILENCE = 2.0  # of these; who needs longer is named
# One stop may come as several signals: to a group, and once more from make, which passes it on.
TOGETHER = 0.5
PR_SET_PDEATHSIG = 1  # of Linux's prctl.h


class Process:
    """One line of a Procfile, in a session of its own: Ctrl-C in a terminal reaches the runner alone."""

    def __init__(
        self, name: str, command: Sequence[str], say: Callable[[str, str], None], lock: int | None = None
    ) -> None:
        self.name = name
        self.command = command
        self._say = say
        self._lock = lock
        self._running: subprocess.Popen[str] | None = None
        self._began = 0.0
        self._begins_at = 0.0
        self._wait = SOON / 2

    def look_after(self) -> None:
        """Begin (again) if it is time to."""
        if self._running is not None and self._running.poll() is not None:
            self._bury(self._running)
        if self._running is None and time.monotonic() >= self._begins_at:
            self._begin()

    def ask_to_end(self) -> None:
        """Only the main process is told: a worker's child is at a job, and is ended when that is done."""
        if self._running is not None:
            self._running.terminate()

    def kill(self) -> None:
        """It, and all that it started."""
        if self._running is not None:
            _kill(self._running.pid)

    @property
    def pid(self) -> int | None:
        return None if self._running is None else self._running.pid

    def has_ended(self) -> bool:
        return self._running is None or self._running.poll() is not None

    def _begin(self) -> None:
        self._began = time.monotonic()
        try:
            self._running = subprocess.Popen(  # noqa: S603 (the Procfile is ours)
                self.command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
                pass_fds=() if self._lock is None else (self._lock,),
                preexec_fn=_ends_with(os.getpid()) if sys.platform == "linux" else None,
            )
        except OSError as error:
            self._again(f"cannot begin: {error}")
            return
        threading.Thread(target=self._pass_on, args=(self._running,), daemon=True).start()

    def _bury(self, process: subprocess.Popen[str]) -> None:
        _kill(process.pid)  # what it started and left behind, which may hold a port
        self._running = None
        code = process.returncode
        self._again(f"was killed by signal {-code}" if code < 0 else f"ended with {code}")

    def _again(self, what: str) -> None:
        lived = time.monotonic() - self._began
        self._wait = SOON if lived > STEADY else min(2 * self._wait, LATEST)
        self._begins_at = time.monotonic() + self._wait
        self._say(self.name, f"{what}; it begins again in {self._wait:.0f} s.")

    def _pass_on(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self._say(self.name, line.rstrip("\n"))


class Runner:
    """All of them, until it is told to stop; they hold its lock with it."""

    def __init__(self, commands: Mapping[str, str], lock: int | None = None) -> None:
        width = max(map(len, commands), default=0)
        writing = threading.Lock()

        def say(name: str, line: str) -> None:
            # Who read it has gone, or the disk is full; what they run goes on.
            with writing, suppress(OSError, ValueError):
                print(f"{name:{width}} | {line}", flush=True)

        self._say = say
        self._processes = [Process(name, shlex.split(line), say, lock) for name, line in commands.items()]
        self._lock = lock
        self._noted: list[int] = []
        self._told = 0
        self._told_at = 0.0

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            while not self._told:
                for process in self._processes:
                    process.look_after()
                self._note()
                time.sleep(0.1)
        finally:
            self._end()

    def _note(self) -> None:
        """Who runs, for whoever comes once this process was killed."""
        running = [process.pid for process in self._processes if process.pid is not None]
        if self._lock is not None and running != self._noted:
            runner_lock.write(self._lock, os.getpid(), running)
            self._noted = running

    def _stop(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._told or now - self._told_at > TOGETHER:
            self._told += 1
            self._told_at = now

    def _end(self) -> None:
        """Ask, and whoever is not gone then, or whom Ctrl-C is pressed for again, is killed."""
        for process in self._processes:
            process.ask_to_end()
        began = time.monotonic()
        is_said = False
        while self._told < 2 and (left := self._left()) and time.monotonic() < began + TO_END:
            if not is_said and time.monotonic() > began + IN_SILENCE:
                is_said = True
                self._say("", f"Waiting up to {TO_END:.0f} s for {left}; Ctrl+C again ends all at once.")
            time.sleep(0.05)
        for process in self._processes:
            process.kill()

    def _left(self) -> str:
        return ", ".join(process.name for process in self._processes if not process.has_ended())


def _ends_with(parent: int) -> Callable[[], None]:
    """In the child, before it becomes the program: whatever ends its parent ends it in order."""
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the runner's own handler would swallow it until then
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # which ended before this was said
            os._exit(1)

    return prepare


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # nobody is left in it (macOS says the second)
        os.killpg(group, signal.SIGKILL)


def read_procfile(text: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Name → command, with ${VARIABLES} of the environment put in."""
    commands = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            name, _, command = line.partition(":")
            commands[name.strip()] = re.sub(
                r"\$\{(\w+)\}", lambda found: environment[found[1]], command.strip()
            )
    return commands


def main(procfile: str) -> None:
    try:
        commands = read_procfile(Path(procfile).read_text(encoding="utf-8"), os.environ)
    except OSError as error:
        sys.exit(f"{procfile} cannot be read: {error}")
    except KeyError as error:
        sys.exit(f"{procfile} needs the environment's {error.args[0]}, which is not set.")
    try:
        lock = runner_lock.take(settings.VAR_FOLDER)
    except (runner_lock.StillRunningError, ImproperlyConfigured) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"What runs the processes cannot lock the folder of its files: {error}")
    Runner(commands, lock).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
