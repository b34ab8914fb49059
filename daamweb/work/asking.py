"""Ask for work once, whoever asks at the same moment."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction

from daamweb.work.models import Work

Row = TypeVar("Row", bound=Work)
TRIES = 3


def find_or_create(find: Callable[[], Row | None], create: Callable[[], Row]) -> Row:
    """The row that `find` has, or else the one that `create` makes. Of two who ask at once the second one's
    is refused by a constraint, and it is given the first one's.

    Raises IntegrityError if it is refused again and again: what the work is of was deleted.
    """
    tries = 0
    while (found := find()) is None:
        tries += 1
        try:
            with transaction.atomic():
                return create()
        except IntegrityError:
            if tries == TRIES:
                raise
    return found
