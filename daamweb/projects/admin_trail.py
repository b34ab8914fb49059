"""An admin that overwrites nothing unseen, writes what it does into the one trail, and shows that on every
row's page.

Django's own log of the admin is not written: what commands and workers do would be missing in it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import CheckboxInput, ModelForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse

from daamweb.projects.conflicts import conflict_context
from daamweb.projects.errors import EditRefusedError, NotEditableError
from daamweb.projects.history import page_of
from daamweb.projects.lost import GONE, NOT_YOURS, came_from_a_form, lost_page
from daamweb.projects.models import Event
from daamweb.projects.roles import project_paths
from daamweb.projects.selectors import trail_of, visible_events
from daamweb.projects.services.editing import EditConflictError, edit_row
from daamweb.projects.services.rows import delete_row, make_row
from daamweb.projects.shown import Shown, shown_in, shown_of
from daamweb.requests import current_user

EVENTS_ON_PAGE = 10


class RowForm(ModelForm):
    """Bound a second time where the service refused what was typed, to show it with the reason."""

    refusal: EditRefusedError | EditConflictError | None = None

    def __init__(self, data: QueryDict | None = None, *args: Any, **kwargs: Any):
        super().__init__(data, *args, **kwargs)
        if data is not None and isinstance(self.refusal, EditConflictError):
            self.data = self._with_what_is_stored(data.copy(), self.refusal)

    def _with_what_is_stored(self, data: QueryDict, conflict: EditConflictError) -> QueryDict:
        """Where nobody typed, so that saving once more brings nothing back that somebody else changed."""
        for name in conflict.left_alone:
            field, key = self.fields[name], self.add_prefix(name)
            if isinstance(field.widget, CheckboxInput):
                data.pop(key, None)
                data.update({key: "on"} if conflict.typed[name] else {})
            else:
                data[key] = field.widget.format_value(field.prepare_value(conflict.typed[name])) or ""
        return data

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if isinstance(self.refusal, EditRefusedError):
            self.add_error(self.refusal.field, str(self.refusal))
        elif self.refusal is not None:
            self.add_error(None, str(self.refusal))
        return data


class TrailAdmin(admin.ModelAdmin):
    form = RowForm
    change_form_template = "admin/trail_change_form.html"

    def edit(self, *, row: Model, typed: dict[str, Any], shown: Shown, by: Any) -> None:
        """The service that stores a form of a row that is there."""
        edit_row(row=row, typed=typed, shown=shown, by=by)

    def make(self, *, row: Model, by: Any) -> None:
        """The service that stores a new row."""
        make_row(row=row, by=by)

    def save_model(self, request: HttpRequest, row: Model, form: ModelForm, change: bool) -> None:
        if not change:
            self.make(row=row, by=current_user(request))
            return
        typed = {name: form.cleaned_data[name] for name in editable(form)}
        self.edit(row=row, typed=typed, shown=shown_in(request.POST), by=current_user(request))

    def delete_model(self, request: HttpRequest, row: Model) -> None:
        delete_row(row=row, by=current_user(request))

    def delete_queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        for row in rows:
            self.delete_model(request, row)

    def log_addition(self, request, row, message):
        """Written down by the service that made it."""

    def log_change(self, request, row, message):
        """Written down by the service that changed it."""

    def log_deletions(self, request, rows):
        """Written down by the service that deleted them."""

    # --- the form, and what becomes of it ------------------------------------------------------------------

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if object_id is None or request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        row = self.get_object(request, unquote(object_id))
        if row is None:
            if came_from_a_form(request):
                return lost_page(request, GONE, status=404)
            return super().changeform_view(request, object_id, form_url, extra_context)
        if came_from_a_form(request) and not self.has_change_permission(request, row):
            return self.lost(request, row, NOT_YOURS, status=403)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except NotEditableError as error:
            return self.lost(request, row, str(error), status=409)
        except (EditRefusedError, EditConflictError) as error:
            request.refusal = error
        try:
            response = super().changeform_view(request, object_id, form_url, extra_context)
        except NotEditableError as error:  # that quickly
            return self.lost(request, row, str(error), status=409)
        if response.status_code == 200:  # and the row did not vanish meanwhile
            response.status_code = 409 if isinstance(request.refusal, EditConflictError) else 422
        return response

    def lost(self, request: HttpRequest, row: Model, reason: str, *, status: int) -> HttpResponse:
        """What was typed can be copied; who may still look at the row is told what was done with it."""
        events = self.events_of(request, row) if self.has_view_permission(request, row) else None
        since = [] if events is None else events.filter(pk__gt=shown_in(request.POST).event)[:EVENTS_ON_PAGE]
        back = request.path if self.has_view_permission(request, row) else ""
        return lost_page(request, reason, status=status, events=since, back=back)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        if change and request.method == "POST" and set(shown_in(request.POST).hashes) - set(form.base_fields):
            raise NotEditableError(self.why_frozen(obj))
        form.refusal = getattr(request, "refusal", None)  # type: ignore[attr-defined]
        return form

    def why_frozen(self, row: Model) -> str:
        """Why something of a row cannot be edited that could be when its form was made."""
        return f"Some of what you edited of “{row}” is in use by now, and cannot be changed any more."

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context |= self.trail_context(request, obj)
            context |= self.edit_context(request, obj, context["adminform"].form)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def edit_context(self, request: HttpRequest, row: Model, form: ModelForm) -> dict[str, Any]:
        """What the form carries of how the row was; after a conflict, how it is by now."""
        refusal = getattr(request, "refusal", None)
        if not editable(form):
            return {}
        if isinstance(refusal, EditConflictError):
            return {**conflict_context(refusal, request.user), "shown": refusal.now, "errors": []}
        if request.method == "POST":  # of what was typed, something is to be mended
            return {"shown": shown_in(request.POST)}
        return {"shown": shown_of(row, editable(form))}

    # --- what was done -------------------------------------------------------------------------------------

    def events_of(self, request: HttpRequest, row: Model) -> QuerySet[Event] | None:
        """None where this user is not told what was done with the row."""
        if not project_paths(self.model) and not current_user(request).is_superuser:
            return None
        return visible_events(trail_of(row), request.user)

    def trail_context(self, request: HttpRequest, row: Model) -> dict[str, Any]:
        events = self.events_of(request, row)
        if events is None:
            return {}
        shown = list(events[: EVENTS_ON_PAGE + 1])
        return {"events": shown[:EVENTS_ON_PAGE], "more_events": len(shown) > EVENTS_ON_PAGE}

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None):
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        events = self.events_of(request, row) if self.has_view_permission(request, row) else None
        if events is None:
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"What was done with {row}",
            "opts": self.opts,
            "object": row,
            **page_of(request, events),
        }
        return TemplateResponse(request, "admin/trail.html", context)


def editable(form: ModelForm) -> list[str]:
    """The row's fields that the form has, and that can be typed into."""
    fields = {field.name for field in form._meta.model._meta.fields}
    return [name for name, field in form.fields.items() if name in fields and not field.disabled]
