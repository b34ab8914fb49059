"""A site of a benchmark's own: an empty database that is dropped afterwards, and folders for its files."""

import logging
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path


@contextmanager
def empty_site(database: str) -> Iterator[None]:
    """Django on a database of its own: `database` is "sqlite", or the address of a database on a server of
    PostgreSQL, which is asked for another one. Once in a process."""
    with tempfile.TemporaryDirectory(prefix="daamweb-benchmark-") as folder:
        Path(folder, "static").mkdir()
        address, drop = f"sqlite:///{folder}/benchmark.sqlite3", lambda: None
        if database != "sqlite":
            address, drop = _new_postgresql(database)
        os.environ |= {
            "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "daamweb.settings",
            "SECRET_KEY": "benchmark",
            "VAR_FOLDER": folder,
            "MEDIA_ROOT": f"{folder}/media",
            "HTTPS_ONLY": "False",
            "DEBUG": "False",
            "ALLOWED_HOSTS": "localhost",
            "LOG_LEVEL": "WARNING",
        }
        try:
            _migrate()
            yield
        finally:
            _disconnect()
            drop()


def _migrate() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    logging.getLogger("django.request").setLevel(logging.ERROR)  # pages that are refused are visited, too
    call_command("migrate", verbosity=0)


def _disconnect() -> None:
    from django.db import connections

    connections.close_all()


def _new_postgresql(address: str) -> tuple[str, Callable[[], None]]:
    import psycopg

    name = f"daamweb_benchmark_{uuid.uuid4().hex[:8]}"

    def execute(sql: str) -> None:
        with psycopg.connect(address, autocommit=True) as server:
            server.execute(sql)

    execute(f"CREATE DATABASE {name}")
    return f"{address.rpartition('/')[0]}/{name}", partial(execute, f"DROP DATABASE {name} WITH (FORCE)")
