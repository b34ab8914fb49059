"""Who is looking: what a browser's session says about its annotator. Written by POST only."""

from django.http import HttpRequest

from annotations.models import Annotator, Assignment, Participation, Study
from annotations.selectors import participation_of

ANNOTATOR = "annotator"
HELD = "held"
# Long enough to come back to a study that runs for months.
SESSION_SECONDS = 180 * 24 * 60 * 60


def current_annotator(request: HttpRequest) -> Annotator | None:
    pk = request.session.get(ANNOTATOR)
    return Annotator.objects.filter(pk=pk).first() if pk is not None else None


def current_participation(request: HttpRequest, study: Study) -> Participation | None:
    return participation_of(study, current_annotator(request))


def remember_annotator(request: HttpRequest, annotator: Annotator) -> None:
    request.session[ANNOTATOR] = annotator.pk
    request.session.set_expiry(SESSION_SECONDS)


def remember_held(request: HttpRequest, assignment: Assignment) -> None:
    request.session[HELD] = {**request.session.get(HELD, {}), str(assignment.study_id): assignment.pk}


def has_held(request: HttpRequest, assignment: Assignment) -> bool:
    """Whether this place was the last one given to this browser: the row itself does not say who lost it."""
    return request.session.get(HELD, {}).get(str(assignment.study_id)) == assignment.pk
