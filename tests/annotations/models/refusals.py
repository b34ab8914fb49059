"""What the database refuses, whatever the code above it does: each line is one raw UPDATE or INSERT."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from annotations.models import Operation
from tests.factories import make_open_study

NAN = "'nan'"


def assert_refused(sql: str, *parameters, constraint: str = "") -> None:
    """By raw SQL. SQLite names the columns of a broken uniqueness, not its constraint."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
    message = str(caught.value)
    assert constraint in message or (connection.vendor == "sqlite" and message.startswith("UNIQUE"))


def set_by_sql(row, assignments: str) -> str:
    return f"UPDATE {row._meta.db_table} SET {assignments} WHERE id = {row.pk}"


def make_operation(**fields) -> Operation:
    values = {"platform": "mturk", "kind": "approve", "token": uuid.uuid4().hex, **fields}
    return Operation.objects.create(**{"study": fields.pop("study", None) or make_open_study(), **values})
