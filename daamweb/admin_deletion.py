"""What the admin says before a row is deleted: how much goes with it, counted. Django's own page lists every
row that goes, or that stands in the way, and reads them all for it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models.deletion import (
    CASCADE,
    PROTECT,
    RESTRICT,
    ProtectedError,
    get_candidate_relations_to_delete,
)
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


class CountedDeletion(admin.ModelAdmin):
    """Rows are deleted one by one, each on its own page, by a service that has a transaction of its own."""

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Not in one transaction, as Django does it: on SQLite nobody else could write while it counts."""
        try:
            return self._delete_view(request, object_id, extra_context)  # type: ignore[attr-defined]
        except ProtectedError:
            messages.error(request, "Nothing was deleted: something came to need it meanwhile.")
            return redirect(request.get_full_path())

    def get_actions(self, request: HttpRequest):
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_deleted_objects(self, objs: Sequence[Any] | models.QuerySet[Any], request: HttpRequest):
        going: Counter[type[models.Model]] = Counter()
        kept_by: Counter[type[models.Model]] = Counter()
        for row in objs:
            _count_dependents(self.model._base_manager.filter(pk=row.pk), going, kept_by)
        listed = [*map(str, objs), *_in_words(going)]
        counts = {model._meta.verbose_name_plural: count for model, count in going.items()}
        registered = {model: self.admin_site._registry.get(model) for model in going}
        forbidden = {
            model._meta.verbose_name
            for model, model_admin in registered.items()
            if model_admin is not None and not model_admin.has_delete_permission(request)
        }
        own = {self.opts.verbose_name_plural: len(objs)}
        return listed, {**own, **counts}, forbidden, _in_words(kept_by)


def _count_dependents(
    rows: models.QuerySet[Any], going: Counter[type[models.Model]], kept_by: Counter[type[models.Model]]
) -> None:
    """What would be deleted with the rows, and what protects them: one query for each relation."""
    for relation in get_candidate_relations_to_delete(rows.model._meta):
        if not isinstance(relation, ForeignObjectRel):
            continue
        model = relation.related_model
        if model is rows.model or relation.on_delete not in (CASCADE, PROTECT, RESTRICT):
            continue
        found = model._base_manager.filter(**{f"{relation.field.name}__in": rows.values("pk")})
        count = found.count()
        if count and relation.on_delete is CASCADE:
            going[model] += count
            _count_dependents(found, going, kept_by)
        elif count:
            kept_by[model] += count


def _in_words(counts: Counter[type[models.Model]]) -> list[str]:
    return [
        f"{count} {model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural}"
        for model, count in counts.items()
    ]
