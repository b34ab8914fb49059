"""Who is looking: what a browser's cookie says about its annotator. Written by POST only.

The cookie is the annotator's own, not the session: a researcher who tries a study is logged in no longer than
before, and logging out forgets no annotator. Where people are known by codes or accounts it is the study's,
and names the device as well: of several that one person has been at, only the last one goes on. Of an account
it counts only while its user is logged in.
"""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from annotations.models import Annotator, Participation, Study
from annotations.selectors import only_row, participation_of
from daamweb.cookies import secure_name

# By itself: as it was set before there were projects.
COOKIE = "annotator"
COOKIE_PATH = "/s/"  # only a study's own pages see it
SALT = "annotations.annotator"
# Long enough to come back to a study that runs for months.
COOKIE_SECONDS = 180 * 24 * 60 * 60


@dataclass(frozen=True)
class Known:
    """Whom a browser remembers, and as which device."""

    annotator: int
    device: str = ""


def current_annotator(request: HttpRequest, study: Study) -> Annotator | None:
    """Who this browser's annotator is in the study's project."""
    known = known_to(request, study)
    if known is None:
        return None
    return Annotator.objects.filter(pk=known.annotator, project=study.project_id).first()


def current_participation(request: HttpRequest, study: Study) -> Participation | None:
    """Of whom this browser is; None for one whose person went on elsewhere."""
    person = whose_browser(request, study)
    return person if person is not None and is_here(request, person, study) else None


def whose_browser(request: HttpRequest, study: Study) -> Participation | None:
    """The participation of whoever is at this browser, wherever they went on since."""
    if study.access == Study.Access.ACCOUNTS:
        if not request.user.is_authenticated:
            return None
        return only_row(
            Participation.objects.filter(
                study=study,
                annotator__project=study.project_id,
                annotator__platform=Annotator.Platform.ACCOUNT,
                annotator__external_id=str(request.user.pk),
            )
        )
    known = known_to(request, study)
    return None if known is None else participation_of(study, known.annotator)


def went_on_elsewhere(request: HttpRequest, study: Study) -> bool:
    """Whether whoever is at this browser is at another device by now. A link tells no devices apart."""
    if study.access == Study.Access.LINK:
        return False
    person = whose_browser(request, study)
    return person is not None and not is_here(request, person, study)


def is_of(request: HttpRequest, participation: Participation, study: Study) -> bool:
    """Whether this browser's annotator is whose participation in the study this is. Nothing is read, unless
    who is logged in."""
    known = known_to(request, study)
    return known is not None and known.annotator == participation.annotator_id


def is_here(request: HttpRequest, participation: Participation, study: Study) -> bool:
    """Whether the person did not go on at another device since."""
    known = known_to(request, study)
    return known == Known(participation.annotator_id, participation.device)


def device_of(request: HttpRequest, study: Study) -> str:
    known = known_to(request, study)
    return known.device if known is not None else ""


def known_to(request: HttpRequest, study: Study) -> Known | None:
    if study.access == Study.Access.LINK:
        for name in (_cookie_of(study.project_id), COOKIE):
            pk = _read(request, name)
            if pk is not None:
                return Known(int(pk))
        return None
    said = _read(request, _cookie_of_study(study))
    if said is None:
        return None
    annotator, device, user = said.split(" ")
    if study.access == Study.Access.ACCOUNTS and user != str(request.user.pk):
        return None
    return Known(int(annotator), device)


def _read(request: HttpRequest, name: str) -> str | None:
    found: str | None = request.get_signed_cookie(name, default=None, salt=SALT, max_age=COOKIE_SECONDS)
    return found


def _cookie_of(project_pk: int) -> str:
    """One for each project, since each knows its own annotators."""
    return secure_name(f"{COOKIE}-{project_pk}")


def _cookie_of_study(study: Study) -> str:
    return secure_name(f"{COOKIE}-of-{study.pk}")


def remember_annotator(response: HttpResponse, annotator: Annotator) -> None:
    """Of a study that is open to whoever has the link."""
    _remember(response, _cookie_of(annotator.project_id), str(annotator.pk))


def remember_device(
    request: HttpRequest, response: HttpResponse, study: Study, participation: Participation, device: str
) -> None:
    """Of one that knows its people by codes or accounts."""
    user = request.user.pk if study.access == Study.Access.ACCOUNTS else ""
    _remember(response, _cookie_of_study(study), f"{participation.annotator_id} {device} {user}")


def _remember(response: HttpResponse, name: str, said: str) -> None:
    response.set_signed_cookie(
        name,
        said,
        salt=SALT,
        max_age=COOKIE_SECONDS,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
