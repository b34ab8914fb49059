"""Clients that mean no good: sockets that drip a byte a second, and uploads of 100 MiB.

They are in a process of their own, so that they don't slow down who measures. They go to this machine only,
and end by themselves.

python -m tests.door.attackers PORT SECONDS heads|bodies|nothing PATH CSRF_COOKIE [PATH CSRF_COOKIE …]
"""

import itertools
import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator

DRIPPERS, UPLOADS = 32, 100
UPLOAD_BYTES = 100 * 1024 * 1024
CHUNK = b"x" * 65536
BOUNDARY = "------------------------door"


class Dripper:
    """A byte a second: an endless head, or the body of a form after a whole head."""

    def __init__(self, port: int, path: str, cookie: str, *, of_body: bool):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        if of_body:
            head = (
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: csrftoken={cookie}\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n"
            )
            self.socket.send(head.encode())
            self.bytes: Iterator[int] = itertools.repeat(ord("x"))
        else:
            line = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".encode()
            self.bytes = itertools.chain(line, itertools.repeat(ord("x")))
        self.ended = False

    def drip(self) -> None:
        try:
            self.socket.send(bytes([next(self.bytes)]))
        except OSError:
            self.ended = True


class Upload:
    """Sends on until everything is sent or the other end has had enough; keeps the answer."""

    def __init__(self, port: int, path: str, cookie: str):
        self.began = time.monotonic()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))
        part = (
            f"--{BOUNDARY}\r\n"
            'Content-Disposition: form-data; name="file"; filename="file.txt"\r\n'
            "Content-Type: text/plain\r\n\r\n"
        )
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nCookie: csrftoken={cookie}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
            f"Content-Length: {UPLOAD_BYTES}\r\n\r\n"
        )
        self.waiting = head.encode() + part.encode()
        self.sent = -len(head)
        self.answer = b""
        self.seconds: float | None = None

    def serve(self, events: int) -> bool:
        """Whether it is over."""
        try:
            if events & selectors.EVENT_READ and not self._read():
                return True
            if events & selectors.EVENT_WRITE:
                self._write()
        except BlockingIOError:
            pass
        except OSError:
            return True
        return False

    def _read(self) -> bytes:
        data = self.socket.recv(65536)
        self.answer += data
        return data

    def _write(self) -> None:
        data = self.waiting or CHUNK[: UPLOAD_BYTES - self.sent]
        if not data:
            return
        sent = self.socket.send(data)
        self.waiting = self.waiting[sent:]
        self.sent += sent

    def end(self) -> None:
        self.seconds = time.monotonic() - self.began
        self.socket.close()

    def outcome(self) -> str:
        if self.seconds is None:
            return "not ended"
        return self.answer[9:12].decode("latin-1") or "reset"


def attack(port: int, seconds: float, dripped: str, targets: list[tuple[str, str]]) -> dict:
    began = time.monotonic()
    drippers = [
        Dripper(port, *target, of_body=dripped == "bodies")
        for target in itertools.islice(itertools.cycle(targets), DRIPPERS if dripped != "nothing" else 0)
    ]
    uploads = [Upload(port, *target) for target in itertools.islice(itertools.cycle(targets), UPLOADS)]
    selector = selectors.DefaultSelector()
    for upload in uploads:
        selector.register(upload.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, upload)
    next_drip = began
    while (now := time.monotonic()) < began + seconds:
        if now >= next_drip:
            next_drip += 1
            for dripper in drippers:
                dripper.drip()
        for key, events in selector.select(timeout=max(0.0, next_drip - now)) if selector.get_map() else []:
            if key.data.serve(events):
                selector.unregister(key.fileobj)
                key.data.end()
        if not selector.get_map():
            time.sleep(min(0.1, max(0.0, next_drip - time.monotonic())))
    times = sorted(upload.seconds for upload in uploads if upload.seconds is not None)
    return {
        "uploads": Counter(upload.outcome() for upload in uploads),
        "slowest upload": round(times[-1], 2) if times else None,
        "MiB sent": round(sum(upload.sent for upload in uploads) / 1024**2, 1),
        "drippers still there": sum(not dripper.ended for dripper in drippers),
    }


if __name__ == "__main__":
    port, seconds, dripped, *rest = sys.argv[1:]
    targets = list(zip(rest[::2], rest[1::2], strict=True))
    print(json.dumps(attack(int(port), float(seconds), dripped, targets)))
