"""The annotators of `rating_load`, in a process of their own: as cheap as they can be, so that the site is
measured and not they. One thread and one connection each.

    python -m benchmarks.rating_client PORT SLUG ANNOTATORS WARM_UP_SECONDS SECONDS PICTURES

Prints a line when what is measured begins, one when it ends, and then what was found as JSON.
"""

import http.client
import json
import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode

FORM = re.compile(r'action="(/s/[^"]+/assignments/\d+/)"')
HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|page-token|page-base)"(?: value="([^"]*)")?')
# All that the page's script says of one answer.
MEASURED = json.dumps(
    {
        "answered": 900, "visible": [[120, 500], [600, 900]], "input": "keyboard", "painted": 120,
        "first_input": 890,
        "arrangement": "one screen", "viewport": [1280, 720], "picture": [400, 400], "pixel_ratio": 200,
        "scheme": "light", "enlarged": 0, "overlay_hidden": 1,
        "image_sha256": 64 * "a", "overlay_sha256": 64 * "b",
    }
)  # fmt: skip
PICTURE = re.compile(r'<img src="(/[^"]+)"')
NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@dataclass
class Clock:
    """When what is measured begins and ends."""

    begins: float
    ends: float


class Connection(http.client.HTTPConnection):
    """Opened again, as a browser does it, where the site ended it with an answer."""

    def connect(self) -> None:
        super().connect()
        self.sock.setsockopt(*NO_DELAY)


@dataclass
class Annotator:
    port: int
    slug: str
    clock: Clock
    pictures: bool
    # Of all ratings that were not over when what is measured began, and how many ended before it ended.
    milliseconds: list[float] = field(default_factory=list)
    ratings: int = 0
    # The keys of all pages whose answer was acknowledged.
    answers: list[str] = field(default_factory=list)

    def run(self) -> None:
        self.connection = Connection("127.0.0.1", self.port, timeout=60)
        self.cookies: dict[str, str] = {}
        page = self._begin()
        while page is not None and time.perf_counter() < self.clock.ends:
            if self.pictures:
                for address in PICTURE.findall(page):
                    self._ask("GET", unescape(address))
            began = time.perf_counter()
            page = self._answer(page)
            now = time.perf_counter()
            if now >= self.clock.begins:
                self.milliseconds.append(1000 * (now - began))
                self.ratings += now <= self.clock.ends

    def _begin(self) -> str | None:
        start = f"/s/{self.slug}/"
        fields = dict(HIDDEN.findall(self._ask("GET", start)[1]))
        self._ask("POST", start, fields)
        status, _ = self._ask("POST", f"{start}next/", fields)
        return self._ask("GET", self.location)[1] if status == 302 else None

    def _answer(self, page: str) -> str | None:
        """The next task's page; None if there is none."""
        form = FORM.search(page)
        if form is None:
            raise RuntimeError(f"This is no task:\n{page}")
        fields = dict(HIDDEN.findall(page))
        sent = {**fields, "page-measured": MEASURED, "choice": "4"}
        status, answer = self._ask("POST", form[1], sent)
        if status != 200:
            raise RuntimeError(f"An answer was not taken ({status}):\n{answer}")
        self.answers.append(fields["page-token"])
        if not answer.startswith("{"):
            return answer
        following: str = json.loads(answer)["next"]
        while following.endswith("/waiting/") and time.perf_counter() < self.clock.ends:
            time.sleep(0.1)
            self._ask("POST", f"/s/{self.slug}/next/", fields)
            following = self.location
        return self._ask("GET", following)[1] if "/assignments/" in following else None

    def _ask(self, method: str, address: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if fields is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "X-Requested-With": "fetch"}
        self.connection.request(method, address, fields and urlencode(fields), headers)
        response = self.connection.getresponse()
        body = response.read()
        for line in response.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.location = response.headers.get("Location", "")
        is_text = response.headers.get_content_type() in ("text/html", "application/json")
        return response.status, body.decode() if is_text else ""


def main(port: int, slug: str, people: int, warm_up: float, seconds: float, pictures: bool) -> None:
    now = time.perf_counter()
    clock = Clock(begins=now + warm_up, ends=now + warm_up + seconds)
    annotators = [Annotator(port, slug, clock, pictures) for _ in range(people)]
    with ThreadPoolExecutor(people) as pool:
        rating = [pool.submit(annotator.run) for annotator in annotators]
        time.sleep(max(0, clock.begins - time.perf_counter()))
        print("begins", flush=True)
        time.sleep(max(0, clock.ends - time.perf_counter()))
        print("ends", flush=True)
        for each in rating:
            each.result()  # raises what ended it
    found = {
        "seconds": seconds,
        "ratings": sum(annotator.ratings for annotator in annotators),
        "milliseconds": [each for annotator in annotators for each in annotator.milliseconds],
        "answers": [each for annotator in annotators for each in annotator.answers],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    _, port, slug, people, warm_up, seconds, pictures = sys.argv
    main(int(port), slug, int(people), float(warm_up), float(seconds), pictures == "1")
