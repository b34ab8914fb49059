"""Gunicorn's threaded worker, for clients that take their time.

Gunicorn's own gives a thread to every connection, and the thread waits for what the client sends: eight
clients that send a byte a second hold eight threads for as long as they like. Here the loop that waits for
all sockets at once reads requests as they come in, heads and bodies, and a thread gets a request when it is
there as a whole. So a slow client costs a socket and some memory, and not for long.

A body longer than BODY_BYTES is not kept here: its request is given to a thread at once. The site judges by
the head whether it takes the body (`daamweb.door.bodies`), and reads it or leaves it; either way the
connection ends with the answer.

An answer is sent by its thread: docs/proxy.md says what somebody who reads slowly costs.

Which process gets a connection is chance, and it keeps it: of twenty people who came at one moment, one of
two processes had nearly all, and its threads stood in line while the other process slept. So a process whose
threads are all at work ends a connection with its answer now and then; whoever comes again is taken by a
process that has time.
"""

import re
import socket
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ

from gunicorn.config import Config
from gunicorn.errors import ConfigError
from gunicorn.glogging import Logger
from gunicorn.http.errors import NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.unreader import SocketUnreader
from gunicorn.util import write_error
from gunicorn.workers.gthread import TConn, ThreadWorker

HEAD_BYTES = 32 * 1024
# No less than the site takes at an address that declares nothing else (DATA_UPLOAD_MAX_MEMORY_SIZE).
BODY_BYTES = 256 * 1024
# From the first byte of a request to the last, or to the last of its head where the body is longer.
REQUEST_SECONDS = 30
# For a longer body.
LONG_BODY_SECONDS = 120
# For each piece of an answer that a thread writes.
ANSWER_SECONDS = 30
# While the other end may read the answer, and goes on sending.
PARTING_SECONDS = 2
PARTING_BYTES = 1024 * 1024
READ_BYTES = 64 * 1024
# Between two connections that a process with too many of them sends away.
PASS_ON_SECONDS = 0.1

HEADER = rb"\r\n%s:[ \t]*(%s)[ \t]*\r\n"
CONTENT_LENGTH = re.compile(HEADER % (b"content-length", b"[0-9]{1,19}"), re.IGNORECASE)
TRANSFER_ENCODING = re.compile(HEADER % (b"transfer-encoding", b".*"), re.IGNORECASE)
EXPECT = re.compile(HEADER % (b"expect", b"100-continue"), re.IGNORECASE)


class Unreader(SocketUnreader):
    """What has come in, and behind it nothing; only for a long body, and for a time, the socket."""

    until = 0.0

    def chunk(self, size_hint: int | None = None) -> bytes:
        left = self.until - time.monotonic()
        if left <= 0:
            raise NoMoreData
        self.sock.settimeout(left)
        try:
            data: bytes = super().chunk(size_hint)
        except TimeoutError as error:
            raise NoMoreData from error
        finally:
            self.sock.settimeout(ANSWER_SECONDS)
        return data


class Connection(TConn):
    """Knows how much of its next request is there."""

    def __init__(self, *arguments: object):
        super().__init__(*arguments)
        self.data_ready = True  # for gunicorn: no thread has to wait for the first byte
        self.bytes_left = PARTING_BYTES

    def begin(self) -> None:
        """A request, the beginning of which may have been read along with the one before."""
        self.received = bytearray(self.parser.unreader.take_buffered() if self.parser else b"")
        self.head = 0  # bytes, once it is there
        self.wanted = 0  # bytes of it all
        self.is_long = False
        self.timeout = time.monotonic() + REQUEST_SECONDS
        self._look_at_head(0)

    def receive(self, data: bytes) -> None:
        seen = len(self.received)
        self.received += data
        if not self.head:
            self._look_at_head(max(0, seen - 3))

    def is_too_much(self) -> bool:
        return (self.head or len(self.received)) > HEAD_BYTES

    def is_there(self) -> bool:
        """Whether a thread can go to work."""
        return 0 < self.head <= HEAD_BYTES and len(self.received) >= self.wanted

    def _look_at_head(self, start: int) -> None:
        """Gunicorn reads it again, and finds out what is wrong with it."""
        end = self.received.find(b"\r\n\r\n", start)
        if end < 0:
            return
        head = bytes(self.received[: end + 2])
        said = CONTENT_LENGTH.search(head)
        length = int(said[1]) if said is not None else 0
        self.is_long = length > BODY_BYTES or TRANSFER_ENCODING.search(head) is not None
        self.head = end + 4
        self.wanted = self.head + (0 if self.is_long else length)
        if not self.is_there() and EXPECT.search(head) is not None:
            self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def init(self) -> None:
        """Called by the thread that has got the request."""
        if not self.initialized:
            super().init()
            self.parser.unreader = Unreader(self.sock)
        self.sock.settimeout(ANSWER_SECONDS)
        self.parser.unreader.unread(bytes(self.received))
        self.received.clear()


