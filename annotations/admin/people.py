"""Rows that only annotators' own acts make and change, to look at."""

from django.contrib import admin
from django.db.models import Prefetch

from annotations.models import Annotator, Outcome, Participation, ProblemReport, Response, Study
from daamweb.projects.admin_base import LookOnlyAdmin, VisibleRelatedFilter
from daamweb.projects.selectors import may

# Of a list's studies: what else is on their rows is long.
NAMES = Study.objects.only("name")


@admin.register(Annotator)
class AnnotatorAdmin(LookOnlyAdmin):
    """What a platform calls them is on no page: pseudonyms and completion codes are for that."""

    list_display = ["__str__", "platform", "created_at"]
    list_filter = ["platform"]
    fields = ["platform", "created_at"]

    def lookup_allowed(self, lookup, value, request):
        """A platform's id cannot be found out by filtering for its beginning."""
        return lookup == "platform__exact"


class OutcomeFilter(admin.SimpleListFilter):
    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request, model_admin):
        return Outcome.choices

    def queryset(self, request, queryset):
        """All of them for an outcome that there is not."""
        return queryset.of_outcome(self.value()) if self.value() in Outcome.values else queryset


@admin.register(Participation)
class ParticipationAdmin(LookOnlyAdmin):
    """Whose code is it, and what became of them? A code is found whichever outcome it stands for, and whether
    that still is the outcome."""

    list_display = [
        "pseudonym", "outcome", "code", "study", "answered", "items_filled", "declined", "consented_at",
        "began_at", "last_answer_at", "erased_at",
    ]  # fmt: skip
    list_filter = [OutcomeFilter, ("study", VisibleRelatedFilter)]
    change_form_template = "admin/participation_change_form.html"
    search_fields = ["completion_code", "other_codes", "pseudonym"]
    ordering = ["-pk"]
    fields = [
        "study", "annotator", "pseudonym", "outcome", "code", "turns", "answered", "declined", "checks_given",
        "items_filled", "language", "consent_language", "consented_at", "began_at", "last_answer_at",
        "finished_at", "interrupted_at",
        "screened_out_at", "withdrew_at", "excluded_at", "erased_at",
    ]  # fmt: skip

    @admin.display(description="outcome")
    def outcome(self, participation):
        return participation.outcome.label

    @admin.display(description="code of the outcome")
    def code(self, participation):
        return participation.outcome_code or None

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related(Prefetch("study", NAMES))

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["may_erase"] = may(request.user, "erase", obj)
        return super().render_change_form(request, context, add, change, form_url, obj)


@admin.register(Response)
class ResponseAdmin(LookOnlyAdmin):
    """Append-only: a correction is a new row."""

    list_display = ["study", "task", "annotator", "revision", "answer", "late", "milliseconds", "created_at"]
    list_filter = [("assignment__study", VisibleRelatedFilter)]
    ordering = ["-pk"]  # as they came
    sortable_by = ()  # by anything else a million would be sorted for each page

    def get_queryset(self, request):
        """What stands beside an answer is read for those that are listed: joined, it would be sorted, too."""
        beside = ("assignment__task", "assignment__participation", Prefetch("assignment__study", NAMES))
        return super().get_queryset(request).prefetch_related(*beside)

    @admin.display(description="study")
    def study(self, response):
        return response.assignment.study

    @admin.display(description="task")
    def task(self, response):
        return response.assignment.task.position + 1

    @admin.display(description="annotator")
    def annotator(self, response):
        return response.assignment.participation.pseudonym


@admin.register(ProblemReport)
class ProblemReportAdmin(LookOnlyAdmin):
    """What annotators say does not work."""

    list_display = ["kind", "text", "study", "task", "annotator", "created_at"]
    list_filter = ["kind", ("study", VisibleRelatedFilter)]
    ordering = ["-pk"]
    sortable_by = ()
    fields = ["study", "task", "annotator", "kind", "text", "created_at"]

    def get_queryset(self, request):
        beside = ("assignment__task", "participation", Prefetch("study", NAMES))
        return super().get_queryset(request).prefetch_related(*beside)

    @admin.display(description="task")
    def task(self, report):
        return report.assignment.task.position + 1 if report.assignment is not None else None

    @admin.display(description="annotator")
    def annotator(self, report):
        return report.participation.pseudonym
