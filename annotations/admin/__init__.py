"""The researcher's desk for studies."""

from annotations.admin.people import AnnotatorAdmin, ParticipationAdmin, ResponseAdmin
from annotations.admin.studies import StudyAdmin

__all__ = ["AnnotatorAdmin", "ParticipationAdmin", "ResponseAdmin", "StudyAdmin"]
