from annotations.models.annotators import Annotator, Participation
from annotations.models.assignments import Assignment, Sighting
from annotations.models.responses import Response
from annotations.models.studies import Study, Task

__all__ = ["Annotator", "Assignment", "Participation", "Response", "Sighting", "Study", "Task"]
