"""The researcher's desk for studies."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from annotations.errors import StudyError
from annotations.forms import BuildStudyForm
from annotations.models import Annotator, Assignment, Participation, Response, Study
from annotations.selectors import with_progress
from annotations.services.studies import build_study, close_study, open_study, pause_study
from daamweb.admin_forms import ServiceAdmin, ServiceFormView, change_address, report_outcome

# What a button on a study's page does, and what is said when it is done.
CHANGES = {
    "open": (open_study, "is open: annotators can come"),
    "pause": (pause_study, "is paused: no new places are given out"),
    "close": (close_study, "is closed for good: no more answers are taken"),
}
# What cannot be undone is asked twice: the button's text, and what it means.
CONFIRMATIONS = {
    (Study.State.DRAFT, "open"): (
        "Freeze the plan and open",
        "Its texts, tasks and analysis are frozen when it opens: they cannot be edited any more.",
    ),
    (Study.State.OPEN, "close"): (
        "Close for good",
        "A closed study cannot be opened again. Whoever is at a task now cannot send the answer; pausing "
        "lets them finish.",
    ),
    (Study.State.PAUSED, "close"): (
        "Close for good",
        "A closed study cannot be opened again. Whoever is still at a task cannot send the answer.",
    ),
}
# Frozen when the study opens.
DESIGN_FIELDS = ("name", "title", "consent", "instructions", "replicas", "share_cap", "lease_minutes")


class BuildStudyView(ServiceFormView):
    title = "Build a study"
    submit_label = "Build"
    form_class = BuildStudyForm
    model = Study
    errors = (StudyError,)

    def perform(self, data):
        return build_study(**data)


@admin.register(Study)
class StudyAdmin(ServiceAdmin):
    service_forms = {"build": BuildStudyView}
    change_form_template = "admin/study_change_form.html"
    list_display = ["name", "kind", "run", "state", "progress", "report", "created_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["run"]
    search_fields = ["name", "title"]
    always_read_only = (
        "state", "progress", "link", "kind", "run", "options", "recipe", "left_out", "plan_sha256",
        "created_at", "opened_at", "closed_at",
    )  # fmt: skip
    fields = [
        "name", "state", "progress", "link", "title", "consent", "instructions", "replicas", "share_cap",
        "lease_minutes", "kind", "run", "options", "recipe", "left_out", "plan_sha256", "created_at",
        "opened_at", "closed_at",
    ]  # fmt: skip

    def get_queryset(self, request):
        return with_progress(super().get_queryset(request))

    def get_object(self, request, object_id, from_field=None):
        """The study also knows its whole address, which only a request can tell."""
        study = super().get_object(request, object_id, from_field)
        if study is not None:
            study.address = request.build_absolute_uri(study.get_absolute_url())
        return study

    def get_readonly_fields(self, request, study=None):
        frozen = DESIGN_FIELDS if study and study.state != Study.State.DRAFT else ()
        return (*self.always_read_only, *frozen)

    def save_model(self, request, study, form, change):
        # Only what was edited: a button may have changed the state since this page was made.
        study.save(update_fields=form.changed_data)

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
        study = get_object_or_404(Study, pk=pk)
        if not self.has_change_permission(request, study):
            raise PermissionDenied
        if (study.state, change) in CONFIRMATIONS and "confirmed" not in request.POST:
            return self.ask(request, study, change)
        act, outcome = CHANGES[change]

        def carry_out() -> str:
            act(study=study)
            self.log_change(request, study, f"The study {outcome}.")
            return f"“{study.name}” {outcome}."

        report_outcome(request, carry_out, StudyError)
        return redirect(change_address(study))

    def ask(self, request, study: Study, change: str) -> TemplateResponse:
        """A page between a button and what cannot be undone; it changes nothing."""
        label, meaning = CONFIRMATIONS[study.state, change]
        at_work = study.assignments.filter(state=Assignment.State.CLAIMED).count()
        context = {
            **self.admin_site.each_context(request),
            "title": f"{label}: {study.name}",
            "opts": self.opts,
            "study": study,
            "change": change,
            "label": label,
            "meaning": meaning,
            "at_work": at_work,
        }
        return TemplateResponse(request, "admin/study_confirm.html", context)

    def response_change(self, request, study):
        """“Freeze the plan and open” saves what was edited first, so that nothing typed is lost."""
        if "_open" in request.POST and study.state == Study.State.DRAFT:
            return self.ask(request, study, "open")
        return super().response_change(request, study)

    def view_on_site(self, study) -> str | None:
        """A draft has no page yet."""
        return None if study.state == Study.State.DRAFT else study.get_absolute_url()

    @admin.display(description="answers")
    def progress(self, study):
        if study.state == Study.State.DRAFT:
            return f"{study.tasks.count()} tasks × {study.replicas}, not open yet"
        return format_html(
            '<progress max="{}" value="{}"></progress> {} of {}',
            study.places, study.submitted, study.submitted, study.places,
        )  # fmt: skip

    @admin.display(description="for annotators")
    def link(self, study):
        if study.state == Study.State.DRAFT:
            return "when the study is open"
        return format_html('<a href="{0}">{0}</a>', study.address)

    @admin.display(description="report")
    def report(self, study):
        return format_html('<a href="{}">Report</a>', reverse("evaluation:report", args=[study.pk]))


class LookOnlyAdmin(admin.ModelAdmin):
    """Rows that only annotators' own acts make and change."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Annotator)
class AnnotatorAdmin(LookOnlyAdmin):
    list_display = ["__str__", "platform", "created_at"]
    list_filter = ["platform"]


@admin.register(Participation)
class ParticipationAdmin(LookOnlyAdmin):
    """Whose completion code is it, and did they finish?"""

    list_display = ["completion_code", "study", "annotator", "consented_at", "began_at", "finished_at"]
    list_filter = ["study"]
    list_select_related = ["study", "annotator"]
    search_fields = ["completion_code"]
    fields = ["study", "annotator", "completion_code", "consented_at", "began_at", "finished_at"]


@admin.register(Response)
class ResponseAdmin(LookOnlyAdmin):
    """Append-only: a correction is a new row."""

    list_display = ["assignment", "revision", "answer", "seconds", "created_at"]
    list_filter = ["assignment__study"]
    list_select_related = ["assignment__task__study"]
