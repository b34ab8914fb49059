"""Every address with its own arguments, out of a project's rows."""

from collections.abc import Iterator

from django.apps import apps
from django.contrib import admin

from annotations.models import Study
from benchmarks.page_arguments import admin_rows, arguments
from benchmarks.pages import PLACEHOLDER, ROW_PAGE, UnknownAddressError, filled
from benchmarks.site_rows import Site


def addresses(route: str, site: Site) -> Iterator[str]:
    """Raises UnknownAddressError for a new one whose arguments nobody said."""
    if "(?P<app_label>" in route:
        labels = {model._meta.app_label for model in admin.site._registry}
        yield from (f"/admin/{label}/" for label in sorted(labels - {"auth"}))
    elif "(?P<url>" in route:
        yield "/admin/nothing/here/"
    elif not PLACEHOLDER.search(route):
        yield f"/{route}"
    elif row_page := ROW_PAGE.fullmatch(route):
        yield from (filled(route, (pk,)) for pk in _rows(route, *row_page.groups(), site))
    elif route not in (known := arguments(site)):
        raise UnknownAddressError(route)
    else:
        found = {f"{filled(route, each.values)}{each.query}" for each in known[route]}
        # Of annotators' pages those of the study that takes answers.
        yield from sorted(found if route != "s/<slug:slug>/" else {site.study.get_absolute_url()})


def _rows(route: str, app: str, name: str, site: Site) -> set[int]:
    model = apps.get_model(app, name)
    if model is not Study:
        _, row = admin_rows(model, site)[-1]
        return {row.pk}
    draft = site.studies[Study.State.DRAFT].pk
    return {draft} if "/delete/" in route else {draft, site.study.pk}
