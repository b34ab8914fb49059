import logging
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from amqp.exceptions import AccessRefused
from celery import Celery, Task, shared_task
from django.conf import settings
from django.db import DatabaseError
from kombu.exceptions import OperationalError
from redis.exceptions import ResponseError

from daamweb.pokes import _broker, poke
from daamweb.queues import broker_at
from tests.silent import Wire, silent_server, unreachable_server

pytestmark = pytest.mark.django_db
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
RABBITMQ = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")


@shared_task(name="tests.look_after")
def look_after(key: int) -> None:
    pass


class Row:
    """What is told of."""

    def __init__(self, key: int) -> None:
        self.pk = key
        self.untold = 0

    def mark_untold(self) -> None:
        self.untold += 1


@pytest.fixture(autouse=True)
def other_process(monkeypatch):
    """Nothing is known of what an earlier test did to its broker. Celery takes an address of the environment
    for that of every application."""
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    monkeypatch.setattr(_broker, "left_alone_until", float("-inf"))


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    def commit(*args, **options):
        with django_capture_on_commit_callbacks(execute=True):
            poke(*args, **options)

    return commit


def test_poke_is_sent_on_commit_with_its_key(commit, pokes):
    row = Row(7)
    commit(look_after, row)
    assert pokes == [("tests.look_after", (7,))]
    assert not row.untold


def test_several_workers_are_poked_at_once(commit, pokes):
    commit(look_after, Row(7), times=3)
    assert pokes == [("tests.look_after", (7,))] * 3


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("connection refused"),
        AccessRefused("login was refused"),
        ResponseError("MISCONF: no space left"),
        FileNotFoundError("no such folder"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_broker_out_of_order_is_a_warning_and_asked_only_once(commit, monkeypatch, caplog, error):
    asked = []

    def send(task, args, **options):
        asked.append(args)
        raise error

    row = Row(7)
    monkeypatch.setattr("celery.app.task.Task.apply_async", send)
    with caplog.at_level(logging.WARNING):
        commit(look_after, row, times=32)
    assert asked == [(7,)]
    assert row.untold == 1
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert "tests.look_after" in record.message
    assert str(error) in record.message


def job_at(address: str) -> Task:
    """A job whose broker is there, by the settings that the site would have."""
    app = Celery("elsewhere", set_as_current=False)
    url, transport, options = broker_at(address, Path("/nowhere"))
    app.conf.update(
        broker_url=url,
        broker_transport=transport,
        broker_transport_options=options,
        broker_connection_timeout=settings.CELERY_BROKER_CONNECTION_TIMEOUT,
        task_publish_retry_policy=settings.CELERY_TASK_PUBLISH_RETRY_POLICY,
        task_ignore_result=True,
    )

    @app.task(name="tests.elsewhere")
    def look(key: int) -> None:
        pass

    return look


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_broker_that_nobody_runs_is_only_a_warning(commit, caplog, scheme):
    """The real client against a port where nothing listens. Asked again by the next poke, since it costs
    nothing."""
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            commit(job_at(f"{scheme}://127.0.0.1:1"), Row(7), times=3)
    lines = [record.message for record in caplog.records]
    assert len(lines) == 2
    assert all(line.startswith("The broker did not take a message (") for line in lines)
    assert all(line.endswith("the sweep will find tests.elsewhere(7).") for line in lines)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize("server", [silent_server, unreachable_server])
def test_broker_that_says_nothing_is_waited_for_once_and_not_long(commit, caplog, scheme, server):
    with server() as port, caplog.at_level(logging.WARNING):
        job = job_at(f"{scheme}://127.0.0.1:{port}")
        began = time.monotonic()
        commit(job, Row(7))
        assert 0.5 < time.monotonic() - began < 4.5  # a second for each step, and a slow machine
        rows = [Row(key) for key in range(20)]
        began = time.monotonic()
        for row in rows:
            commit(job, row)
        assert time.monotonic() - began < 0.5
    assert [row.untold for row in rows] == [1] * 20
    first, *others = [record.message for record in caplog.records]
    assert first.startswith("The broker did not take a message (")
    assert [line.partition(";")[0] for line in others] == ["The broker was out of reach just now"] * 20
    assert others[3].endswith("tests.elsewhere(3).")


def test_broker_that_was_silent_is_asked_again_after_a_while(commit, pokes, monkeypatch):
    monkeypatch.setattr(_broker, "left_alone_until", time.monotonic() + 0.05)
    commit(look_after, Row(1))
    time.sleep(0.06)
    commit(look_after, Row(2))
    assert pokes == [("tests.look_after", (2,))]


def test_that_nobody_was_told_and_the_database_does_not_take_it_is_a_line(commit, monkeypatch, caplog):
    """Whoever asked for the work is not refused it."""

    def refuse() -> None:
        raise DatabaseError("database is locked")

    row = Row(7)
    monkeypatch.setattr(row, "mark_untold", refuse)
    monkeypatch.setattr(_broker, "left_alone_until", float("inf"))
    commit(look_after, row)
    assert "could not be written down" in caplog.text


@pytest.mark.services
@pytest.mark.parametrize("address", [REDIS, RABBITMQ], ids=["redis", "rabbitmq"])
def test_broker_that_goes_silent_in_the_middle_holds_nobody_up_and_is_found_again(commit, caplog, address):
    parts = urlsplit(address)
    wire = Wire(parts.port)
    job = job_at(address.replace(f":{parts.port}", f":{wire.port}"))
    try:
        commit(job, Row(1))
        wire.runs.clear()
        began = time.monotonic()
        commit(job, Row(2))
        commit(job, Row(3))
        assert time.monotonic() - began < 4.5
        wire.runs.set()
        _broker.left_alone_until = float("-inf")
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            commit(job, Row(4))
        assert caplog.records == []
    finally:
        with job.app.connection_for_write() as connection:
            connection.default_channel.queue_delete("celery")
        wire.close()
