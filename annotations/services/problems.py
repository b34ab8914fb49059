"""Take down what annotators say does not work."""

from django.db import transaction
from django.utils.translation import gettext, ngettext

from annotations.errors import AssignmentNotYoursError, ReportError
from annotations.models import Assignment, Participation, ProblemReport
from annotations.services.locks import lock_participation, share_study

MOST_OF_A_PERSON = 20


@transaction.atomic
def report_problem(
    *, participation: Participation, assignment: Assignment | None, kind: str, text: str = ""
) -> ProblemReport:
    """Store what one person says, perhaps of one of their turns. Raises AssignmentNotYoursError, and
    ReportError where this person said enough or was erased."""
    if assignment is not None and assignment.participation_id != participation.pk:
        raise AssignmentNotYoursError("This task is somebody else's.")
    study = share_study(participation.study_id)
    person, now = lock_participation(participation.pk)
    if person.erased_at is not None:
        raise ReportError(gettext("What you answered was erased; nothing more of yours is stored."))
    if person.problem_reports.count() >= MOST_OF_A_PERSON:
        text = ngettext(
            "You have reported %(most)s problem, and no more are stored here. If something keeps you from "
            "going on, write to whoever asked you to take part.",
            "You have reported %(most)s problems, and no more are stored here. If something keeps you from "
            "going on, write to whoever asked you to take part.",
            MOST_OF_A_PERSON,
        )
        raise ReportError(text % {"most": MOST_OF_A_PERSON})
    return ProblemReport.objects.create(
        study=study, participation=person, assignment=assignment, kind=kind, text=text, created_at=now
    )
