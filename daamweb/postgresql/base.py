"""What a kept connection need not be asked before each request, and need not be told each time.

Django asks it `SELECT 1`, which is one question of twelve of a rating. A server that ended a connection has
said so: there is something to read, or its end. Only one that was not looked at for a minute, which a
firewall may have forgotten without a word, is asked.

And statements of `daamweb.compiled` are prepared by the server, which otherwise takes longer to plan than to
answer them; unless a pool stands before it that may give every transaction another connection.
"""

import select
from time import monotonic
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper

UNASKED_SECONDS = 60


class DatabaseWrapper(base.DatabaseWrapper):
    _looked_at: float | None = None

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        if not self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            params["prepare_threshold"] = 1  # when it comes for the second time
        return params

    def is_usable(self) -> bool:
        before, self._looked_at = self._looked_at, monotonic()
        if self.connection is None or before is None or self._looked_at - before > UNASKED_SECONDS:
            return super().is_usable()
        return not self.connection.closed and not _has_something_to_read(self.connection.fileno())

    def prepared_cursor(self) -> CursorWrapper:
        """Its statements come again and again: values are sent beside them, and the server keeps their plans.

        No statement of other cursors is prepared, since Django writes the values into them."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            # The stubs know neither.
            cursor = base.ServerBindingCursor(self.connection)  # type: ignore[call-arg]
            prepared: CursorWrapper = self._prepare_cursor(cursor)  # type: ignore[attr-defined]
            return prepared


def _has_something_to_read(descriptor: int) -> bool:
    """At rest a server says nothing, but that it ends the connection."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
