"""A folder of files has one runner of processes: two would be two beats, and twice the workers.

The runner and all that it starts hold a lock, so that nothing is run beside what outlived a killed runner.
"""

import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

NAME = "runner.lock"


class StillRunningError(Exception):
    """Says who is, and how to end them."""


def take(folder: Path) -> int:
    """The lock, open as long as this process and those live that were given it."""
    lock = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        written = os.pread(lock, 1000, 0)
        os.close(lock)
        raise StillRunningError(_who(folder, written)) from None
    except OSError:
        os.close(lock)
        raise
    os.ftruncate(lock, 0)
    return lock


def check_free(folder: Path) -> None:
    os.close(take(folder))


def write(lock: int, runner: int, others: Sequence[int]) -> None:
    """Whom to end, for whoever comes while the lock is held."""
    with suppress(OSError):  # a full disk; the lock is held without it
        os.ftruncate(lock, 0)
        os.pwrite(lock, " ".join(map(str, (runner, *others))).encode(), 0)


def _who(folder: Path, written: bytes) -> str:
    alive = [pid for pid in map(int, written.split()) if _is_alive(pid)]
    if not alive:
        return f"Something still runs in {folder} and holds {folder / NAME}: end it first."
    if alive[0] == int(written.split()[0]):
        return (
            f"`make demo` or `make dev` of {folder} is running (pid {alive[0]}): end it first, with Ctrl+C "
            f"where it was started or with: kill {alive[0]}"
        )
    pids = [str(pid) for pid in alive]
    return (
        f"Processes of another `make demo` or `make dev` of {folder} are still running "
        f"(pids {', '.join(pids)}), though what ran them has ended; wait until they have ended, too, or end "
        f"them first: kill {' '.join(pids)}"
    )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
