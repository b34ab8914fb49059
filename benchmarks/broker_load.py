"""How many messages the broker of files passes on: two senders, three prefork workers, none lost, none twice.

    python -m benchmarks.broker_load [--messages 100000] [--seconds 900]

The job writes down its number and nothing else. The bar is 200 messages a second from the first one sent to
the last one done, on a machine that senders and workers share. Then as many messages lie there as sweeps of
three days that nobody took, all of them over, and one that is not: how long it takes to come to it.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from celery import Celery

from benchmarks.processes import TOP

SENDERS, WORKERS = 2, 3
OVER = 3 * 4_320  # of three days
LEAST_PER_SECOND = 200
FATAL = ("Unrecoverable", "Traceback", "CRITICAL")
ADDRESS = "filesystem://localhost"
FOLDER = "BROKER_LOAD_FOLDER"  # where senders and workers find each other

app = Celery("benchmarks.broker_load", set_as_current=False)
if folder := os.environ.get(FOLDER):
    app.conf.update(
        broker_url=ADDRESS,
        broker_transport="daamweb.broker:Transport",
        broker_transport_options={
            "data_folder_in": f"{folder}/messages",
            "control_folder": f"{folder}/control",
            "polling_interval": 0.2,
        },
        task_default_queue="default",
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
    )


@app.task(name="benchmarks.broker_load.write_down")
def write_down(number: int) -> None:
    """One write of a few bytes at the end of a file of this process: whole or not at all."""
    with Path(os.environ[FOLDER], f"done-{os.getpid()}").open("a", encoding="utf-8") as done:
        done.write(f"{number}\n")


def send(first: int, after: int) -> None:
    """What each sender does."""
    for number in range(first, after):
        write_down.delay(number)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=900, help="give up after so many")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="broker-load-") as folder:
        found = measure(Path(folder), options.messages, options.seconds)
    for name, value in found.items():
        print(f"{name:18} {value:>12,}" if isinstance(value, int | float) else f"{name:18} {value}")
    print(json.dumps(found))
    sound = not (found["lost"] or found["twice"] or found["fatal"])
    return 0 if sound and found["messages_per_s"] >= LEAST_PER_SECOND else 1


def measure(folder: Path, messages: int, seconds: float) -> dict[str, float]:
    share = -(-messages // SENDERS)
    with processes(folder, [worker_command(number) for number in range(WORKERS)], "worker") as workers:
        wait_until(lambda: len(list((folder / "control").glob("*.exchange"))) >= 1, time.monotonic() + 60)
        began = time.monotonic()
        parts = [(first, min(first + share, messages)) for first in range(0, messages, share)]
        with processes(folder, [send_command(*part) for part in parts], "sender") as senders:
            wait_until(lambda: all(each.poll() is not None for each in senders), began + seconds)
            sent = time.monotonic()
            failed = sum(each.returncode != 0 for each in senders)
        wait_until(lambda: lines_in(folder) >= messages, began + seconds)
        ended = time.monotonic()
        time.sleep(1)  # for what would come twice
        dead = sum(each.poll() is not None for each in workers)
    done = done_in(folder)
    over_s = measured_by(folder, "from benchmarks.broker_load import pass_over; print(pass_over())")
    log = "".join(path.read_text(errors="replace") for path in folder.glob("*.log"))
    return {
        "messages": messages,
        "seconds": round(ended - began, 1),
        "sending_s": round(sent - began, 1),
        "messages_per_s": round(sum(done.values()) / (ended - began), 1),
        "over": OVER,
        "over_s": round(over_s, 1),
        "lost": messages - len(done),
        "twice": sum(count > 1 for count in done.values()),
        "fatal": dead + failed + sum(log.count(word) for word in FATAL),
    }


def pass_over() -> float:
    """Seconds until a message comes that is not over, behind all that are; in a process of its own."""
    for number in range(OVER):
        write_down.apply_async((number,), expires="2020-01-01T00:00:00+00:00")
    write_down.delay(OVER)
    began = time.monotonic()
    with app.connection_for_read() as connection:
        connection.SimpleQueue("default").get(timeout=120).ack()
    return time.monotonic() - began


def measured_by(folder: Path, program: str) -> float:
    environment = {**os.environ, FOLDER: str(folder), "CELERY_BROKER_URL": ADDRESS}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=TOP, env=environment, stdout=subprocess.PIPE, check=True
    )
    return float(done.stdout)


def worker_command(number: int) -> list[str]:
    worker = ["-A", "benchmarks.broker_load", "worker", "--concurrency", "1", "--loglevel", "WARNING"]
    return ["-m", "celery", "--quiet", *worker, "--hostname", f"load{number}@%h"]


def send_command(first: int, after: int) -> list[str]:
    return ["-c", f"from benchmarks.broker_load import send; send({first}, {after})"]


@contextmanager
def processes(folder: Path, commands: Sequence[list[str]], name: str) -> Iterator[list[subprocess.Popen]]:
    """Each in a group of its own, which is killed in the end."""
    environment = {**os.environ, FOLDER: str(folder), "CELERY_BROKER_URL": ADDRESS}
    started = []
    try:
        for number, command in enumerate(commands):
            with (folder / f"{name}-{number}.log").open("w") as log:
                started.append(
                    subprocess.Popen(
                        [sys.executable, *command],
                        cwd=TOP,
                        env=environment,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
        yield started
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(is_so: Callable[[], bool], deadline: float) -> None:
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.2)


def lines_in(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("done-*"))


def done_in(folder: Path) -> Counter[int]:
    return Counter(int(line) for path in folder.glob("done-*") for line in path.read_text().split())


if __name__ == "__main__":
    sys.exit(main())
