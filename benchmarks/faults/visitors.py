"""Who is at the demo meanwhile: annotators who answer, and the researcher who asks for reports."""

import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from html import unescape

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
STUDIES = "/admin/annotations/study/"


@dataclass
class Seen:
    """By all browsers together: how pages were answered, and the seconds of the slowest."""

    pages: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


class Browser:
    """Cookies, redirects and Django's tokens; it has no scripts."""

    def __init__(self, site: str, seen: Seen) -> None:
        self._site = site
        self._seen = seen
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> tuple[str, str]:
        return self._read(urllib.request.Request(urllib.parse.urljoin(self._site, path)))  # noqa: S310

    def post(self, path: str, page: str, **fields: str) -> tuple[str, str]:
        """Send the hidden fields of a page, and `fields`."""
        hidden = {name: unescape(value) for name, value in HIDDEN.findall(page)}
        data = urllib.parse.urlencode({**hidden, **fields}).encode()
        address = urllib.parse.urljoin(self._site, path)
        return self._read(urllib.request.Request(address, data, {"Referer": address}))  # noqa: S310

    def _read(self, request: urllib.request.Request) -> tuple[str, str]:
        """The path in the end, and the page; counts what was answered, and how."""
        began = time.monotonic()
        try:
            with self._opener.open(request, timeout=60) as response:
                self._seen.pages["answered"] += 1
                return urllib.parse.urlsplit(response.url).path, response.read().decode()
        except urllib.error.HTTPError as error:
            self._seen.pages["failed" if error.code >= 500 else "refused"] += 1
            return urllib.parse.urlsplit(error.url).path, error.read().decode()
        except (OSError, urllib.error.URLError):
            self._seen.pages["no answer"] += 1
            return "", ""
        finally:
            self._seen.slowest = max(self._seen.slowest, time.monotonic() - began)


class Annotator:
    """Somebody new, who gives one answer after another."""

    def __init__(self, browser: Browser, link: str, study: str) -> None:
        self._browser = browser
        self._link = link
        self._study = study
        self._path, self._page = "", ""

    def answer_one(self) -> bool:
        """Whether it was taken; who has nothing left is done."""
        if "/assignments/" not in self._path:
            path, page = self._browser.get(self._link)
            if path == self._link:
                _, page = self._browser.post(path, page)  # consent
            self._path, self._page = self._browser.post(f"{self._link}next/", page)
        if "/assignments/" not in self._path:
            return False
        before = self._path
        self._path, self._page = self._browser.post(self._path, self._page, choice="4")
        return self._path not in ("", before)  # nothing: no answer came


class Researcher:
    """Asks for the report of a study; logs in where that is needed, as it is after the workers' clock was a
    day ahead, by which every session is over."""

    def __init__(self, browser: Browser, password: str, study: str) -> None:
        self._browser = browser
        self._password = password
        self._study = study

    def ask_for_report(self) -> None:
        _, page = self._report()
        form = re.search(r'<form class="card" method="post" action="([^"]+)"', page)
        if form:
            self._browser.post(form[1], page)

    def responses_in_report(self) -> int:
        """0 for one that is not there yet."""
        found = re.search(r"responses collected</th>\s*<td[^>]*>([\d,]+)", self._report()[1])
        return int(found[1].replace(",", "")) if found else 0

    def _report(self) -> tuple[str, str]:
        path, page = self._browser.get(STUDIES)
        if "/login/" in path:
            fields = {"username": "researcher", "password": self._password, "next": STUDIES}
            _, page = self._browser.post(path, page, **fields)
        rows = re.findall(r'<a href="/admin/annotations/study/(\d+)/change/[^"]*">([^<]+)</a>', page)
        number = next((number for number, name in rows if unescape(name) == self._study), None)
        return self._browser.get(f"/evaluation/studies/{number}/report/") if number else ("", "")
