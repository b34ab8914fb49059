"""Rows that only annotators' own acts make and change, to look at."""

from django.contrib import admin
from django.db.models import Prefetch

from annotations.models import Annotator, Participation, Response, Study
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


@admin.register(Participation)
class ParticipationAdmin(LookOnlyAdmin):
    """Whose completion code is it, and did they finish?"""

    list_display = [
        "completion_code", "study", "pseudonym", "answered", "items_filled", "consented_at", "began_at",
        "finished_at", "excluded_at", "erased_at",
    ]  # fmt: skip
    list_filter = [("study", VisibleRelatedFilter)]
    change_form_template = "admin/participation_change_form.html"
    search_fields = ["completion_code", "pseudonym"]
    ordering = ["-pk"]
    fields = [
        "study", "annotator", "pseudonym", "completion_code", "turns", "answered", "checks_given",
        "items_filled", "consented_at", "began_at", "last_answer_at", "finished_at", "screened_out_at",
        "withdrew_at", "excluded_at", "erased_at",
    ]  # fmt: skip

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
