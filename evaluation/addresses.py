"""Where reports are shown."""

from django.urls import reverse

from annotations.models import Study
from evaluation.analyses.interface import Analysis
from evaluation.analyses.registry import analyses_of_kind
from evaluation.reports.needs import Subject


def report_address(subject: Subject, analysis: Analysis) -> str:
    """The first analysis of a kind makes what is called the study's report."""
    if not isinstance(subject, Study):
        return reverse("evaluation:run_analysis", args=[subject.pk, analysis.key])
    if analysis is analyses_of_kind(subject.kind)[0]:
        return reverse("evaluation:report", args=[subject.pk])
    return reverse("evaluation:study_analysis", args=[subject.pk, analysis.key])
