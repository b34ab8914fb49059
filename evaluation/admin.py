from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from evaluation.models import Report


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):
    """To look at only: reports are computed."""

    list_display = ["study", "state", "created_at", "finished_at", "look"]
    list_filter = ["state", "study"]
    list_select_related = ["study"]
    fields = ["study", "state", "fingerprint", "attempts", "error", "created_at", "finished_at", "look"]
    readonly_fields = ["look"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("document")  # large, and not shown here

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    @admin.display(description="report")
    def look(self, report):
        return format_html('<a href="{}">Look</a>', reverse("evaluation:report", args=[report.study_id]))
