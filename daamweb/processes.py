"""Runs the processes of a Procfile and begins anew what ends, until Ctrl-C: `python -m daamweb.processes
Procfile`.

A worker may be killed at any time, by whoever runs out of memory first; that must not end the others.
"""

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

# Seconds until what ended begins again: at first, and at most, for what always ends at once.
SOON, LATEST = 1, 30
STEADY = 10.0  # seconds; what lived so long did not end at once
TO_END = 5.0  # seconds that processes have to end when they are told to


class Process:
    """One line of a Procfile, in a process group of its own."""

    def __init__(self, name: str, command: Sequence[str], say: Callable[[str, str], None]) -> None:
        self.name = name
        self.command = command
        self._say = say
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

    def tell(self, number: int) -> None:
        """A signal for it and for all that it started."""
        if self._running is not None:
            _signal(self._running.pid, number)

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
            )
        except OSError as error:
            self._again(f"cannot begin: {error}")
            return
        threading.Thread(target=self._pass_on, args=(self._running,), daemon=True).start()

    def _bury(self, process: subprocess.Popen[str]) -> None:
        _signal(process.pid, signal.SIGKILL)  # what it started and left behind, which may hold a port
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
    """All of them, until it is told to stop."""

    def __init__(self, commands: Mapping[str, str]) -> None:
        width = max(map(len, commands), default=0)
        writing = threading.Lock()

        def say(name: str, line: str) -> None:
            # Who read it has gone, or the disk is full; what they run goes on.
            with writing, suppress(OSError, ValueError):
                print(f"{name:{width}} | {line}", flush=True)

        self._processes = [Process(name, shlex.split(line), say) for name, line in commands.items()]
        self._told = 0

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            while not self._told:
                for process in self._processes:
                    process.look_after()
                time.sleep(0.1)
        finally:
            self._end()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._told += 1

    def _end(self) -> None:
        """Ask, and whoever is not gone then, or whom Ctrl-C is pressed for again, is killed."""
        for process in self._processes:
            process.tell(signal.SIGTERM)
        deadline = time.monotonic() + TO_END
        while (
            self._told < 2
            and time.monotonic() < deadline
            and not all(process.has_ended() for process in self._processes)
        ):
            time.sleep(0.05)
        for process in self._processes:
            process.tell(signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # nobody is left in it (macOS says the second)
        os.killpg(group, number)


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
    Runner(commands).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
