"""Statements whose SQL is made once, and asked with other values from then on.

Django makes a query's SQL anew each time, which for a row found by its key costs several times what sending
it does. What every rating asks is written as a queryset like everything else, with a `Parameter` in the place
of each value, and compiled by Django when it is asked for the first time:

    _by_number = Rows(lambda: Assignment.objects.filter(number=Parameter("number")))
    _by_number.only(number=5)

Only for the database `default`; what a queryset can do beside rows and tuples (prefetching, iterators) stays
with querysets.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row")


class Parameter(Expression):
    """Stands for a value that is given, by this name, when the statement is asked."""

    def __init__(self, name: str, field: "Field[Any, Any] | None" = None):
        super().__init__(output_field=field)
        self.name, self.column = name, field

    # Which has itself among the values, until it is bound.
    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [self]

    def bound(self, values: Mapping[str, Any]) -> Any:
        """As the database's driver takes it: of a column any value of its field; in a condition a number, a
        text or a moment, and nothing equals None. Raises KeyError where no such value is given."""
        value = values[self.name]
        if self.column is not None:
            return self.column.get_db_prep_save(value, connection)
        if isinstance(value, datetime):
            return connection.ops.adapt_datetimefield_value(value)
        return value


@dataclass(frozen=True)
class _Statement:
    sql: str
    parameters: tuple[Any, ...]

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        return [each.bound(values) if isinstance(each, Parameter) else each for each in self.parameters]


class Rows(Generic[Row]):
    """What a queryset finds: its model's rows, with those that it selects beside them, or a `values_list`'s
    tuples."""

    def __init__(self, ask: Callable[[], QuerySet[Any, Row]]):
        self._ask = ask

    def __call__(self, **values: Any) -> list[Row]:
        found = self._found
        if found.locks and not connection.in_atomic_block:
            raise transaction.TransactionManagementError("Rows are locked in a transaction only.")
        with _cursor() as cursor:
            cursor.execute(found.statement.sql, found.statement.bound(values))
            rows: Iterable[Any] = cursor.fetchall()
        return list(found.read(rows))

    def only(self, **values: Any) -> Row | None:
        """The one row that a unique look-up finds, or None."""
        return next(iter(self(**values)), None)

    @cached_property
    def _found(self) -> "_Found":
        return _Found.by(self._ask())


@dataclass(frozen=True)
class _Found:
    """A statement, and what its columns are."""

    statement: _Statement
    locks: bool
    # By the column's number; how what the driver gives becomes a value, and the column.
    converters: dict[int, tuple[list[Any], Any]]
    of_model: "_OfModel | None"

    @classmethod
    def by(cls, asked: QuerySet[Any, Any]) -> "_Found":
        compiler = asked.query.get_compiler(DEFAULT_DB_ALIAS)
        statement = _Statement(*compiler.as_sql())
        converters = compiler.get_converters([column[0] for column in compiler.select])
        is_of_model = asked._iterable_class is ModelIterable
        of_model = _OfModel.by(compiler) if is_of_model else None
        return cls(statement, asked.query.select_for_update, converters, of_model)

    def read(self, rows: Iterable[Any]) -> Iterator[Any]:
        if self.converters:
            rows = map(self._converted, rows)
        return map(tuple, rows) if self.of_model is None else map(self.of_model.read, rows)

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for number, (converters, column) in self.converters.items():
            for convert in converters:
                values[number] = convert(values[number], column, connection)
        return values


@dataclass(frozen=True)
class _OfModel:
    """How a row of columns becomes a model's, as `ModelIterable` does it."""

    model: type[Model]
    columns: slice
    names: list[str]
    beside: list[Any]
    annotations: dict[str, int]

    @classmethod
    def by(cls, compiler: SQLCompiler) -> "_OfModel":
        info = compiler.klass_info
        first, last = info["select_fields"][0], info["select_fields"][-1]
        columns = slice(first, last + 1)
        names = [column[0].target.attname for column in compiler.select[columns]]
        # The stubs are those of a later Django.
        beside = get_related_populators(info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
        return cls(info["model"], columns, names, beside, compiler.annotation_col_map or {})

    def read(self, row: Any) -> Model:
        read = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.columns])
        for related in self.beside:
            related.populate(row, read)
        for name, position in self.annotations.items():
            setattr(read, name, row[position])
        return read


class Update:
    """What `QuerySet.update` does to the rows of a queryset; returns how many there were."""

    def __init__(self, ask: Callable[[], QuerySet[Any, Any]], **values: Any):
        self._ask, self._values = ask, values

    def __call__(self, **values: Any) -> int:
        statement = self._statement
        with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), _cursor() as cursor:
            cursor.execute(statement.sql, statement.bound(values))
            return int(cursor.rowcount)

    @cached_property
    def _statement(self) -> _Statement:
        query: Any = self._ask().query.chain(UpdateQuery)
        fields = {field.name: field for field in query.get_meta().concrete_fields}
        query.add_update_values(
            {
                name: Parameter(value.name, fields[name]) if isinstance(value, Parameter) else value
                for name, value in self._values.items()
            }
        )
        query.clear_select_clause()
        return _Statement(*query.get_compiler(DEFAULT_DB_ALIAS).as_sql())


def insert(row: Model) -> None:
    """Save a new row that has no key yet, of a model without parents whose columns are all given or have a
    default here. No signal is sent."""
    statement, fields = _insertion(type(row))
    values = {field.attname: field.pre_save(row, add=True) for field in fields}
    with transaction.mark_for_rollback_on_error(DEFAULT_DB_ALIAS), _cursor() as cursor:
        cursor.execute(statement.sql, statement.bound(values))
        returns_key = connection.features.can_return_columns_from_insert
        row.pk = cursor.fetchone()[0] if returns_key else cursor.lastrowid
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@lru_cache
def _insertion(model: type[Model]) -> "tuple[_Statement, list[Field[Any, Any]]]":
    key = model._meta.pk
    fields = [field for field in model._meta.concrete_fields if field is not key]
    query = InsertQuery(model)
    row = model(**{field.attname: Parameter(field.attname, field) for field in fields})
    query.insert_values(fields, [row], raw=True)
    compiler = query.get_compiler(DEFAULT_DB_ALIAS)
    compiler.returning_fields = [key]
    [(sql, parameters)] = compiler.as_sql()
    return _Statement(sql, parameters), fields


def _cursor() -> CursorWrapper:
    """One whose statements the server prepares, where the database has that (`daamweb.postgresql`)."""
    cursor: CursorWrapper = getattr(connection, "prepared_cursor", connection.cursor)()
    return cursor
