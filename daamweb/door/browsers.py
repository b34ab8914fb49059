"""Browsers in which somebody has logged in before.

Whoever tries names and passwords from many addresses uses up what an account allows to strangers. The people
of that account come in all the same: a signed cookie says that their browser is no stranger. It opens nothing
by itself; the password is asked as ever, and such browsers have a limit of their own.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from daamweb.cookies import secure_name

COOKIE = "known_browser"
SALT = "daamweb.door.browsers"
COOKIE_SECONDS = 180 * 24 * 60 * 60


def remember_browser(response: HttpResponse, username: str) -> None:
    response.set_signed_cookie(
        secure_name(COOKIE),
        _mark(username),
        salt=SALT,
        max_age=COOKIE_SECONDS,
        path=reverse("admin:login"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def is_known_browser(request: HttpRequest, username: str) -> bool:
    """Whether the last one who logged in with this browser was this account."""
    mark = request.get_signed_cookie(secure_name(COOKIE), default=None, salt=SALT, max_age=COOKIE_SECONDS)
    return mark is not None and constant_time_compare(mark, _mark(username))


def _mark(username: str) -> str:
    return salted_hmac(SALT, username, algorithm="sha256").hexdigest()
