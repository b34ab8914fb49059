"""No page asks the database more the larger the study is: every address that answers GET, at two sizes."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import path

from benchmarks import pages
from benchmarks.page_arguments import Arguments, arguments
from benchmarks.pages import EXCLUDED, Page, UnknownAddressError, every_page, filled, routes
from benchmarks.site_rows import Site, make_site

pytestmark = pytest.mark.django_db
MOST_QUERIES = 20
SMALL, LARGE = 60, 600  # tasks
AROUND = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
# What is made and kept by services alone, studies that take no answers, and turns of other browsers.
REFUSED = re.compile(
    r"admin/.+/(add|delete)/|s/<slug:slug>/ of the (paused|closing|closed) study"
    r"|s/<slug:slug>/assignments/.* as researcher"
)


def queries_of(page: Page, site: Site) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = page.visit(site)
    allowed = {200, 302, 403, 410} if REFUSED.match(page.name) else {200, 302}
    assert answer.status_code in allowed, f"{page.name} answers {answer.status_code}"
    return sum(not query["sql"].startswith(AROUND) for query in captured.captured_queries)


def count_queries(tasks: int) -> dict[str, int]:
    """Of every page of a site of that size: its name → queries."""
    site = make_site(tasks, name=f"site of {tasks}")
    # Read once in a process's life.
    ContentType.objects.get_for_models(*apps.get_models())
    return {page.name: queries_of(page, site) for page in every_page(site)}


def test_every_page_asks_little_and_as_much_at_any_size():
    small, large = count_queries(SMALL), count_queries(LARGE)
    assert len(large) > 200
    assert set(small) <= set(large)  # some lists have a second page by then
    too_many = {name: queries for name, queries in large.items() if queries > MOST_QUERIES}
    assert too_many == {}
    grown = {name: (small[name], large[name]) for name in small if small[name] != large[name]}
    assert grown == {}


def test_a_page_asks_little_of_what_a_member_may():
    """Of a superuser nobody asks what they may do."""
    site = make_site(SMALL)
    too_many = {}
    for page in every_page(site):
        if page.who == "researcher":
            with CaptureQueriesContext(connection) as captured:
                answer = replace(page, who="member").visit(site)
            assert answer.status_code in (200, 302, 403, 404, 410), page.name  # some are superusers’ alone
            if len(captured) > MOST_QUERIES:
                too_many[page.name] = len(captured)
    assert too_many == {}


def test_pages_have_names_of_their_own():
    names = Counter(page.name for page in every_page(make_site(SMALL)))
    assert [name for name, times in names.items() if times > 1] == []


def test_a_new_address_has_to_say_what_it_is_given(monkeypatch):
    site = make_site(SMALL)
    new = ("s/<slug:slug>/prizes/<int:pk>/", path("", lambda request: None))
    monkeypatch.setattr(pages, "routes", lambda: [new])
    with pytest.raises(UnknownAddressError, match=r"'s/<slug:slug>/prizes/<int:pk>/' is new: say in"):
        list(every_page(site))


def test_what_is_left_out_is_there():
    assert set(EXCLUDED) <= {route for route, _ in routes()}


def test_what_is_left_out_as_post_only_answers_no_get():
    site = make_site(SMALL)
    known = arguments(site) | {route: [Arguments(())] for route in EXCLUDED if "<" not in route}
    for route, reason in EXCLUDED.items():
        if reason.startswith("POST only"):
            for each in known[route]:
                address = filled(route, each.values)
                assert site.browsers["researcher"].get(address).status_code == 405, address
