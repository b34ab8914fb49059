"""The researcher's desk for studies."""

from annotations.admin.people import AnnotatorAdmin, ParticipationAdmin, ProblemReportAdmin, ResponseAdmin
from annotations.admin.studies import StudyAdmin

__all__ = ["AnnotatorAdmin", "ParticipationAdmin", "ProblemReportAdmin", "ResponseAdmin", "StudyAdmin"]
