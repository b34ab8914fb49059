import logging

import pytest
from amqp.exceptions import AccessRefused
from celery import Celery, shared_task
from kombu.exceptions import OperationalError
from redis.exceptions import ResponseError

from daamweb.pokes import poke

pytestmark = pytest.mark.django_db


@shared_task(name="tests.look_after")
def look_after(key: int) -> None:
    pass


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    def commit(*args, **options):
        with django_capture_on_commit_callbacks(execute=True):
            poke(*args, **options)

    return commit


def test_poke_is_sent_on_commit_with_its_key(commit, pokes):
    commit(look_after, 7)
    assert pokes == [("tests.look_after", (7,))]


def test_several_workers_are_poked_at_once(commit, pokes):
    commit(look_after, 7, times=3)
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

    def delay(task, *args):
        asked.append(args)
        raise error

    monkeypatch.setattr("celery.app.task.Task.delay", delay)
    with caplog.at_level(logging.WARNING):
        commit(look_after, 7, times=32)
    assert asked == [(7,)]
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert "tests.look_after" in record.message
    assert str(error) in record.message


def test_broker_that_nobody_runs_is_only_a_warning(commit, caplog):
    """The real client against a port where nothing listens."""
    nowhere = Celery("nowhere", broker="redis://127.0.0.1:1/0", set_as_current=False)
    nowhere.conf.task_publish_retry = False

    @nowhere.task(name="tests.nowhere")
    def look(key: int) -> None:
        pass

    with caplog.at_level(logging.WARNING):
        commit(look, 7)
    assert "The broker did not take a message" in caplog.text
    assert "tests.nowhere(7,)" in caplog.text
