"""Whatever lies in the broker's folder: what reaches a worker is a message."""

import json
import time
from base64 import b64encode
from copy import deepcopy

import pytest
from celery import Celery

from daamweb.messages import DamagedError, ends, read_message


def encoded(body: object) -> str:
    return b64encode(json.dumps(body).encode()).decode()


TASK = {
    "body": encoded([[1], {}, {"callbacks": None}]),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    "headers": {
        "lang": "py",
        "task": "daamweb.door.jobs.sweep_limits",
        "id": "4e195f9e",
        "eta": None,
        "expires": None,
        "retries": 0,
        "timelimit": [None, 300],
        "ignore_result": True,
        "origin": "gen1@vm",
    },
    "properties": {
        "delivery_tag": "a",
        "delivery_info": {"exchange": "", "routing_key": "default"},
        "body_encoding": "base64",
    },
}
CONTROL = {
    **TASK,
    "body": encoded({"method": "ping", "arguments": {}}),
    "headers": {"clock": 1, "expires": 2.5},
}


def changed(message: dict, path: str, value: object) -> bytes:
    other = deepcopy(message)
    within = other
    *folders, name = path.split("/")
    for folder in folders:
        within = within[folder]
    within[name] = value
    return json.dumps(other).encode()


@pytest.mark.parametrize("message", [TASK, CONTROL])
def test_what_celery_sends_is_taken_as_it_is(message):
    assert read_message(json.dumps(message).encode()) == message


def test_what_an_application_sends_without_knowing_the_job_is_taken(monkeypatch):
    """As beat does, whose process need not have the jobs."""
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    sent: list[dict] = []
    app = Celery("sender", broker="memory://", set_as_current=False)
    with app.connection_for_write() as connection:
        channel = connection.default_channel
        channel._put = lambda queue, message, **_: sent.append(message)
        app.send_task("jobs.sweep", (7,), expires=54, producer=app.amqp.Producer(channel), time_limit=1.5)
    [message] = sent
    assert message["headers"]["ignore_result"] is None
    assert read_message(json.dumps(message).encode()) == message
    assert ends(message) == pytest.approx(time.time() + 54, abs=10)


def test_when_it_ends():
    assert ends(TASK) == 0
    assert ends(CONTROL) == 2.5
    late = read_message(changed(TASK, "headers/expires", "1970-01-01T00:01:00+00:00"))
    assert ends(late) == 60


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"{}", b"[]", b"7", b"null", bytes(range(128, 256)), b"[" * 100_000, b'{"__type__": "uuid"}'],
)
def test_what_is_no_object_of_json_is_damaged(content):
    with pytest.raises(DamagedError):
        read_message(content)


STRANGE = [-1.5, True, "x", [], {}, ["a"], {"a": 1}, {"__type__": "uuid", "__value__": "x"}]


@pytest.mark.parametrize("value", STRANGE, ids=str)
@pytest.mark.parametrize(
    "path",
    [
        "body", "content-encoding", "content-type", "headers", "headers/eta", "headers/expires",
        "headers/retries", "headers/task", "headers/timelimit", "properties", "properties/body_encoding",
        "properties/delivery_info", "properties/delivery_info/exchange",
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_damage_that_is_named(path, value):
    if (path, value) in (("properties/delivery_info/exchange", "x"), ("headers/task", "x")):
        value = 7
    with pytest.raises(DamagedError):
        read_message(changed(TASK, path, value))


@pytest.mark.parametrize("name", ["id", "timelimit", "retries"])
def test_what_every_task_has_is_not_missing(name):
    message = deepcopy(TASK)
    del message["headers"][name]
    with pytest.raises(DamagedError, match=f"headers: {name}"):
        read_message(json.dumps(message).encode())


@pytest.mark.parametrize("body", [[], {}, 7, [[], {}], [{}, [], {}], [[], {}, 3], [[1], {}, {}, {}]], ids=str)
def test_a_task_has_arguments_named_ones_and_options(body):
    with pytest.raises(DamagedError, match="body"):
        read_message(changed(TASK, "body", encoded(body)))


@pytest.mark.parametrize("body", ["W10", "W1", "é", "AAAA"])
def test_a_body_that_cannot_be_decoded_is_damaged(body):
    with pytest.raises(DamagedError, match="body"):
        read_message(changed(TASK, "body", body))


@pytest.mark.parametrize("limit", ["x", True, -1, 10**400, float("nan"), float("inf")], ids=str)
def test_a_limit_of_time_is_a_number_that_a_clock_bears(limit):
    with pytest.raises(DamagedError, match="headers: timelimit"):
        read_message(changed(TASK, "headers/timelimit", [None, limit]))


@pytest.mark.parametrize("names", [[[1]], [{}], [None], [7], ["a", []]], ids=str)
def test_the_names_of_stamps_are_texts(names):
    with pytest.raises(DamagedError, match="headers: stamped_headers"):
        read_message(changed(TASK, "headers/stamped_headers", names))


@pytest.mark.parametrize("stamp", [7, None, {}, [[1]], [{}], ["x", 7]], ids=str)
def test_stamps_are_texts(stamp):
    with pytest.raises(DamagedError, match="headers: stamps"):
        read_message(changed(TASK, "headers/stamps", {"a": stamp}))


def test_a_task_may_have_stamps():
    message = deepcopy(TASK)
    message["headers"] |= {"stamped_headers": ["a", "b"], "stamps": {"a": "x", "b": ["y", "z"]}}
    assert read_message(json.dumps(message).encode()) == message


def test_control_messages_are_objects():
    with pytest.raises(DamagedError, match="a control message is an object"):
        read_message(changed(CONTROL, "body", encoded([])))


@pytest.mark.parametrize("headers", [{}, {"clock": 1}, {"id": "a"}], ids=str)
@pytest.mark.parametrize("task", [TASK["headers"]["task"], "unknown", [], None, 7], ids=str)
def test_a_task_that_stands_in_the_body_is_damaged(headers, task):
    """As Celery's protocol 1 had it: a worker takes that for a task, and looks for what is not there."""
    message = TASK | {
        "headers": headers,
        "body": encoded({"task": task, "id": "a", "args": [], "kwargs": {}}),
    }
    with pytest.raises(DamagedError, match="body: a task without headers"):
        read_message(json.dumps(message).encode())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("clock", "x"), ("clock", None), ("clock", []), ("clock", 1.5), ("expires", "2020-01-01"),
        ("expires", []), ("ticket", []), ("ticket", {}),
    ],
    ids=str,
)  # fmt: skip
def test_a_header_of_a_control_message_of_another_type_is_damage_that_is_named(name, value):
    with pytest.raises(DamagedError, match=f"headers: {name}"):
        read_message(changed(CONTROL, f"headers/{name}", value))
