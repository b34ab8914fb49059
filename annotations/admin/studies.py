"""A study's rows in the admin."""

from collections.abc import Callable
from functools import cache

from django.contrib import admin, messages
from django.db.models import Prefetch, TextField
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from annotations.admin.building import BuildStudyView
from annotations.admin.buttons import CHANGES, CONFIRMATIONS, outcome_of
from annotations.design import ACCESS_FIELDS, DESIGN_FIELDS, FROZEN_FIELDS, LANGUAGE_FIELDS
from annotations.errors import StudyError
from annotations.forms import FIELD_CLASSES
from annotations.models import Opening, Study, Verification
from annotations.selectors import with_progress
from annotations.services.closings import closing_outlook
from annotations.services.studies import delete_draft, edit_draft
from annotations.texts import languages_of
from daamweb.admin_forms import ServiceAdmin, change_address, report_outcome
from daamweb.fields import LinesField
from daamweb.links import Link, links_for
from daamweb.projects.selectors import get_allowed, trail_of
from daamweb.projects.shown import SEEN, shown_in, shown_of
from daamweb.requests import current_user

State = Study.State


@admin.register(Study)
class StudyAdmin(ServiceAdmin):
    service_forms = {"build": BuildStudyView}
    change_form_template = "admin/study_change_form.html"
    list_display = ["name", "kind", "run", "state", "progress", "created_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["run"]
    search_fields = ["name", "title"]
    always_read_only = (
        "state", "stops_everybody", "progress", "link", "kind", "run", "tasks_by_role", "options",
        "recipe", "left_out", "plan_hash", "deviations", "created_at", "opened_at", "closes_at", "closed_at",
    )  # fmt: skip
    fields = [
        "name", "state", "stops_everybody", "progress", "link", "title", "consent", "instructions",
        "replicas", "share_cap", "expected_annotators", "check_every", "lease_minutes", *ACCESS_FIELDS,
        *LANGUAGE_FIELDS, "kind", "run", "tasks_by_role", "options", "recipe", "left_out", "plan_hash",
        "deviations", "created_at", "opened_at", "closes_at", "closed_at",
    ]  # fmt: skip

    def get_queryset(self, request):
        being_opened = Prefetch("openings", Opening.objects.unfinished(), to_attr="being_opened")
        return with_progress(super().get_queryset(request)).prefetch_related(being_opened)

    def get_list_display(self, request):
        """What is offered for studies has a column each, before the last one."""
        *first, last = super().get_list_display(request)
        return [*first, *map(_column, links_for(Study, in_lists=True)), last]

    def get_object(self, request, object_id, from_field=None):
        """The study also knows its whole address, which only a request can tell."""
        study = super().get_object(request, object_id, from_field)
        if study is not None:
            study.address = request.build_absolute_uri(study.get_absolute_url())
        return study

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        """Shows what a worker does with the study; says why the last opening failed, as long as it is a
        draft."""
        last = obj.openings.first() if obj.state == State.DRAFT else None
        context["opening_error"] = last.error if last is not None else ""
        opened = obj.plan_id is not None
        verifying = Verification.objects.unfinished().filter(study=obj) if opened else ()
        context["waited_for"] = [
            *(("Opening", opening) for opening in obj.being_opened),
            *(("Held against its plan", verification) for verification in verifying),
        ]
        return super().render_change_form(request, context, add, change, form_url, obj)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """A browser ends lines in its own way; that is no edit. Nor is a tag in capitals."""
        if db_field.name in FIELD_CLASSES:
            kwargs["form_class"] = FIELD_CLASSES[db_field.name]
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(db_field, TextField):
            return LinesField(
                label=field.label, help_text=field.help_text, required=field.required, widget=field.widget
            )
        return field

    def get_readonly_fields(self, request, study=None):
        frozen = DESIGN_FIELDS if study and study.state != State.DRAFT else ()
        return (*self.always_read_only, *frozen)

    def why_frozen(self, study):
        return f"“{study.name}” is {study.get_state_display()}, and not a draft any more."

    def edit(self, *, row, typed, shown, by):
        edit_draft(study=row, typed=typed, shown=shown, by=by)

    def response_change(self, request, study):
        """“Freeze the plan and open” saves what was edited first, so that nothing typed is lost."""
        if "_open" in request.POST:
            return self.ask(request, study, "open")
        return super().response_change(request, study)

    def has_delete_permission(self, request, study=None):
        """What was opened is kept; a draft is nobody's answer."""
        return super().has_delete_permission(request, study) and (study is None or study.state == State.DRAFT)

    def get_actions(self, request):
        """Deleting goes study by study: its tasks are too many to be listed on a page."""
        return {
            name: action for name, action in super().get_actions(request).items() if name != "delete_selected"
        }

    def get_deleted_objects(self, studies, request):
        listed = [f"{study} and its {study.items + study.controls + study.checks} tasks" for study in studies]
        return listed, {"studies": len(listed)}, set(), []

    def delete_model(self, request, study):
        delete_draft(study=study, by=current_user(request))

    def delete_view(self, request, object_id, extra_context=None):
        """Outside the one transaction in which Django would do it: a large draft goes in slices. A study that
        is opened at this very moment is kept."""
        try:
            return self._delete_view(request, object_id, extra_context)  # type: ignore[attr-defined]
        except StudyError as error:
            messages.error(request, str(error))
            return redirect("admin:annotations_study_changelist")

    def get_urls(self):
        change = path(
            "<int:pk>/state/<str:change>/",
            self.admin_site.admin_view(require_POST(self.change_state)),
            name="annotations_study_change_state",
        )
        return [change, *super().get_urls()]

    def change_state(self, request, pk: int, change: str):
        if change not in CHANGES:
            raise Http404(f"A study has no button {change!r}.")
        study = get_allowed(Study.objects.all(), request.user, "change", pk=pk)
        seen = shown_in(request.POST, SEEN) if SEEN in request.POST else None
        if (study.state, change) in CONFIRMATIONS and "confirmed" not in request.POST:
            return self.ask(request, study, change)

        def carry_out() -> str:
            CHANGES[change](study, current_user(request), seen)
            # As this button left it: a worker may have changed it again by now.
            return f"“{study.name}” {outcome_of(study, change)}."

        report_outcome(request, carry_out, StudyError)
        return redirect(change_address(study))

    def ask(self, request, study: Study, change: str) -> TemplateResponse:
        """A page between a button and what cannot be undone; it changes nothing."""
        label, meaning = CONFIRMATIONS[study.state, change]
        context = {
            **self.admin_site.each_context(request),
            "title": f"{label}: {study.name}",
            "opts": self.opts,
            "study": study,
            "change": change,
            "label": label,
            "meaning": meaning,
            "outlook": closing_outlook(study) if change.startswith("close") else None,
            # What is frozen is what this person has seen.
            "seen": shown_of(study, FROZEN_FIELDS, trail_of(study)) if change == "open" else None,
            "languages": languages_of(study) if change == "open" else None,
        }
        return TemplateResponse(request, "admin/study_confirm.html", context)

    def view_on_site(self, study) -> str | None:
        """A draft has no page yet."""
        return study.get_absolute_url() if study.plan_id is not None else None

    @admin.display(description="answers")
    def progress(self, study):
        if study.state == State.OPENING:
            opening = next(iter(study.being_opened), None)
            return _bar(opening.done, opening.total or 1, "being opened") if opening else "being opened"
        if study.state == State.DRAFT:
            return f"{study.items + study.controls} tasks × {study.replicas}, not open yet"
        return _bar(study.filled, study.places_wanted)

    @admin.display(description="tasks")
    def tasks_by_role(self, study):
        numbers = {
            "items": study.items, "controls": study.controls, "checks": study.checks,
            "practice": study.practices,
        }  # fmt: skip
        return ", ".join(f"{number} {role}" for role, number in numbers.items() if number) or "none"

    @admin.display(description="hash of the plan")
    def plan_hash(self, study):
        return study.plan.sha256 if study.plan_id is not None else "when the study is open"

    @admin.display(description="deviations from the plan")
    def deviations(self, study):
        if study.plan_id is None:
            return "when the study is open"
        number = study.plan.deviations.count()
        return f"{number} found; the report lists them" if number else "none found"

    @admin.display(description="for annotators")
    def link(self, study):
        if study.plan_id is None:
            return "when the study is open"
        return format_html('<a href="{0}">{0}</a> {1}', study.address, _PROMISES[study.access])


# What is said of an address that annotators are given.
_PROMISES: dict[str, str] = {
    Study.Access.LINK: "Whoever has it takes part. It cannot tell people apart: who opens it in three "
    "private windows is three people.",
    Study.Access.CODES: "Whoever opens it is asked for an entry code, which is one participation.",
    Study.Access.ACCOUNTS: "Whoever opens it is asked to log in, and is one person in whatever browser.",
}


@cache
def _column(link: Link) -> Callable[[Study], str | None]:
    @admin.display(description=link.label)
    def column(study: Study) -> str | None:
        if not link.is_for(study):
            return None
        return format_html('<a href="{}">{}</a>', link.address_of(study), link.label)

    column.__name__ = slugify(link.label)  # the class of its cells
    return column


def _bar(done: int, total: int, what: str = "") -> str:
    return format_html('<progress max="{1}" value="{0}"></progress> {0} of {1} {2}', done, total, what)
