"""The admin of rows that belong to projects: whoever is not in a row's project does not find it there."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from daamweb.admin_lists import BoundedPaginator
from daamweb.projects.admin_trail import TrailAdmin
from daamweb.projects.selectors import allowed, may, may_somewhere, sees_several, visible_to


class MembersAdmin(TrailAdmin):
    """Lists, pages, histories and actions hold what the user may see; rights are asked row by row."""

    paginator = BoundedPaginator
    show_full_result_count = False  # it would count all

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return visible_to(super().get_queryset(request), request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add", None)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, "delete", obj)

    def _may(self, request: HttpRequest, verb: str, obj: Model | None) -> bool:
        if obj is None:
            return may_somewhere(request.user, verb, self.model)
        return may(request.user, verb, obj)

    def check_all(self, request: HttpRequest, rows: QuerySet[Any], verb: str) -> None:
        """For what is done with rows that were ticked. Raises PermissionDenied unless it may be done with
        each of them."""
        if rows.exclude(pk__in=allowed(self.model._default_manager.all(), request.user, verb)).exists():
            raise PermissionDenied

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Not by what refers to a row: that may be another project's, or single persons'."""
        first, _, _ = lookup.partition("__")
        referring = {each.name for each in self.opts.related_objects}
        return first not in referring and super().lookup_allowed(lookup, value, request)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """With the project, for those who see several."""
        first, *others = super().get_list_display(request)
        return [first, "project", *others] if self._shows_project(request) else [first, *others]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = list(super().get_list_filter(request))
        return [("project", VisibleRelatedFilter), *filters] if self._shows_project(request) else filters

    def get_list_select_related(self, request: HttpRequest) -> Any:
        related = super().get_list_select_related(request)
        if self._shows_project(request) and isinstance(related, (list, tuple)):
            return [*related, "project"]
        return related

    def _shows_project(self, request: HttpRequest) -> bool:
        has_field = any(field.name == "project" for field in self.model._meta.fields)
        return has_field and sees_several(request.user)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        kwargs["queryset"] = visible_to(db_field.related_model._default_manager.all(), request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class LookOnlyAdmin(MembersAdmin):
    """Rows that nobody makes, changes or deletes by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class VisibleRelatedFilter(admin.RelatedFieldListFilter):
    """Offers the related rows that the user may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin):
        visible = visible_to(field.related_model._default_manager.all(), request.user)
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to={"pk__in": visible.values("pk")}
        )
