"""With a real server, whose connections end as a restart or an administrator ends them."""

import select
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from django.db import DatabaseError, NotSupportedError, connections
from django.db.backends.postgresql import base as djangos
from django.test.utils import CaptureQueriesContext
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


@pytest.mark.parametrize("leave", ["BEGIN; SELECT 1/0", "BEGIN"])
def test_one_that_was_left_amid_something_is_not_used(connection, leave):
    with suppress(psycopg.Error):
        connection.connection.execute(leave)
    assert not connection.is_usable()


def test_one_that_still_waits_for_an_answer_is_not_used(connection):
    connection.connection.pgconn.send_query(b"SELECT pg_sleep(0.01)")
    assert not connection.is_usable()


def test_after_an_error_the_next_request_has_a_new_connection(connection):
    before = connection.connection
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT nothing")
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert connection.connection is not before


# --- what is prepared


def prepared(connection: base.DatabaseWrapper) -> list[tuple[str, str]]:
    """SQL and types of what the server keeps for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, parameter_types::text FROM pg_prepared_statements")
        return cursor.fetchall()


def ask(connection: base.DatabaseWrapper, *values: object) -> list[tuple]:
    with connection.prepared_cursor() as cursor:
        cursor.execute("SELECT n FROM generate_series(1, 3) AS n WHERE n <> %s ORDER BY n", values)
        return cursor.fetchall()


def test_a_statement_is_prepared_once_whatever_it_is_asked_with(connection):
    answers = [ask(connection, number) for number in (1, 40_000, 3_000_000_000)]
    assert answers == [[(2,), (3,)], [(1,), (2,), (3,)], [(1,), (2,), (3,)]]
    [(sql, types)] = prepared(connection)
    assert "n <> $1" in sql
    assert types == "{bigint}"


def test_nothing_else_is_prepared_or_remembered(connection):
    ask(connection, 1)
    for number in range(3):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", [f"somebody's {number}"])
            assert cursor.fetchone() == (f"somebody's {number}",)
    assert len(prepared(connection)) == 1
    assert not connection.connection._prepared._counts


def test_it_is_prepared_anew_after_a_rollback(connection):
    connection.set_autocommit(False)
    assert ask(connection, 1) == [(2,), (3,)]
    connection.rollback()
    assert prepared(connection) == []
    assert ask(connection, 2) == [(1,), (3,)]
    assert len(prepared(connection)) == 1


def test_behind_a_pool_nothing_is_prepared(connection):
    connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
    assert ask(connection, 1) == ask(connection, 1) == [(2,), (3,)]
    assert prepared(connection) == []


def test_what_was_asked_is_told_with_its_values(connection):
    with CaptureQueriesContext(connection) as asked:
        for number in range(3):
            ask(connection, number)
    assert [query["sql"].partition("n <> ")[2][:1] for query in asked] == ["0", "1", "2"]


def test_one_that_the_server_ended_prepares_on_a_new_one(connection, address):
    ask(connection, 1)
    end_by_the_server(connection, address)
    connection.close_if_unusable_or_obsolete()
    assert ask(connection, 1) == [(2,), (3,)]
    assert len(prepared(connection)) == 1


def test_a_table_that_was_changed_meanwhile_fails_once(connection, address):
    def all_rows() -> list[tuple]:
        with connection.prepared_cursor() as cursor:
            cursor.execute("SELECT name FROM of_before WHERE name <> %s", ["x"])
            return cursor.fetchall()

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE of_before AS SELECT 'a'::varchar(9) AS name")
    assert all_rows() == [("a",)]
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("ALTER TABLE of_before ALTER name TYPE varchar(99)")
    with pytest.raises(NotSupportedError):
        all_rows()
    connection.close_if_unusable_or_obsolete()
    assert all_rows() == [("a",)]
