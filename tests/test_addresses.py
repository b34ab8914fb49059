"""Whatever address a page names is one that this site serves, to whoever is shown it."""

from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from django.contrib.staticfiles import finders

from benchmarks.pages import every_page
from benchmarks.site_rows import Site, make_site

pytestmark = pytest.mark.django_db

HERE = "http://localhost"
NAMING = (
    "href",
    "src",
    "action",
    "formaction",
    "hx-get",
    "hx-post",
    "data-preload",
    "data-keep",
    "data-extend",
)


class Addresses(HTMLParser):
    """Those that a page names, in whatever attribute."""

    def __init__(self, page: str):
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in NAMING and value:
                self.found.update(value.split())


def named_addresses(site: Site) -> Iterator[tuple[str, str, str]]:
    """Who is shown an address, on which page, and the address; those that differ in the values of their query
    alone are named once."""
    known = set()
    for page in every_page(site):
        answer = page.visit(site)
        if not answer.headers["Content-Type"].startswith("text/html") or answer.streaming:
            continue
        for named in sorted(Addresses(answer.text).found):
            address = urlsplit(urljoin(f"{HERE}{page.address}", named))
            query = tuple(name for name, _ in parse_qsl(address.query, keep_blank_values=True))
            if (page.who, address.scheme, address.netloc, address.path, query) not in known:
                known.add((page.who, address.scheme, address.netloc, address.path, query))
                yield page.who, page.name, address._replace(fragment="").geturl()


def is_served(site: Site, who: str, address: str) -> bool:
    path = address.removeprefix(HERE)
    if path.startswith("/static/"):
        return finders.find(path.removeprefix("/static/")) is not None
    answer = site.browsers[who].get(path)
    if answer.streaming:
        answer.getvalue()
    # A form's address answers 405; a study that takes nothing, 403 or 410.
    return answer.status_code < 500 and answer.status_code != 404


def test_every_address_that_a_page_names_is_served():
    site = make_site(12)
    named = list(named_addresses(site))
    assert len(named) > 300
    elsewhere = [each for each in named if not each[2].startswith(f"{HERE}/")]
    assert elsewhere == []
    assert [each for each in named if not is_served(site, each[0], each[2])] == []


def test_an_address_is_found_in_whatever_names_it():
    page = """<a href="/a/">a</a><img src='b.png'><form action="?c=1"><button formaction=/d/ hx-get="/e/">
    <form data-preload="/f /g" data-keep="/h/"><input value="/no/"><p title="/no/">"""
    assert Addresses(page).found == {"/a/", "b.png", "?c=1", "/d/", "/e/", "/f", "/g", "/h/"}


def test_what_nothing_serves_is_found():
    site = make_site(4)
    served = {
        "/": True,
        "/static/css/daamweb.css": True,
        "/static/css/no.css": False,
        "/media/generations/1.png": False,
        "/admin/logout/": True,
    }
    assert {path: is_served(site, "researcher", f"{HERE}{path}") for path in served} == served
