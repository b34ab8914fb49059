"""As little of a browser as the load needs: one connection that is kept open, and cookies."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode

PATIENCE_SECONDS = 60
LOADS = 3


class SiteError(RuntimeError):
    """The site says that the fault is its own."""


class Browser:
    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self.cookies: dict[str, str] = {}
        # Pages that the site failed to make, and that were loaded once more.
        self.reloads = 0

    def get(self, address: str) -> bytes:
        """A page. One that the site fails to make is loaded again, as a person does."""
        for _ in range(LOADS - 1):
            try:
                return self._ask("GET", address, None, {})
            except SiteError:
                self.reloads += 1
        return self._ask("GET", address, None, {})

    def submit(self, address: str, **fields: str) -> bytes:
        """As a form does. Where it is sent on to is not followed."""
        content = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", address, urlencode(fields).encode(), content)

    def send(self, address: str, value: Any, **headers: str) -> Any:
        """As a script does: JSON there and back."""
        content = {"Content-Type": "application/json"} | headers
        return json.loads(self._ask("POST", address, json.dumps(value).encode(), content))

    def _ask(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        # A connection that the site has closed is opened anew by the request.
        self.connection.request(method, address, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        for line in response.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        if response.status >= 400:
            kind = SiteError if response.status >= 500 else RuntimeError
            raise kind(f"{method} {address} was answered with {response.status}: {content[:500]!r}")
        return content
