"""Use a running demo as a newcomer would, over HTTP: rate a task, ask for the report, find the answer in it.

python .ci/rate_demo.py LOG ADDRESS [PROCESS], where LOG is what `make demo` prints and PROCESS its id:
when that process ends before the site answers, nobody waits for it.
"""

import http.cookiejar
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from html import unescape
from pathlib import Path

START_SECONDS = 900  # the environment is built first
REPORT_SECONDS = 120


class Browser:
    """Cookies, redirects and Django's tokens."""

    def __init__(self, site: str):
        self.site = site
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> tuple[str, str]:
        return self._read(urllib.request.Request(urllib.parse.urljoin(self.site, path)))

    def post(self, path: str, page: str, **fields: str) -> tuple[str, str]:
        """Send the hidden fields of `page`, and `fields`."""
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        data = urllib.parse.urlencode({**{name: unescape(value) for name, value in hidden.items()}, **fields})
        address = urllib.parse.urljoin(self.site, path)
        return self._read(urllib.request.Request(address, data.encode(), {"Referer": address}))

    def _read(self, request: urllib.request.Request) -> tuple[str, str]:
        """The path in the end, and the page."""
        with self.opener.open(request, timeout=60) as response:
            return urllib.parse.urlsplit(response.url).path, response.read().decode()


def wait_for_site(site: str, process: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            Browser(site).get("/admin/login/")
        except (urllib.error.URLError, ConnectionError):
            if not process.exists():
                sys.exit("make demo ended before the site answered; its log is below.")
            if time.monotonic() > deadline:
                sys.exit(f"{site} did not answer within {START_SECONDS} seconds.")
            time.sleep(1)
        else:
            return


def rate_one_task(site: str, link: str) -> None:
    browser = Browser(site)
    path, page = browser.get(link)
    path, page = browser.post(path, page)  # consent
    assert path.endswith("/instructions/"), path
    path, page = browser.post(link + "next/", page)
    assert "/assignments/" in path, path
    following, page = browser.post(path, page, choice="4")
    assert following != path, "the answer was not taken"
    assert ">1 answered<" in page, "the progress does not count the answer"
    print(f"rated {path}")


def read_report(site: str, study_title: str, password: str) -> None:
    browser = Browser(site)
    path, page = browser.get("/admin/login/?next=/admin/annotations/study/")
    path, page = browser.post(
        path, page, username="researcher", password=password, next="/admin/annotations/study/"
    )
    assert path == "/admin/annotations/study/", f"the login failed: {path}"
    rows = re.findall(r'<a href="(/admin/annotations/study/\d+/change/[^"]*)">([^<]+)</a>', page)
    study = next(address for address, name in rows if unescape(name) == study_title)
    number = re.search(r"/study/(\d+)/", study).group(1)
    report = f"/evaluation/studies/{number}/report/"
    path, page = browser.get(report)
    browser.post(re.search(r'<form class="card" method="post" action="([^"]+)"', page).group(1), page)
    deadline = time.monotonic() + REPORT_SECONDS
    while not re.search(r"responses collected</th>\s*<td[^>]*>[1-9]", page):
        if time.monotonic() > deadline:
            sys.exit(f"The report did not show the answer within {REPORT_SECONDS} seconds.")
        time.sleep(1)
        path, page = browser.get(report)
    figure = re.search(r'src="(/evaluation/results/[^"]+\.svg)"', page).group(1)
    assert "<svg" in browser.get(figure)[1]
    print(f"{report} shows the answer, and its figure {figure}")


def main(log: Path, site: str, process: Path) -> None:
    wait_for_site(site, process)
    printed = log.read_text(encoding="utf-8")
    link = re.search(rf"Annotator\s+{re.escape(site)}(/s/[^/]+/)", printed).group(1)
    password = re.search(r"password (\S+)", printed).group(1)
    rate_one_task(site, link)
    read_report(site, "Demo: words and heat maps", password)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].rstrip("/"), Path("/proc", *sys.argv[3:]))
