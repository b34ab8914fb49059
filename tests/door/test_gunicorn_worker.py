"""The worker, under gunicorn.conf.py and before a small site: what it waits for, and whom it lets wait."""

import http.client
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from django.conf import settings

from daamweb.door import gunicorn_worker
from tests.site import TOP, kill_group

# The worker's own times are too long for tests.
TIMES = {"REQUEST_SECONDS": 3.0, "LONG_BODY_SECONDS": 1.0, "ANSWER_SECONDS": 1.0, "PARTING_SECONDS": 0.5}
START = (
    f"from daamweb.door import gunicorn_worker; vars(gunicorn_worker).update({TIMES}); "
    "from gunicorn.app.wsgiapp import run; run()"
)
# What does not come as a whole, and would hold a thread each.
BEGINNINGS = [
    b"",
    b"GET / HTTP/1.1\r\n",
    b"\x16\x03\x01\x02\x00\x01",  # of TLS
    b"POST /body HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell",
    b"POST / HTTP/1.1\r\nContent-Length: 262144\r\n\r\n",
]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[int, subprocess.Popen]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-c", START, "tests.door.small_site", "--bind", f"127.0.0.1:{port}"),
        *("--threads", "2", "--log-level", "warning", *arguments),
    ]
    process = subprocess.Popen(command, cwd=TOP, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield port, process
    finally:
        kill_group(process)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as (port, _):
        yield port


class Client:
    """Sends bytes as they are."""

    def __init__(self, port: int, *sent: bytes):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")
        for each in sent:
            self.socket.sendall(each)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of one answer."""
        status = int(self.file.readline().split()[1])
        headers = dict(http.client.parse_headers(self.file).items())
        return status, headers, self.file.read(int(headers.get("Content-Length", 0)))

    def is_let_wait(self) -> bool:
        """Whether the other end has neither said anything nor ended."""
        return select.select([self.socket], [], [], 0)[0] == []

    def ends(self) -> bool:
        """Whether the other end says no more; waits for that."""
        return self.file.read() == b""


def get(path: bytes = b"/", *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: localhost", *headers, b"", b""])


def post(path: bytes, *headers: bytes) -> bytes:
    return get(path, *headers).replace(b"GET", b"POST", 1)


def is_serving(port: int) -> bool:
    with Client(port, get()) as client:
        return client.answer()[0] == 200


def test_a_request_may_come_byte_by_byte(port):
    request = post(b"/body", b"Content-Length: 5") + b"hello"
    with Client(port, *(bytes([byte]) for byte in request)) as client:
        assert client.answer()[::2] == (200, b"hello")


def test_a_connection_is_kept_for_the_next_request(port):
    with Client(port) as client:
        for path in (b"/first", b"/second", b"/third"):
            client.socket.sendall(get(path))
            status, headers, body = client.answer()
            assert (status, body, headers["Connection"]) == (200, path, "keep-alive")
            time.sleep(0.1)


def test_requests_that_come_at_once_are_answered_one_after_another(port):
    bodies = [post(b"/body", b"Content-Length: 3") + text for text in (b"one", b"two")]
    with Client(port, b"".join([*bodies, get(b"/three")[:20]])) as client:
        assert [client.answer()[2] for _ in range(2)] == [b"one", b"two"]
        client.socket.sendall(get(b"/three")[20:])
        assert client.answer()[2] == b"/three"


def test_who_asks_first_is_told_to_send(port):
    with Client(port, post(b"/body", b"Content-Length: 5", b"Expect: 100-continue")) as client:
        assert client.answer()[0] == 100
        client.socket.sendall(b"hello")
        answers = [client.answer() for _ in range(2)]
        assert answers[-1][::2] == (200, b"hello")


def test_what_does_not_come_is_not_waited_for_by_a_thread_nor_for_ever(port):
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(port, beginning)) for beginning in 4 * BEGINNINGS]
        assert is_serving(port)
        assert all(client.is_let_wait() for client in clients)
        assert all(client.ends() for client in clients)


def test_a_drip_has_no_more_time_than_silence(port):
    with Client(port, post(b"/body", b"Content-Length: 1000")) as client, pytest.raises(OSError):
        drip(client, seconds=20)


def drip(client: Client, seconds: float) -> None:
    for _ in range(int(10 * seconds)):
        client.socket.sendall(b"x")
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (get(b"/" + 5000 * b"x"), 414),
        (get(b"/", *(b"X-%d: x" % number for number in range(70))), 431),
        (get(b"/", b"X: " + 9000 * b"x"), 431),
        (get(b"/", *(b"X-%d: " % number + 8000 * b"x" for number in range(5))), 431),
        (b"GET / HTTP/1.1\r\nX: " + 40_000 * b"x", 431),
        (get(b"/", b"Content-Length: -1"), 400),
        (get(b"/", b"Content-Length: many"), 400),
        (get(b"/", b"Content-Length: " + 5000 * b"9"), 400),
        (get(b"/", b"Content-Length: 0", b"Content-Length: 4"), 400),
        (get(b"/", b"Content-Length: 3", b"Transfer-Encoding: chunked"), 400),
        (get(b"/", b"X: \0"), 400),
        (b"\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
    ],
)
def test_a_bad_head_is_refused_and_the_connection_ended(port, sent, status):
    with Client(port, sent) as client:
        assert client.answer()[0] == status
        assert client.ends()
    assert is_serving(port)


@pytest.mark.parametrize(
    "head",
    [
        post(b"/", b"Content-Length: 262145"),
        post(b"/", b"Content-Length: 104857600"),
        post(b"/", b"Content-Length: 9999999999999999999"),
        post(b"/", b"Transfer-Encoding: chunked"),
    ],
)
def test_a_long_body_is_not_waited_for_to_be_refused(port, head):
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(port, head)) for _ in range(8)]
        for client in clients:
            status, headers, body = client.answer()
            assert (status, headers["Connection"], body) == (200, "close", b"/")
        assert is_serving(port)
        assert all(client.ends() for client in clients)


def test_an_answer_is_read_by_who_is_still_sending(port):
    with Client(port, post(b"/", b"Content-Length: 1000000")) as client:
        for _ in range(10):
            client.socket.sendall(100_000 * b"x")
        assert client.answer()[0] == 200


def test_a_long_body_is_read_by_who_wants_it_for_so_long(port):
    whole, half = 300_000 * b"x", 150_000 * b"x"
    with Client(port, post(b"/body", b"Content-Length: 300000"), whole) as client:
        assert client.answer()[2] == whole
    with Client(port, post(b"/body", b"Content-Length: 300000"), half) as client:
        assert client.answer()[2] == b"broken off"


def test_nobody_waits_for_ever_for_one_who_does_not_read(port):
    with ExitStack() as stack:
        for _ in range(2):  # both threads
            stack.enter_context(Client(port, get(b"/large")))
        time.sleep(0.1)
        assert is_serving(port)


def test_where_all_connections_are_taken_one_that_waits_makes_room():
    with serving("--worker-connections", "20") as (port, _), ExitStack() as stack:
        clients = [stack.enter_context(Client(port, b"G")) for _ in range(60)]
        assert is_serving(port)
        assert all(client.ends() for client in clients[:40])


@pytest.mark.parametrize(("processes", "some_are_passed_on"), [("1", False), ("2", True)])
def test_a_process_with_too_much_to_do_passes_connections_on(processes, some_are_passed_on):
    with serving("--workers", processes) as (port, _), ExitStack() as stack:
        clients = [stack.enter_context(Client(port, get(b"/slow"))) for _ in range(12)]
        answers = [client.answer() for client in clients]
        assert {(status, body) for status, _, body in answers} == {(200, b"/slow")}
        ended = [headers["Connection"] == "close" for _, headers, _ in answers]
        assert any(ended) is some_are_passed_on
        # Not all at once: whoever they went to would pass them on, too.
        assert sum(ended) < len(ended)


def test_a_process_with_time_keeps_its_connections():
    with serving("--workers", "2") as (port, _), Client(port) as client:
        for _ in range(5):
            client.socket.sendall(get(b"/slow"))
            assert client.answer()[1]["Connection"] == "keep-alive"


def test_a_site_is_stopped_while_somebody_drips():
    with serving() as (port, process), Client(port, b"G"):
        assert is_serving(port)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def test_it_refuses_to_speak_what_it_does_not():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "tests.door.small_site",
            "--bind",
            "127.0.0.1:0",
            "--proxy-protocol",
        ],
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode != 0
    assert "plain HTTP" in done.stderr


def test_nobody_tells_gunicorn_where_a_page_is_by_a_header(port):
    with Client(port, get(b"/", b"SCRIPT_NAME: /x")) as client:
        assert client.answer()[::2] == (200, b"/")


def test_what_was_loaded_is_not_looked_through_for_garbage(port):
    with Client(port, get(b"/frozen")) as client:
        assert int(client.answer()[2]) > 10_000


def test_no_header_tells_a_version(port):
    with Client(port, get()) as client:
        assert client.answer()[1]["Server"] == "gunicorn"


def test_what_every_address_takes_is_kept_by_the_worker():
    assert gunicorn_worker.BODY_BYTES >= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
