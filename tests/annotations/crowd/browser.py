"""A browser, as far as an annotator's pages need one: cookies, forms, and connections that break."""

import http.client
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode

# No request hangs for longer.
SECONDS = 20
# The server is away, or went away before it had answered.
BROKEN = (OSError, http.client.HTTPException)
HIDDEN = re.compile(r'name="page-(token|base)"(?: value="([^"]*)")?')
Connection = http.client.HTTPConnection


@dataclass(frozen=True)
class Reply:
    status: int
    # Where a redirect leads, where the page's script is told to go, or which turn's page this is.
    location: str
    text: str

    @property
    def fields(self) -> dict[str, str]:
        """Token and base of a task's page; empty on other pages."""
        return dict(HIDDEN.findall(self.text))


class Browser:
    """Every request has a connection of its own."""

    def __init__(self, port: int):
        self.port = port
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Reply:
        return self.read(self._send("GET", path))

    def post(self, path: str, fields: dict[str, str], *, by_script: bool = False) -> Reply:
        return self.read(self.start_post(path, fields, by_script=by_script))

    def start_post(self, path: str, fields: dict[str, str], *, by_script: bool = False) -> Connection:
        """Send it and do not wait for the reply: that is what `read` returns."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-CSRFToken": self.cookies.get("csrftoken", ""),
        }
        if by_script:
            headers["X-Requested-With"] = "fetch"
        return self._send("POST", path, urlencode(fields), headers)

    def post_and_hang_up(self, path: str, fields: dict[str, str]) -> None:
        """Whether it arrived, nobody here knows."""
        with suppress(*BROKEN):
            self.start_post(path, fields).close()

    def read(self, connection: Connection) -> Reply:
        try:
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.coded_value
        location = response.headers.get("Location", "")
        if response.status == 200:
            location = response.headers.get("Content-Location", "")
        if response.headers.get_content_type() == "application/json":
            location = json.loads(text)["next"]
        return Reply(response.status, location, text)

    def _send(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> Connection:
        connection = Connection("127.0.0.1", self.port, timeout=SECONDS)
        headers = {**(headers or {}), "Connection": "close"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body, headers)
        return connection
