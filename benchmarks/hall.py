"""What one address may do to a study that is open to whoever has the link, over HTTP, as the site is served.

    python -m benchmarks.hall --database sqlite
    python -m benchmarks.hall --database postgres://postgres@127.0.0.1:5432/postgres

A hall of 200 people joins from one address within a minute: everybody has to be at a task in the end, each
asking again where the page says so. Then a script with 1,000 cookies asks for tasks from another address of
its own, as fast as it is answered, and the next person comes from a third one.

Prints a table and, as its last line, one JSON object; fails where somebody of the hall did not begin, the
script holds more than the limits say, or the next person got no task.
"""

import argparse
import http.client
import json
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from benchmarks.databases import empty_site
from benchmarks.rating_load import served_site

ITEMS, REPLICAS = 1000, 2
HALL, SCRIPT, NEXT = "198.51.100.7", "198.51.100.8", "198.51.100.9"
AGAIN = re.compile(r'data-again="(\d+)"')
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]*)"')


class Person:
    """With a browser of their own, behind a proxy that tells where they are."""

    def __init__(self, port: int, slug: str, where: str):
        self.port, self.start, self.where = port, f"/s/{slug}/", where
        self.cookies: dict[str, str] = {}
        self.token = ""

    def begin(self, *, patience: float = 0) -> float | None:
        """Seconds until a task was there; None if none came within the patience."""
        began = time.perf_counter()
        self.token = CSRF.findall(self._ask("GET", self.start)[1])[0]
        for address in (self.start, f"{self.start}next/"):
            while (said := self._ask("POST", address))[0] == 429:
                again = float(AGAIN.findall(said[1])[0])
                if time.perf_counter() + again > began + patience:
                    return None
                time.sleep(again)
        is_at_a_task = said[0] == 302 and "/assignments/" in said[2] and self._ask("GET", said[2])[0] == 200
        return time.perf_counter() - began if is_at_a_task else None

    def _ask(self, method: str, address: str) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-Forwarded-For": self.where,
            "Connection": "close",
        }
        body = None
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode({"csrfmiddlewaretoken": self.token})
        connection.request(method, address, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return response.status, text, response.headers.get("Location", "")


def measure(database: str, *, people: int, seconds: float, cookies: int) -> dict[str, float | int]:
    with empty_site(database):
        os.environ["TRUSTED_PROXIES"] = "127.0.0.0/8"
        hall, script = (_make_study(name) for name in ("hall", "script"))
        with served_site(database, quietly=True) as (port, _):
            found = _let_hall_in(port, hall, people, seconds)
            return {**found, **_let_script_in(port, script, cookies)}


def _make_study(name: str) -> str:
    from benchmarks.large_runs import make_large_run
    from benchmarks.large_studies import make_large_draft, open_large_study

    run = make_large_run(250, name=name)
    return open_large_study(make_large_draft(run, name=name, tasks=ITEMS, replicas=REPLICAS)).slug


def _let_hall_in(port: int, slug: str, people: int, seconds: float) -> dict[str, float | int]:
    def come(number: int) -> float | None:
        time.sleep(number * seconds / people)
        return Person(port, slug, HALL).begin(patience=60)

    with ThreadPoolExecutor(people) as pool:
        took = sorted(each for each in pool.map(come, range(people)) if each is not None)
    return {
        "people": people,
        "began": len(took),
        "median_ms": round(1000 * took[len(took) // 2]),
        "slowest_ms": round(1000 * took[-1]),
    }


def _let_script_in(port: int, slug: str, cookies: int) -> dict[str, int]:
    from annotations.models import Assignment, Place

    with ThreadPoolExecutor(16) as pool:
        came = pool.map(lambda _: Person(port, slug, SCRIPT).begin(), range(cookies))
        told = sum(each is not None for each in came)
    held = Assignment.objects.filter(study__slug=slug, state=Assignment.State.CLAIMED).count()
    is_open = Place.objects.filter(study__slug=slug, turn=None).count()
    next_person = Person(port, slug, NEXT).begin()
    return {
        "cookies": cookies, "tasks_told": told, "tasks_held": held, "most": min(250, (is_open + held) // 5),
        "places_open": is_open, "next_person_got_one": int(next_person is not None),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--database", default="sqlite", help="sqlite, or the address of a PostgreSQL server")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60, help="within which they come")
    parser.add_argument("--cookies", type=int, default=1000)
    given = parser.parse_args()
    found = measure(given.database, people=given.people, seconds=given.seconds, cookies=given.cookies)
    for name, value in found.items():
        print(f"{name:>20} {value}")
    print(json.dumps(found))
    is_well = found["began"] == found["people"] and found["next_person_got_one"]
    return 0 if is_well and found["tasks_held"] <= found["most"] else 1


if __name__ == "__main__":
    sys.exit(main())
