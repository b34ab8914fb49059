"""The broker of one machine that needs no server: kombu's transport of files, made safe for several
processes.

A queue is a folder, and a message is a file in it: it comes there by a rename when it is whole, and leaves by
a rename that one process alone gets. What cannot be read, or not be handled, is put aside and logged, and the
newest of it are kept; it neither ends nor deafens a worker. What is deleted is made anew. Nothing is flushed
to the disk: messages are pokes, and what a power cut takes is found by the sweeps.
"""

import fcntl
import logging
import math
import os
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import quote

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps

from daamweb.message_files import keep_newest, read_file, remove, remove_left_overs, write_file
from daamweb.messages import DamagedError, ends, read_message
from daamweb.work.attempts import recorded

logger = logging.getLogger(__name__)

DAMAGED = "damaged"
KEPT_DAMAGED = 100  # of each queue: enough to see what it was
SOON = 0.002  # seconds

Binding = filesystem.exchange_queue_t


class Channel(filesystem.Channel):
    """Folders below data_folder_in, one for each queue; below control_folder, what is bound to exchanges."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.queues = Path(self.data_folder_in)
        self._listed: dict[str, deque[str]] = {}
        self._hopeless: set[Path] = set()  # neither read nor put aside
        remove_left_overs(self.queues)

    # --- messages: the four things that kombu asks of a queue

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        # Names are in the order of the clock; a clock that is set back lets a few go first.
        self._write(self._folder(queue) / f"{time.time_ns():020}-{uuid.uuid4().hex}.msg", payload)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        """The oldest. A listing is used up before the next: with one for each message, a queue of n would
        cost n² names."""
        names = self._listed.get(queue)
        if not names:
            names = self._listed[queue] = deque(self._names(queue))
        over: Counter[str] = Counter()
        try:
            while names:
                message = self._take(self._folder(queue) / names.popleft())
                if message is not None and not 0 < ends(message) < time.time():
                    return message
                if message is not None and "task" in message["headers"]:  # not what `celery inspect` asked
                    over[message["headers"]["task"]] += 1
        finally:
            if over:
                logger.warning("Nobody took these in time; they are thrown away unread: %s", dict(over))
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._names(queue))

    def _purge(self, queue: str) -> int:
        names = self._names(queue)
        for name in names:
            remove(self._folder(queue) / name)
        return len(names)

    def _take(self, path: Path) -> dict[str, Any] | None:
        """None for what another worker was faster to take, or nobody can read."""
        taken = path.with_suffix(".taken")
        try:
            path.rename(taken)
            message = read_message(read_file(taken))
        except FileNotFoundError:
            return None
        except (DamagedError, OSError) as error:
            self._put_aside(taken if os.path.lexists(taken) else path, error)
            return None
        remove(taken)
        return message

    def _put_aside(self, path: Path, error: Exception) -> None:
        aside = path.parent / DAMAGED / path.with_suffix(".msg").name
        logger.warning("A message is damaged (%s). It was put aside: %s", error, aside)
        try:
            aside.parent.mkdir(exist_ok=True)
            path.rename(aside)
        except OSError as trouble:
            logger.warning("%s cannot be put aside (%s); nobody reads it any more.", path, trouble)
            self._hopeless.add(path)
            return
        keep_newest(aside.parent, KEPT_DAMAGED)

    # --- what a worker does with a message

    def basic_consume(
        self, queue: str, no_ack: bool, callback: Callable[[Any], None], *rest: Any, **options: Any
    ) -> None:
        """What is raised while a message is handled costs this message alone."""
        super().basic_consume(queue, no_ack, partial(self._hand_over, queue, callback), *rest, **options)

    def _hand_over(self, queue: str, callback: Callable[[Any], None], message: Any) -> None:
        """To Celery, which raises whatever it may about a message that is not as it takes for granted."""
        lost: Exception | None = None
        with recorded(partial(self._refuse, queue, message), f"Handling a message of {queue}"):
            try:
                callback(message)
            except self.connection.connection_errors as error:
                lost = error
        if lost is not None:  # the worker connects anew, and gets the message again
            raise lost

    def _refuse(self, queue: str, message: Any, error: str) -> None:
        """As one that was damaged. Without an answer it would count as one that the worker is busy with."""
        if not message.acknowledged:
            message.reject()
        aside = self._folder(queue) / DAMAGED / f"{time.time_ns():020}-{uuid.uuid4().hex}.msg"
        try:
            self._write(aside, message.serializable())
        except ChannelError as trouble:
            logger.warning("A message that cannot be handled (%s) is lost: %s", error, trouble)
            return
        logger.warning("A message cannot be handled (%s). It was put aside: %s", error, aside)
        keep_newest(aside.parent, KEPT_DAMAGED)

    # --- folders and files

    def _folder(self, queue: str) -> Path:
        return self.queues / quote(queue, safe="@")

    def _names(self, queue: str) -> list[str]:
        folder = self._folder(queue)
        try:
            found = sorted(name for name in os.listdir(folder) if name.endswith(".msg"))
        except FileNotFoundError:
            self._make_anew(queue)
            return []
        except NotADirectoryError as error:
            self._put_aside(folder, error)
            return []
        return [name for name in found if folder / name not in self._hopeless] if self._hopeless else found

    def _make_anew(self, queue: str) -> None:
        """Of a new queue, and after somebody deleted all of it: what this process bound to it is bound
        again."""
        try:
            self._folder(queue).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            logger.warning("%s cannot be made: %s", self._folder(queue), error)
            return
        for _, exchange, routing_key in list(self.state.queue_index.get(queue, ())):
            bound = self.typeof(exchange).prepare_bind(queue, exchange, routing_key, None)
            self._queue_bind(exchange, *bound)

    def _write(self, path: Path, value: object) -> None:
        text = dumps(value)
        try:
            try:
                write_file(path, text)
            except FileNotFoundError:  # somebody deleted the folder just now
                write_file(path, text)
        except OSError as error:
            raise ChannelError(f"{path} cannot be written: {error}") from error

    # --- what is bound to exchanges: `celery inspect` and `control` reach the workers by it

    def get_table(self, exchange: str) -> list[Binding]:
        try:
            return super().get_table(exchange)
        except (ValueError, TypeError) as error:
            logger.warning("What is bound to %s cannot be read (%s), and is written anew.", exchange, error)
            return []

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        if queue.endswith(".pidbox"):
            self._purge(queue)  # what was told to a worker before this one began is not for this one
        binding = Binding(routing_key or "", pattern or "", queue or "")
        self._rebind(exchange, lambda bindings: [*bindings, binding])

    def _delete(self, queue: str, exchange: str, routing_key: str, pattern: str, *_: Any, **__: Any) -> None:
        self._purge(queue)
        with suppress(OSError):  # something was put aside there
            self._folder(queue).rmdir()  # each call of `celery inspect` has a queue of its own for answers
        gone = Binding(routing_key or "", pattern or "", queue or "")
        self._rebind(exchange, lambda bindings: [binding for binding in bindings if binding != gone])

    def _rebind(self, exchange: str, change: Callable[[list[Binding]], list[Binding]]) -> None:
        """While nobody else does. That it cannot be kept, on a full disk, keeps no worker from its tasks,
        which are sent to their queue by name."""
        try:
            self.control_folder.mkdir(parents=True, exist_ok=True)
            with (self.control_folder / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                stored = self.get_table(exchange)
                bindings = list(dict.fromkeys(change(stored)))
                if bindings != stored:
                    self._write(self._exchange_file(exchange), bindings)
        except (OSError, ChannelError) as error:
            logger.warning("What is bound to %s cannot be kept: %s", exchange, error)


class Transport(filesystem.Transport):
    """Looks for messages soon after one came, then ever more seldom, down to once in `polling_interval`: a
    worker takes no message before it acknowledged the last one, which for many takes milliseconds."""

    Channel = Channel
    # What the disk says: a worker connects anew and goes on.
    connection_errors = (*filesystem.Transport.connection_errors, OSError)  # type: ignore[assignment]
    # A worker looks while it waits for its processes, each of which then has a pipe of its own. Otherwise
    # they share one and a lock, and one that is killed with the lock in its hands leaves the worker deaf.
    implements = filesystem.Transport.implements.extend(asynchronous=True)

    _wait = SOON
    _is_open = True

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Look from now on, for as long as the connection is open."""

        def look() -> None:
            if self._is_open:
                try:
                    self._look()
                finally:  # the loop logs what is raised, and would never look again
                    loop.call_later(self._wait, look)

        loop.call_soon(look)

    def close_connection(self, connection: Any) -> None:
        self._is_open = False
        super().close_connection(connection)

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        until = time.monotonic() + (timeout or math.inf)
        while not self._look():
            if time.monotonic() >= until:
                raise TimeoutError
            time.sleep(self._wait)

    def _look(self) -> bool:
        """Deliver a message, if there is one."""
        try:
            self.cycle.get(self._deliver)  # type: ignore[union-attr]
        except Empty:
            self._wait = min(1.5 * self._wait, self.polling_interval or SOON)
            return False
        self._wait = SOON
        return True
