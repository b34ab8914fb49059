"""What a command costs in a process of its own, as a person waits for it."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
# getrusage counts in bytes on macOS and in KiB elsewhere.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Cost:
    """seconds: as somebody waits. computed: of them, as far as several cores are not counted apart, those in
    which it had a core. megabytes: of memory, at its peak."""

    seconds: float
    computed: float
    megabytes: float


def run_command(*arguments: str) -> Cost:
    """Of `manage.py` with these arguments. It is started by a small process in between: what a process had in
    memory counts for the one that it starts, too."""
    command = [sys.executable, "-m", "benchmarks.processes", *arguments]
    done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"manage.py {' '.join(arguments)} failed; see above.")
    return Cost(*json.loads(done.stdout))


def measure(arguments: list[str]) -> int:
    """Run the command, and print what it cost; return its exit status."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=TOP, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps([seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * PEAK_UNIT / 1e6]))
    return process.returncode


def cpu_seconds(pid: int) -> float:
    """What a process, its children and theirs have spent, those that have ended included."""
    ticks, waiting = 0, [pid]
    while waiting:
        each = waiting.pop()
        try:
            stat = Path(f"/proc/{each}/stat").read_text()
            children = Path(f"/proc/{each}/task/{each}/children").read_text()
        except (FileNotFoundError, ProcessLookupError):  # it has ended, and is its parent's now
            continue
        # Behind the name, which may hold anything: the state is the 3rd field, the times 14th to 17th.
        ticks += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
        waiting += map(int, children.split())
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(measure(sys.argv[1:]))
