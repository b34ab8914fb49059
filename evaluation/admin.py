from django.contrib import admin
from django.db.models import Prefetch
from django.urls import reverse
from django.utils.html import format_html

from annotations.models import Study
from evaluation.models import Report


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):
    """To look at only: reports are computed."""

    list_display = ["study", "state", "created_at", "finished_at", "look"]
    list_filter = ["state", "study"]
    fields = ["study", "state", "fingerprint", "attempts", "error", "created_at", "finished_at", "look"]
    readonly_fields = ["look"]

    def get_queryset(self, request):
        """Without what is large and not shown here."""
        names = Prefetch("study", Study.objects.only("name"))
        return super().get_queryset(request).defer("document").prefetch_related(names)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    @admin.display(description="report")
    def look(self, report):
        return format_html('<a href="{}">Look</a>', reverse("evaluation:report", args=[report.study_id]))
