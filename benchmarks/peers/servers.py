"""Start a site's server, wait until it answers, and stop it."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# Label Studio's processes take half a minute each on a machine that is busy.
STARTS_WITHIN_SECONDS = 180
STOPS_WITHIN_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(home: Path) -> dict[str, str]:
    """What a site may know of who measures it: both read many names that others use, too."""
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home)}


@contextmanager
def serving(
    command: Sequence[str | Path], *, port: int, ready: str, folder: Path, environment: dict[str, str]
) -> Iterator[int]:
    """The id of the server's first process; `ready`: what it answers with 200 once it serves.

    Its processes are a group, so that none of them is left behind.
    """
    log = folder / "server.log"
    with log.open("wb") as said:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env=clean_environment(folder) | environment,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        _wait_for(server, port, ready)
        yield server.pid
    except SystemExit:  # its files are removed with all others
        print(f"The server's last words:\n{_last_words(log)}", file=sys.stderr)
        raise
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(STOPS_WITHIN_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait_for(server: subprocess.Popen, port: int, ready: str) -> None:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while not _answers(port, ready):
        if server.poll() is not None or time.monotonic() > until:
            raise SystemExit("The server does not answer.")
        time.sleep(0.2)


def _last_words(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-3000:]


def _answers(port: int, ready: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", ready)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
