"""A broker in a folder, and what tests put there and take from it."""

import json
from base64 import b64encode
from pathlib import Path

from kombu import Connection

HEADERS = {"task": "sweep", "id": "a", "timelimit": [None, None], "retries": 0}
JOB = "daamweb.account.jobs.sweep_sessions"


def written(headers: dict, body: object) -> bytes:
    """A message that is sound but for these."""
    return json.dumps({
        "body": b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": {
            "delivery_tag": "a",
            "delivery_info": {"exchange": "", "routing_key": "default"},
            "body_encoding": "base64",
        },
    }).encode()  # fmt: skip


DAMAGE = {
    "empty": b"",
    "cut off": b'{"body": "W10=", "headers": {}, "prop',
    "an empty object": b"{}",
    "an empty list": b"[]",
    "random": bytes(range(128, 256)),
    # What Celery would take for a task, and raise what nobody catches.
    "a task of protocol 1": written({}, {"task": JOB, "args": [], "kwargs": {}}),
    "a task that is a list": written({}, {"task": []}),
    "stamps that are lists": written(
        HEADERS | {"task": JOB, "expires": "2999-01-01T00:00:00+00:00", "stamped_headers": [[1]]},
        [[], {}, {}],
    ),
}


def connect(folder: Path) -> Connection:
    return Connection(
        "filesystem://localhost",
        transport="daamweb.broker:Transport",
        transport_options={
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.01,
        },
    )


def send(queue, number: int, **headers) -> None:
    """As Celery sends a task with one argument."""
    queue.put([[number], {}, {}], headers=HEADERS | headers)


def take_all(queue) -> list[int]:
    taken = []
    while True:
        try:
            message = queue.get(timeout=0.1)
        except queue.Empty:
            return taken
        message.ack()
        taken.append(message.payload[0][0])
