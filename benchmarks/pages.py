"""Every address of the site that answers GET, from the URL configuration, with arguments out of a site's
rows; and the pages that ask before they change something.

An address that is not known here is an error, so that no page escapes the test and the benchmark, which visit
all.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, get_resolver

from annotations.admin.buttons import CONFIRMATIONS
from benchmarks.page_arguments import admin_rows, arguments
from benchmarks.site_rows import Site

# Not visited, and why.
EXCLUDED = {
    "account/recovery-codes/recovery-codes.txt": "POST only",
    "account/second-factor/begin/": "POST only",
    "admin/autocomplete/": "no form of ours asks it",
    "admin/logout/": "POST only",
    "admin/(?P<url>.*)$": "answers what is no address",
    "admin/annotations/study/<int:pk>/state/<str:change>/": "POST only; its questions are visited",
    "evaluation/exports/<int:pk>/responses.csv": "a file's bytes, as many as the study is large",
    "evaluation/studies/<int:study_pk>/analyses/<slug:key>/refresh/": "POST only",
    "evaluation/runs/<int:run_pk>/analyses/<slug:key>/refresh/": "POST only",
    "work/<str:label>/<int:pk>/cancel/": "POST only",
    "work/<str:label>/<int:pk>/again/": "POST only",
    "generation/runs/<int:pk>/retry/": "POST only",
    "generation/runs/<int:pk>/cancel/": "POST only",
    "projects/<int:pk>/rename/": "POST only",
    "projects/<int:pk>/archive/": "POST only",
    "projects/<int:pk>/restore/": "POST only",
    "projects/<int:pk>/leave/": "POST only",
    "projects/<int:pk>/invite/": "POST only",
    "projects/<int:pk>/members/<int:member_pk>/": "POST only",
    "projects/<int:pk>/members/<int:member_pk>/remove/": "POST only",
    "projects/<int:pk>/invitations/<int:invitation_pk>/revoke/": "POST only",
    "studies/<int:pk>/codes/entry-codes.csv": "POST only",
    "studies/<int:pk>/codes/revoke/": "POST only",
    "studies/<int:pk>/retention/": "POST only",
    "studies/<int:pk>/erase/": "POST only",
    "studies/<int:pk>/languages/<str:tag>/remove/": "POST only",
    "s/<slug:slug>/language/": "POST only",
    "s/<slug:slug>/next/": "POST only",
    "s/<slug:slug>/keep/": "POST only",
    "s/<slug:slug>/assignments/<int:pk>/decline/": "POST only",
    "s/<slug:slug>/assignments/<int:pk>/extend/": "POST only",
}
OF_EVERYBODY = ("", "admin/login/")
HTMX = {"HTTP_HX_REQUEST": "true"}
PLACEHOLDER = re.compile(r"<(?:\w+:)?\w+>")
ROW_PAGE = re.compile(r"admin/(\w+)/(\w+)/<(?:path:object_id|id)>/(?:\w+/)?")


@dataclass(frozen=True)
class Page:
    """`name` is the same whatever is in the database. `who` is one of the site's browsers; `posted` is posted
    instead of asking by GET."""

    name: str
    address: str
    who: str = "researcher"
    headers: dict[str, str] = field(default_factory=dict)
    posted: dict[str, Any] | None = None

    def visit(self, site: Site) -> HttpResponse:
        browser = site.browsers[self.who]
        if self.posted is not None:
            return browser.post(self.address, self.posted, **self.headers)
        answer = browser.get(self.address, **self.headers)
        if answer.streaming:
            answer.getvalue()  # as a browser that reads to the end
        return answer


class UnknownAddressError(LookupError):
    def __init__(self, route: str):
        super().__init__(
            f"The address {route!r} is new: say in benchmarks/page_arguments.py what to put in for its "
            "arguments, or in benchmarks/pages.py why it is not visited."
        )


def every_page(site: Site) -> Iterator[Page]:
    for route, pattern in routes():
        if route not in EXCLUDED:
            yield from _pages(route, pattern, site)
    yield from admin_questions(site)
    for model, model_admin in admin.site._registry.items():
        yield from admin_lists(model, model_admin, site.researcher)


def routes(patterns=None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            yield route, pattern
        else:
            yield from routes(pattern.url_patterns, route)


def _pages(route: str, pattern: URLPattern, site: Site) -> Iterator[Page]:
    if pattern.name == "app_list":
        labels = {model._meta.app_label for model in admin.site._registry}
        yield from (Page(f"admin/{label}/", f"/admin/{label}/") for label in sorted(labels))
    elif not PLACEHOLDER.search(route):
        for who in ("researcher", "stranger") if route in OF_EVERYBODY else ("researcher",):
            yield Page(f"{route} as {who}", f"/{route}", who)
    elif row_page := ROW_PAGE.fullmatch(route):
        for name, row in admin_rows(apps.get_model(*row_page.groups()), site):
            yield Page(f"{route} of {name}", filled(route, (row.pk,)))
    else:
        yield from _pages_with_arguments(route, site)


def _pages_with_arguments(route: str, site: Site) -> Iterator[Page]:
    known = arguments(site)
    if route not in known:
        raise UnknownAddressError(route)
    for each in known[route]:
        for who in each.who:
            asked = each.query.partition("=")[0]
            yield Page(
                f"{route}{asked} of {each.name} as {who}",
                f"{filled(route, each.values)}{each.query}",
                who,
                HTMX if each.query else {},
            )


def filled(route: str, values: Sequence[Any]) -> str:
    rest = iter(values)
    return "/" + PLACEHOLDER.sub(lambda _: str(next(rest)), route)


def admin_questions(site: Site) -> Iterator[Page]:
    """What is asked before a study's state is changed for good."""
    for state, change in CONFIRMATIONS:
        address = f"/admin/annotations/study/{site.studies[state].pk}/state/{change}/"
        yield Page(f"whether to {change} the {state} study", address, posted={})


def admin_lists(model: type[Model], model_admin: admin.ModelAdmin, researcher: User) -> Iterator[Page]:
    """A list in the admin: by each of its filters, searched, sorted by each column, its second page, and the
    question before what is selected is deleted."""
    name = f"list of {model._meta.verbose_name_plural}"
    address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    request = RequestFactory().get(address)
    request.user = researcher
    shown = model_admin.get_changelist_instance(request)
    for each in shown.filter_specs:
        *_, last = each.choices(shown)
        yield Page(f"{name} by {each.title}", f"{address}{last['query_string']}")
    for column in range(1, len(shown.list_display)):
        by = shown.list_display[column]
        yield Page(f"{name} sorted by {getattr(by, '__name__', by)}", f"{address}?o=-{column}")
    if shown.search_fields:
        yield Page(f"{name}, searched", f"{address}?q=a")
    if shown.multi_page:
        yield Page(f"{name}, second page", f"{address}?p=2")
    if "delete_selected" in model_admin.get_actions(request):
        selected = [row.pk for row in shown.result_list]
        posted = {"action": "delete_selected", "_selected_action": selected}
        yield Page(f"whether to delete a {name}", address, posted=posted)
