"""Servers on this machine that take a connection and say nothing more."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of one that accepts everybody and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:  # it is closed
                    return

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in taken:
                connection.close()


@contextmanager
def unreachable_server() -> Iterator[int]:
    """The port of one that does not even accept: as many as may wait do, and nothing is heard of others."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        waiting = []
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        try:
            yield port
        finally:
            for one in waiting:
                one.close()


class Wire:
    """Passes on to a real server what is said. While `runs` is not set it takes everything and passes on
    nothing."""

    def __init__(self, port: int) -> None:
        self.runs = threading.Event()
        self.runs.set()
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def drop(self) -> None:
        """End every connection, as a server that is started anew."""
        while self._open:
            with suppress(OSError):  # it has ended
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.runs.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.drop()

    def _accept(self) -> None:
        while True:
            try:
                near = self._server.accept()[0]
            except OSError:  # it is closed
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # the other half was faster to end
            while said := source.recv(65536):
                self.runs.wait()
                target.sendall(said)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
