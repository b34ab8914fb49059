"""The edge of a job: whatever is raised behind it is logged and written down; nothing is lost in silence."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

logger = logging.getLogger(__name__)


class ShiftOver(Exception):
    """A worker's time with a row is over; what it stored stays."""


@dataclass
class Attempt:
    """How it went. error: "<ErrorName>: <message>" once it has failed."""

    error: str = ""


@contextmanager
def recorded(fail: Callable[[str], object], what: str) -> Iterator[Attempt]:
    """Go on behind the block whatever is raised in it: the log gets "<what> failed." with the traceback,
    `fail` gets "<ErrorName>: <message>" to be stored, and the attempt that is yielded keeps it as `error`.

    For code of others, such as pipelines, and for analyses, which may raise anything. What is expected is
    caught by its name, inside the block. ShiftOver, KeyboardInterrupt and SystemExit pass.
    """
    attempt = Attempt()
    try:
        yield attempt
    except ShiftOver:
        raise
    except Exception as error:  # the one place that catches whatever it is
        message = str(error)
        attempt.error = f"{type(error).__name__}: {message}" if message else type(error).__name__
        logger.exception("%s failed.", what)
        # The traceback holds what the block held, such as a batch in the GPU's memory, for as long as anybody
        # (a log's handler) holds the error; what is tried next needs the room.
        _let_go(error)
        fail(attempt.error)


def _let_go(error: BaseException) -> None:
    """Of what the frames of the error, and of those that it came from, hold."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        traceback.clear_frames(each.__traceback__)
        waiting += [each.__cause__, each.__context__]
