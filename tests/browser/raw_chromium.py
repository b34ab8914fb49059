"""A Chromium without what Playwright does to it: its tabs are hidden when another one is chosen, and pages
that were left are kept in memory. It is spoken to through pipes, in Chromium's own protocol."""

import itertools
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE = 30.0  # seconds


class ProtocolError(RuntimeError):
    """Chromium refused a command, or a page's script failed."""


class RawChromium:
    def __init__(self, write_to: int, read_from: int):
        self.write_to, self.read_from = write_to, read_from
        self.numbers = itertools.count(1)
        self.replies: dict[int, queue.Queue] = {}
        self.writing = threading.Lock()
        self.listeners: list[Callable[[dict], None]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        received = b""
        while data := os.read(self.read_from, 1 << 16):
            *messages, received = (received + data).split(b"\0")
            for message in map(json.loads, messages):
                if "id" not in message:
                    for listener in self.listeners:
                        listener(message)
                elif waiting := self.replies.get(message["id"]):
                    waiting.put(message)

    def post(self, method: str, session: str | None = None, **parameters: Any) -> None:
        """Without waiting for what it says."""
        self._write(next(self.numbers), method, session, parameters)

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict:
        number = next(self.numbers)
        waiting = self.replies[number] = queue.Queue()
        self._write(number, method, session, parameters)
        try:
            reply = waiting.get(timeout=PATIENCE)
        finally:
            del self.replies[number]
        if "error" in reply:
            raise ProtocolError(f"{method}: {reply['error']}")
        result: dict = reply["result"]
        return result

    def _write(self, number: int, method: str, session: str | None, parameters: dict) -> None:
        message = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        with self.writing:
            os.write(self.write_to, json.dumps(message).encode() + b"\0")

    def open_tab(self, address: str = "about:blank") -> "Tab":
        target = self.send("Target.createTarget", url=address)["targetId"]
        return Tab(self, target)


class Tab:
    def __init__(self, chromium: RawChromium, target: str):
        self.chromium, self.target = chromium, target
        attached = chromium.send("Target.attachToTarget", targetId=target, flatten=True)
        self.session: str = attached["sessionId"]
        self.send("Page.enable")
        self.send("Runtime.enable")

    def send(self, method: str, **parameters: Any) -> dict:
        return self.chromium.send(method, self.session, **parameters)

    def evaluate(self, script: str) -> Any:
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise ProtocolError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, what: str) -> None:
        """Until the expression is true; also while pages come and go."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if self.evaluate(what):
                    return
            except ProtocolError:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise TimeoutError(f"Not within {PATIENCE} s: {what}")
            time.sleep(0.02)

    def press(self, key: str) -> None:
        text = {"key": key, "text": key, "windowsVirtualKeyCode": ord(key.upper()), "code": f"Digit{key}"}
        self.send("Input.dispatchKeyEvent", type="keyDown", **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **text)

    def click(self, selector: str) -> None:
        self.wait_for(f"document.querySelector({selector!r}) !== null")
        self.evaluate(f"document.querySelector({selector!r}).click()")

    def choose(self) -> None:
        """It is the one that is seen; the others are hidden."""
        self.chromium.send("Target.activateTarget", targetId=self.target)

    def close(self) -> None:
        self.chromium.send("Target.closeTarget", targetId=self.target)


@contextmanager
def raw_chromium(*flags: str) -> Iterator[RawChromium]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "These tests need Chromium, from Debian's package of this name."
    its_input, write_to = os.pipe()
    read_from, its_output = os.pipe()

    def take_pipes() -> None:
        """The protocol's: 3 is read, 4 is written."""
        ends = [os.dup(its_input), os.dup(its_output)]
        for number, end in enumerate(ends, start=3):
            os.dup2(end, number)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [path, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}", *flags],
            preexec_fn=take_pipes,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(its_input)
        os.close(its_output)
        try:
            yield RawChromium(write_to, read_from)
        finally:
            process.kill()
            process.wait()
            os.close(write_to)
