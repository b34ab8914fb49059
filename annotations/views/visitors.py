"""Who is looking: what a browser's cookie says about its annotator. Written by POST only.

The cookie is the annotator's own, not the session: a researcher who tries a study is logged in no longer than
before, and logging out forgets no annotator.
"""

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse

from annotations.models import Annotator, Participation, Study
from annotations.selectors import participation_of

COOKIE = "annotator"
COOKIE_PATH = "/s/"  # only a study's own pages see it
SALT = "annotations.annotator"
# Long enough to come back to a study that runs for months.
COOKIE_SECONDS = 180 * 24 * 60 * 60


def may_look(user: User | AnonymousUser) -> bool:
    """Whether this is a researcher who may look at studies."""
    return user.is_staff and user.has_perm("annotations.view_study")


def current_annotator(request: HttpRequest) -> Annotator | None:
    pk = _annotator_pk(request)
    return Annotator.objects.filter(pk=pk).first() if pk is not None else None


def current_participation(request: HttpRequest, study: Study) -> Participation | None:
    return participation_of(study, _annotator_pk(request))


def _annotator_pk(request: HttpRequest) -> int | None:
    pk = request.get_signed_cookie(COOKIE, default=None, salt=SALT, max_age=COOKIE_SECONDS)
    return int(pk) if pk is not None else None


def remember_annotator(response: HttpResponse, annotator: Annotator) -> None:
    response.set_signed_cookie(
        COOKIE,
        str(annotator.pk),
        salt=SALT,
        max_age=COOKIE_SECONDS,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
