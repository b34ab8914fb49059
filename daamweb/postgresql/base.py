"""What a kept connection need not be asked before each request, and need not be told each time.

Django asks it `SELECT 1`, which is one question of twelve of a rating. A server that ends a connection says
so: there is something to read, or its end. So it is looked at, and asked only when that was not done for a
minute. One whose server went without a word, as in a power cut, fails the request that uses it next. After an
error it is not used again, whatever it was.

And statements of `daamweb.compiled` are prepared by the server, which otherwise takes longer to plan than to
answer them; unless a pool stands before it that may give every transaction another connection, as
`DISABLE_SERVER_SIDE_CURSORS` says. What the server plans is for any values; it plans again when a table was
analyzed. A statement whose columns were changed meanwhile fails once.
"""

import select
from time import monotonic
from typing import Any

from django.db.backends.postgresql import base, operations
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8

UNASKED_SECONDS = 60


class PreparingCursor(base.CursorMixin, Cursor[Any]):
    """Its statements come again and again: values are sent beside them, and the server keeps their plans."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> "PreparingCursor":
        # By their size, the driver would call whole numbers three types, and prepare for each.
        sent = [Int8(value) if type(value) is int else value for value in params or ()]
        # For this statement alone: the driver would also remember every statement of other cursors, which
        # have their values in them.
        self.connection.prepare_threshold = 0
        try:
            super().execute(query, sent, **options)
        finally:
            self.connection.prepare_threshold = None
        return self


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        if isinstance(cursor, PreparingCursor):
            composed: str = self.compose_sql(sql, params)
            return composed
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    _looked_at: float | None = None

    def is_usable(self) -> bool:
        before, self._looked_at = self._looked_at, monotonic()
        if self.connection is None or self.errors_occurred:
            return False
        if before is None or self._looked_at - before > UNASKED_SECONDS:
            return super().is_usable()
        is_at_rest = self.connection.info.transaction_status == TransactionStatus.IDLE
        return is_at_rest and not _has_something_to_read(self.connection.fileno())

    def prepared_cursor(self) -> CursorWrapper:
        if self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            return self.cursor()
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = PreparingCursor(self.connection)
            # The stubs do not know it.
            prepared: CursorWrapper = self._prepare_cursor(cursor)  # type: ignore[attr-defined]
            return prepared


def _has_something_to_read(descriptor: int) -> bool:
    """At rest a server says nothing, but that it ends the connection."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
