"""With a real server, whose connections end as a restart or an administrator ends them."""

import select
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connections
from django.db.backends.postgresql import base as djangos
from environ import Env

from daamweb.postgresql import base

pytestmark = [pytest.mark.services, pytest.mark.django_db]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(base, "monotonic", clock)
    return clock


@pytest.fixture
def asked(monkeypatch) -> list[bool]:
    """What Django's own question was answered."""
    answers: list[bool] = []
    ask = djangos.DatabaseWrapper.is_usable

    def noted(connection: djangos.DatabaseWrapper) -> bool:
        answers.append(ask(connection))
        return answers[-1]

    monkeypatch.setattr(djangos.DatabaseWrapper, "is_usable", noted)
    return answers


@pytest.fixture
def address(empty_postgres_database) -> str:
    return empty_postgres_database


@pytest.fixture
def connection(address, clock, asked) -> Iterator[base.DatabaseWrapper]:
    """Looked at once already."""
    settings = connections.configure_settings(
        {"default": {**Env.db_url_config(address), "ENGINE": "daamweb.postgresql"}}
    )
    connection = base.DatabaseWrapper(settings["default"])
    connection.connect()
    assert connection.is_usable()
    asked.clear()
    yield connection
    connection.close()


def end_by_the_server(connection: base.DatabaseWrapper, address: str) -> None:
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    assert select.select([connection.connection.fileno()], [], [], 10)[0]


def test_a_connection_at_rest_is_not_asked(connection, asked, clock):
    for _ in range(3):
        clock.now += 60
        assert connection.is_usable()
    assert asked == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert connection.is_usable()


def test_one_that_the_server_ended_is_not_used(connection, asked, address):
    end_by_the_server(connection, address)
    assert not connection.is_usable()
    assert asked == []


def test_one_that_nobody_looked_at_for_a_minute_is_asked(connection, asked, address, clock):
    clock.now += 61
    assert connection.is_usable()
    assert asked == [True]
    end_by_the_server(connection, address)
    clock.now += 61
    assert not connection.is_usable()
    assert asked == [True, False]


def test_one_that_was_closed_here_is_not_used(connection):
    connection.connection.close()
    assert not connection.is_usable()
    connection.connection = None
    assert not connection.is_usable()


def test_the_next_request_has_a_new_connection(connection, address):
    connection.health_check_enabled = True
    before = connection.connection
    end_by_the_server(connection, address)
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert connection.connection is not before
