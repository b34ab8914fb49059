"""Every address of the site that answers GET, from the URL configuration, with arguments out of a site's rows; and
the pages that ask before they change something.

An address that is not known here is an error, so that no page escapes the test and the benchmark that visit all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, get_resolver

from annotations.admin import CONFIRMATIONS
from annotations.models import Assignment, Study
from benchmarks.site_rows import Site

# Not visited, and why.
EXCLUDED = {
    "admin/autocomplete/": "no form of ours asks it",
    "admin/logout/": "POST only",
    "admin/(?P<url>.*)$": "answers what is no address",
    "admin/annotations/study/<int:pk>/state/<str:change>/": "POST only; its questions are visited",
    "evaluation/studies/<int:study_pk>/responses.csv": "a stream, as long as the study is large",
    "evaluation/studies/<int:study_pk>/report/refresh/": "POST only",
    "generation/runs/<int:pk>/retry/": "POST only",
    "s/<slug:slug>/next/": "POST only",
    "s/<slug:slug>/keep/": "POST only",
}
HTMX = {"HTTP_HX_REQUEST": "true"}
PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Page:
    """`who`: the name of one of the site's browsers; `posted`: what is posted, of a page that asks a question."""

    address: str
    who: str = "researcher"
    headers: dict[str, str] = field(default_factory=dict)
    posted: dict[str, Any] | None = None

    def __str__(self):
        question = f" asked by {sorted(self.posted.items())}" if self.posted is not None else ""
        return f"{self.address} as {self.who}{' by htmx' if self.headers else ''}{question}"

    def visit(self, site: Site) -> HttpResponse:
        browser = site.browsers[self.who]
        if self.posted is not None:
            return browser.post(self.address, self.posted, **self.headers)
        answer = browser.get(self.address, **self.headers)
        if answer.streaming:
            answer.content = b"".join(answer)
        return answer


class UnknownAddress(LookupError):
    def __init__(self, route: str):
        super().__init__(
            f"The address {route!r} is new: say in benchmarks/pages.py what to put in for its arguments, or why it "
            "is not visited."
        )


def every_page(site: Site) -> Iterator[Page]:
    for route, pattern in routes():
        if route not in EXCLUDED:
            yield from _pages(route, pattern, site)
    for (state, change), _ in CONFIRMATIONS.items():
        study = site.studies[state]
        yield Page(f"/admin/annotations/study/{study.pk}/state/{change}/", posted={})
    for model, model_admin in admin.site._registry.items():
        yield from _lists(model, model_admin, site)


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
        yield from (Page(f"/admin/{label}/") for label in sorted(labels))
        return
    names = PLACEHOLDER.findall(route)
    if not names:
        everybody = ("stranger", "researcher") if route in ("", "admin/login/") else ("researcher",)
        yield from (Page(f"/{route}", who) for who in everybody)
        return
    of_model = re.fullmatch(r"admin/(\w+)/(\w+)/<(?:path:object_id|id)>/(?:\w+/)?", route)
    if of_model:
        yield from (Page(_filled(route, [row.pk])) for row in _rows(*of_model.groups(), site))
        return
    if route not in (known := _arguments(site)):
        raise UnknownAddress(route)
    for found in known[route]:
        *arguments, page = found if isinstance(found[-1], Page) else (*found, Page(""))
        yield Page(f"{_filled(route, arguments)}{page.address}", page.who, page.headers)


def _filled(route: str, arguments: list) -> str:
    values = iter(arguments)
    return "/" + PLACEHOLDER.sub(lambda _: str(next(values)), route)


def _rows(app_label: str, model_name: str, site: Site) -> list[Model]:
    """The rows whose pages in the admin are visited: the last one, and of studies one in each state."""
    model = next(each for each in admin.site._registry if each._meta.label_lower == f"{app_label}.{model_name}")
    if model is Study:
        return list(site.studies.values())
    rows = [model._base_manager.order_by("pk").last(), getattr(site, model_name, None)]
    if model_name == "generationrun":
        rows.append(site.run)
    return [row for row in rows if row is not None]


