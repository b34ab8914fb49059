"""What is done to the demo: one thing after another, by a seeded draw."""

import json
import os
import random
import shutil
import signal
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.demo import Demo

# The worker of images is killed seldom enough for a batch to end in between: what was killed is found by a
# sweep when its lease is over, and no image may need more than three attempts.
IMAGES_EVERY = 75  # seconds
JOB = "daamweb.account.jobs.sweep_sessions"


def _message(headers: dict[str, object], body: object) -> bytes:
    """One that is sound but for these."""
    properties = {
        "delivery_tag": "a",
        "delivery_info": {"exchange": "", "routing_key": "default"},
        "body_encoding": "base64",
    }
    message = {
        "body": b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": properties,
    }
    return json.dumps(message).encode()


_TASK = {"task": JOB, "id": "a", "timelimit": [None, None], "retries": 0}
_ARGUMENTS = [[], {}, {}]
JUNK = (
    b"",
    b"{}",
    b"[]",
    b'{"body": "W10=", "headers": {"task"',
    os.urandom(300),
    # What Celery takes for a task.
    _message({}, {"task": JOB, "args": [], "kwargs": {}}),
    _message({}, {"task": []}),
    _message({"task": []}, _ARGUMENTS),
    _message({"task": JOB}, _ARGUMENTS),
    _message({**_TASK, "timelimit": [float("nan"), "x"]}, _ARGUMENTS),
    _message({**_TASK, "expires": "2999-01-01T00:00:00+00:00", "stamped_headers": [[1]]}, _ARGUMENTS),
)
QUEUES = ("default", "generation", "sweeps")


class Harm:
    """Draws what is done next, and counts it."""

    def __init__(self, demo: Demo, seed: int) -> None:
        self._demo = demo
        self._random = random.Random(seed)
        self._images_killed_at = time.monotonic()
        self._is_ahead = False
        self.done: Counter[str] = Counter()

    def do_one(self) -> None:
        kinds: list[Callable[[], str | None]] = [
            *[self._kill] * 6,
            *[self._add_junk] * 3,
            *[self._spoil_message] * 2,
            *[self._delete_message] * 2,
            self._delete_queue,
            self._delete_broker,
            self._put_file_for_queue,
            *[self._move_clock] * 4,
        ]
        done = self._random.choice(kinds)()
        if done:
            self.done[done] += 1
            print(f"{time.strftime('%H:%M:%S')} {done}", flush=True)

    def end(self) -> None:
        self._is_ahead = False
        self._demo.move_clock(ahead=False)

    def pause(self) -> float:
        return self._random.uniform(2, 7)

    def _kill(self) -> str | None:
        workers = {pid: line for pid, line in self._demo.processes().items() if "bin/celery" in line}
        if time.monotonic() - self._images_killed_at < IMAGES_EVERY:
            workers = {pid: line for pid, line in workers.items() if "generation" not in line}
        if not workers:
            return None
        pid = self._random.choice(sorted(workers))
        if "generation" in workers[pid]:
            self._images_killed_at = time.monotonic()
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None
        name = next(each for each in ("beat", *QUEUES) if each in workers[pid].partition("daamweb ")[2])
        return f"killed: {name}"

    def _messages(self) -> list[Path]:
        """Files, the oldest first; junk that is none may lie among them."""
        return sorted(path for path in self._demo.broker.glob("messages/*/*.msg") if path.is_file())

    def _add_junk(self) -> str | None:
        queue = self._demo.broker / "messages" / self._random.choice(QUEUES)
        path = queue / f"{self._random.randrange(10**9)}.msg"
        number = self._random.randrange(len(JUNK) + 2)
        try:
            queue.mkdir(parents=True, exist_ok=True)
            if number < len(JUNK):
                path.write_bytes(JUNK[number])
            elif number == len(JUNK):
                path.mkdir()
            else:
                os.mkfifo(path)
        except OSError:  # a fault of before is not mended yet
            return None
        return "junk for a message"

    def _spoil_message(self) -> str | None:
        """Cut a message off where it lies, if one does."""
        for path in self._messages():
            try:
                os.truncate(path, self._random.randrange(200))
            except FileNotFoundError:
                continue
            return "message cut off"
        return None

    def _delete_message(self) -> str | None:
        for path in self._messages():
            path.unlink(missing_ok=True)
            return "message deleted"
        return None

    def _delete_queue(self) -> str:
        shutil.rmtree(self._demo.broker / "messages" / self._random.choice(QUEUES), ignore_errors=True)
        return "queue's folder deleted"

    def _delete_broker(self) -> str:
        shutil.rmtree(self._demo.broker, ignore_errors=True)
        return "broker's folder deleted"

    def _put_file_for_queue(self) -> str | None:
        queue = self._demo.broker / "messages" / self._random.choice(QUEUES)
        shutil.rmtree(queue, ignore_errors=True)
        try:
            queue.write_text("no folder")
        except OSError:
            return None
        return "file for a queue's folder"

    def _move_clock(self) -> str:
        self._is_ahead = not self._is_ahead
        self._demo.move_clock(ahead=self._is_ahead)
        return "clock a day ahead" if self._is_ahead else "clock put right"
