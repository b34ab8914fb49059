"""Forms in the admin that call a service instead of saving a row themselves."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.views.generic import FormView

from daamweb.projects.admin_base import MembersAdmin
from daamweb.projects.selectors import may_somewhere


class ServiceFormView(FormView):
    """A form page in the admin.

    Subclasses give `title`, `form_class`, `model` and `errors`, and call their service in `perform`; what the
    service refuses is shown on the form, with everything typed still in it. There is no transaction around
    it: a service keeps its own as short as it can be.
    """

    template_name = "admin/service_form.html"
    title = ""
    submit_label = "Save"
    model: type[models.Model]
    errors: tuple[type[Exception], ...] = (ValueError,)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_somewhere(request.user, "add", self.model):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form offers what this user may work with."""
        return {**super().get_form_kwargs(), "user": self.request.user}

    def perform(self, data: dict[str, Any]) -> models.Model:
        """Call the service; return the row whose page is shown next."""
        raise NotImplementedError(f"{type(self).__name__} has no perform()")

    def form_valid(self, form):
        try:
            row = self.perform(form.cleaned_data)
        except self.errors as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, self.message_for(row))
        return HttpResponseRedirect(self.address_of(row) or self._next_address(row))

    def message_for(self, row: models.Model) -> str:
        return f"{str(self.model._meta.verbose_name).capitalize()} “{row}” was made."

    def address_of(self, row: models.Model) -> str | None:
        """Of the page that is shown next; None: the row's in the admin."""
        return None

    def _next_address(self, row: models.Model) -> str:
        """The row's page, or the admin's first for those who may make rows and not look at them."""
        may_look = admin.site.get_model_admin(self.model).has_view_permission(self.request, row)
        return change_address(row) if may_look else reverse("admin:index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        form = context["form"]
        return {
            **admin.site.each_context(self.request),
            **context,
            "title": self.title,
            "submit_label": self.submit_label,
            "opts": self.model._meta,
            # Django's own template for the fields of a form in the admin
            "adminform": AdminForm(form, [(None, {"fields": list(form.fields)})], {}),
        }


class ServiceAdmin(MembersAdmin):
    """An admin whose rows are made by services: `service_forms` maps an address to its form page."""

    service_forms: dict[str, type[ServiceFormView]] = {}
    change_list_template = "admin/service_change_list.html"
    change_form_template = "admin/service_change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def waits_for(self, row: Any) -> models.Model | None:
        """Leased work that the row's page shows, while somebody waits for it or since it failed."""
        return None

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        shown = {**context, "work": self.waits_for(obj) if obj is not None else None}
        return super().render_change_form(request, shown, add, change, form_url, obj)

    def get_urls(self):
        options = self.model._meta
        own = [
            path(
                f"{address}/",
                self.admin_site.admin_view(view.as_view()),
                name=f"{options.app_label}_{options.model_name}_{address}",
            )
            for address, view in self.service_forms.items()
        ]
        return own + super().get_urls()

    def changelist_view(self, request, extra_context=None):
        tools = [
            {"address": f"{address}/", "title": view.title}
            for address, view in self.service_forms.items()
            if may_somewhere(request.user, "add", view.model)
        ]
        title = str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(
            request, {"title": title, **(extra_context or {}), "service_tools": tools}
        )


def change_address(row: models.Model) -> str:
    """The admin page of a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def report_outcome(request: HttpRequest, act: Callable[[], str], *errors: type[Exception]) -> None:
    """Do something for a button and show what came of it."""
    try:
        messages.success(request, act())
    except errors as error:
        messages.error(request, str(error))