def _arguments(site: Site) -> dict[str, list[tuple]]:
    """Of every other address, in order; and as the last one, where it is not the researcher's own plain page, what
    comes after the address and who looks."""
    study, draft = site.study, site.studies[Study.State.DRAFT]
    generation = site.run.generations.order_by("pk").last()
    task = study.tasks.select_related("generation").last()
    image, heat_maps = task.generation.image_sha256, task.generation.heat_maps_sha256
    held, answered = site.turn(Assignment.State.CLAIMED), site.turn(Assignment.State.SUBMITTED)
    everybody = [Page("", who) for who in site.browsers]
    taking_part = [Page("", who) for who in ("researcher", "annotator")]
    return {
        "admin/r/<path:content_type_id>/<path:object_id>/": [
            (ContentType.objects.get_for_model(Study).pk, study.pk)
        ],
        "generation/runs/<int:pk>/": [(site.run.pk,), (site.run.pk, Page("?page=2", headers=HTMX))],
        "generation/images/<int:pk>/": [(generation.pk,)],
        "generation/images/<int:pk>/image.png": [(generation.pk,)],
        "generation/images/<int:pk>/overlays/<int:word_pk>.webp": [
            (generation.pk, generation.prompt.words.last().pk)
        ],
        "evaluation/studies/<int:study_pk>/report/": [
            (study.pk,),
            (draft.pk,),
            (study.pk, Page(f"?waiting={site.report.pk}", headers=HTMX)),
        ],
        "evaluation/studies/<int:study_pk>/codebook.csv": [(study.pk,)],
        "evaluation/reports/<int:pk>/figures/<slug:name>.svg": [(site.report.pk, _figure(site))],
        "s/<slug:slug>/": [
            (each.slug, page)
            for each in site.studies.values()
            if each.plan_id is not None
            for page in everybody
        ],
        "s/<slug:slug>/instructions/": [(study.slug, page) for page in everybody],
        "s/<slug:slug>/waiting/": [(study.slug, page) for page in everybody],
        "s/<slug:slug>/thanks/": [(study.slug, page) for page in everybody],
        "s/<slug:slug>/assignments/<int:pk>/": [
            (study.slug, turn.pk, page) for turn in (held, answered) for page in taking_part
        ],
        "s/<slug:slug>/tasks/<int:pk>/<slug:sha256>/image": [
            (study.slug, task.pk, image, page) for page in taking_part
        ],
        "s/<slug:slug>/tasks/<int:pk>/<slug:sha256>/overlay": [
            (study.slug, task.pk, heat_maps, page) for page in taking_part
        ],
    }


def _figure(site: Site) -> str:
    return next(
        figure["name"] for section in site.report.document["sections"] for figure in section["figures"]
    )


def _lists(model: type[Model], model_admin: ModelAdmin, site: Site) -> Iterator[Page]:
    """A list in the admin: filtered by each of its filters, searched, sorted by each column, its second page, and
    the question before what is selected is deleted."""
    address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    request = RequestFactory().get(address)
    request.user = get_user(site)
    shown = model_admin.get_changelist_instance(request)
    for each in shown.filter_specs:
        *_, last = each.choices(shown)
        yield Page(f"{address}{last['query_string']}")
    if shown.search_fields:
        yield Page(f"{address}?q=a")
    for column in range(1, len(shown.list_display)):
        yield Page(f"{address}?o=-{column}")
    if shown.multi_page:
        yield Page(f"{address}?p=2")
    if "delete_selected" in model_admin.get_actions(request):
        selected = [row.pk for row in shown.result_list]
        yield Page(address, posted={"action": "delete_selected", "_selected_action": selected})


def get_user(site: Site):
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(pk=site.browsers["researcher"].session["_auth_user_id"])
