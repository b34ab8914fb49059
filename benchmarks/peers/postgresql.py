"""A database of a site's own on a server of PostgreSQL, and what that server costs."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """The address of a new database, which is dropped afterwards."""
    name = f"peer_{uuid.uuid4().hex[:8]}"
    scalar(server, f"CREATE DATABASE {name}")
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        scalar(server, f"DROP DATABASE {name} WITH (FORCE)")


def scalar(address: str, sql: str) -> Any:
    """The one value that a statement brings; None for those that bring nothing."""
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def first_process(address: str) -> int:
    """The id of the process whose children answer."""
    pid = int(scalar(address, "SELECT pg_read_file('postmaster.pid')").split()[0])
    if not Path(f"/proc/{pid}").exists():
        raise SystemExit("PostgreSQL is not on this machine, so what it costs cannot be read.")
    return pid
