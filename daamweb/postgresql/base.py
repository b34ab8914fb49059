"""Django asks a kept connection `SELECT 1` before each request, which is one question of twelve of a rating.

A server that ended a connection has said so: there is something to read, or its end. Only one that was not
looked at for a minute, which a firewall may have forgotten without a word, is asked.
"""

import select
from time import monotonic

from django.db.backends.postgresql import base

UNASKED_SECONDS = 60


class DatabaseWrapper(base.DatabaseWrapper):
    _looked_at: float | None = None

    def is_usable(self) -> bool:
        before, self._looked_at = self._looked_at, monotonic()
        if self.connection is None or before is None or self._looked_at - before > UNASKED_SECONDS:
            return super().is_usable()
        return not self.connection.closed and not _has_something_to_read(self.connection.fileno())


def _has_something_to_read(descriptor: int) -> bool:
    """At rest a server says nothing, but that it ends the connection."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
