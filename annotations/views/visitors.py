"""Who is looking: what a browser's cookie says about its annotator. Written by POST only.

The cookie is the annotator's own, not the session: a researcher who tries a study is logged in no longer than
before, and logging out forgets no annotator.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from annotations.models import Annotator, Participation, Study
from annotations.selectors import participation_of
from daamweb.cookies import secure_name

# By itself: as it was set before there were projects.
COOKIE = "annotator"
COOKIE_PATH = "/s/"  # only a study's own pages see it
SALT = "annotations.annotator"
# Long enough to come back to a study that runs for months.
COOKIE_SECONDS = 180 * 24 * 60 * 60


def current_annotator(request: HttpRequest, study: Study) -> Annotator | None:
    """Who this browser's annotator is in the study's project."""
    pk = _annotator_pk(request, study)
    return Annotator.objects.filter(pk=pk, project=study.project_id).first() if pk is not None else None


def current_participation(request: HttpRequest, study: Study) -> Participation | None:
    return participation_of(study, _annotator_pk(request, study))


def is_of(request: HttpRequest, participation: Participation, study: Study) -> bool:
    """Whether this browser's annotator is whose participation in the study this is. Nothing is read."""
    return _annotator_pk(request, study) == participation.annotator_id


def _annotator_pk(request: HttpRequest, study: Study) -> int | None:
    for name in (_cookie_of(study.project_id), COOKIE):
        pk = request.get_signed_cookie(name, default=None, salt=SALT, max_age=COOKIE_SECONDS)
        if pk is not None:
            return int(pk)
    return None


def _cookie_of(project_pk: int) -> str:
    """One for each project, since each knows its own annotators."""
    return secure_name(f"{COOKIE}-{project_pk}")


def remember_annotator(response: HttpResponse, annotator: Annotator) -> None:
    response.set_signed_cookie(
        _cookie_of(annotator.project_id),
        str(annotator.pk),
        salt=SALT,
        max_age=COOKIE_SECONDS,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
