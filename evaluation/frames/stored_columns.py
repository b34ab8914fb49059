"""Columns that are read from rows."""

from dataclasses import dataclass

from django.db.models import F, TextField
from django.db.models.functions import Cast

from annotations.kinds.interface import Column


@dataclass(frozen=True)
class CommonColumn(Column):
    """`path` leads to the value from a row; without one it is worked out of others. `dtype`: where the type's
    own would do with less."""

    path: str = ""
    dtype: str = ""


# What is true, as SQLite and PostgreSQL write it.
TRUE = ("1", "true")


def dtype_of(column: Column) -> str:
    """Its type in a data frame."""
    return getattr(column, "dtype", "") or Column.TYPES[column.type][0]


def read(column: CommonColumn) -> Cast | F:
    return as_text(column.path) if column.type in ("time", "truth", "JSON") else F(column.path)


def as_text(path: str) -> Cast:
    """Times, truths and JSON as the database writes them: many are read at once in a tenth of the time that
    Django takes to make them one by one."""
    return Cast(path, TextField())
