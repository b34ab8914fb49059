from annotations.models.annotators import Annotator
from annotations.models.assignments import Assignment
from annotations.models.entry_codes import EntryCode
from annotations.models.operations import Opening, Operation, Verification
from annotations.models.outcomes import Outcome
from annotations.models.participations import Participation, Visit
from annotations.models.places import Place
from annotations.models.plans import Deviation, Plan
from annotations.models.problems import ProblemReport
from annotations.models.responses import Response
from annotations.models.reviews import Review
from annotations.models.studies import Study
from annotations.models.tasks import Task
from annotations.models.texts import StudyText

__all__ = [
    "Annotator",
    "Assignment",
    "Deviation",
    "EntryCode",
    "Opening",
    "Operation",
    "Outcome",
    "Participation",
    "Place",
    "Plan",
    "ProblemReport",
    "Response",
    "Review",
    "Study",
    "StudyText",
    "Task",
    "Verification",
    "Visit",
]