class PatientWorker(ThreadWorker):
    """Gunicorn's names are kept: `pending_conns` are those whose request is coming in."""

    def __init__(self, *arguments: object, **options: object):
        super().__init__(*arguments, **options)
        self.parting_conns: deque[Connection] = deque()
        self.requests = 0  # that threads have, or that wait for one
        self.passed_on = 0.0

    @classmethod
    def check_config(cls, cfg: Config, log: Logger) -> None:
        super().check_config(cfg, log)
        if cfg.is_ssl or cfg.proxy_protocol != "off" or cfg.protocol != "http":
            raise ConfigError("This worker speaks plain HTTP only; let a proxy in front speak HTTPS.")

    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another worker was quicker, or the client has gone
        self.nr_conns += 1
        self.enqueue_req(Connection(self.cfg, client, address, listener.getsockname()))

    def enqueue_req(self, conn: Connection) -> None:
        """For a new connection, and for one that was kept and says something again. Gunicorn's own gives it a
        thread; here that waits until the request is there."""
        conn.begin()
        if conn.is_there():
            self._give_to_thread(conn)
            return
        conn.sock.setblocking(False)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        try:
            data = client.recv(READ_BYTES)
            conn.receive(data)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data and not conn.is_there() and not conn.is_too_much():
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        if not data:
            self._forget(conn)
        elif conn.is_there():
            self._give_to_thread(conn)
        else:
            with suppress(OSError):
                write_error(client, 431, "Request Header Fields Too Large", "")
            self._part(conn)

    def _give_to_thread(self, conn: Connection) -> None:
        self.requests += 1
        super().enqueue_req(conn)

    def handle_request(self, req: Request, conn: Connection) -> bool:
        """In a thread, when gunicorn has read the head."""
        if self._has_too_many():
            req.force_close()
        if conn.is_long:
            req.force_close()
            conn.parser.unreader.until = time.monotonic() + LONG_BODY_SECONDS
        is_kept: bool = super().handle_request(req, conn)
        return is_kept

    def _has_too_many(self) -> bool:
        """Whether this connection had better be another process's."""
        now = time.monotonic()
        has_time = self.cfg.workers == 1 or self.requests <= self.cfg.threads
        if has_time or now < self.passed_on + PASS_ON_SECONDS:
            return False
        self.passed_on = now
        return True

    def finish_request(self, conn: Connection, future: Future[bool]) -> None:
        self.requests -= 1
        if future.cancelled() or future.exception() is not None or not future.result():
            self._part(conn)
        else:
            super().finish_request(conn, future)

    def _part(self, conn: Connection) -> None:
        """Say that nothing more comes, and wait a little: to close while the other end is sending would take
        the answer away from it. Gunicorn's own waits here for one client after the other."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._forget(conn)
            return
        conn.timeout = time.monotonic() + PARTING_SECONDS
        self.parting_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_parting_socket_readable, conn))

    def _on_parting_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        try:
            data = client.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        conn.bytes_left -= len(data)
        if not data or conn.bytes_left <= 0:
            self.parting_conns.remove(conn)
            self.poller.unregister(client)
            self._forget(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """The site is being stopped: what has not come in yet is not waited for, either."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _forget(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()

    def murder_keepalived(self, force: bool = False) -> None:
        """Called each time round. Where all connections are taken, one that no thread works for makes room
        for the next."""
        if self.nr_conns >= self.worker_connections:
            for waiting in (self.parting_conns, self.keepalived_conns, self.pending_conns):
                if waiting:
                    waiting[0].timeout = 0.0
                    break
        super().murder_keepalived(force)

    def murder_pending(self) -> None:
        super().murder_pending()
        while self.parting_conns and self.parting_conns[0].timeout <= time.monotonic():
            conn = self.parting_conns.popleft()
            self.poller.unregister(conn.sock)
            self._forget(conn)
