from django.contrib import admin
from django.db.models import Prefetch
from django.utils.html import format_html

from annotations.models import Study
from daamweb.projects.admin_base import LookOnlyAdmin
from evaluation.addresses import report_address
from evaluation.analyses.registry import AnalysisError, get_analysis
from evaluation.models import Report
from generation.models import GenerationRun


@admin.register(Report)
class ReportAdmin(LookOnlyAdmin):
    """To look at only: reports are computed."""

    list_display = ["analysis", "study", "run", "state", "created_at", "finished_at", "look"]
    list_filter = ["state", "analysis"]
    fields = [
        "analysis", "study", "run", "state", "fingerprint", "attempts", "error", "created_at", "finished_at",
        "look",
    ]  # fmt: skip
    readonly_fields = ["look"]

    def get_queryset(self, request):
        """Without what is large and not shown here."""
        studies = Prefetch("study", Study.objects.only("name", "kind"))
        runs = Prefetch("run", GenerationRun.objects.only("name"))
        return super().get_queryset(request).prefetch_related(studies, runs)

    @admin.display(description="report")
    def look(self, report):
        try:
            analysis = get_analysis(report.analysis)
        except AnalysisError:
            return "—"  # of an analysis that this version does not have
        return format_html('<a href="{}">Look</a>', report_address(report.subject, analysis))
