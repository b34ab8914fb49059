"""How often somebody may try to log in.

django-axes asks the handler below before any password is looked at. Its own handlers store what was typed as
a name (now and then a password), the browser and the address, and know one limit for everything; this one
counts in buckets (`daamweb.door.limits`), which say nothing about anybody.

A stranger passes three limits: of the address, of the account from this address, and of the account, wherever
strangers are. The second is stricter than the third, so that nobody can use up, from one or two addresses,
what an account allows to all strangers; and whoever is no stranger (a browser in which the account has logged
in before, or is logged in) has a limit apart. Nobody is ever locked out for good.

What was taken comes back when the login succeeds, so that failures count and nothing else. In any hour, one
of midnight too, when buckets begin anew, an account sees at most 90 failures: 15 + 20 + 15 of strangers, and
twice 5 + 10 + 5. It makes no difference whether there is such an account.
"""

import logging
from collections.abc import Mapping
from math import ceil
from typing import Any, NamedTuple, cast

from axes.handlers.base import AbstractAxesHandler, AxesBaseHandler
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from daamweb.door.addresses import client_address
from daamweb.door.browsers import is_known_browser
from daamweb.door.limits import clock
from daamweb.door.limits.buckets import Taken, fill_up, give_back, take
from daamweb.door.limits.hashes import hashed
from daamweb.door.models import Bucket

logger = logging.getLogger(__name__)

HOUR = 3600
FROM, TO, ONE = "login from", "login to", "login"


class Gate(NamedTuple):
    """One limit that an attempt passes."""

    purpose: str
    whose: str
    burst: int
    per_second: float


class LoginRequest(HttpRequest):
    """One in which somebody tried to log in: what was passed, and how long the next attempt has to wait."""

    passed: list[Gate]
    wait: float


def gates_for(request: HttpRequest, username: str) -> list[Gate]:
    one = _purpose_of(username)
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated and user.get_username() == username:
        return [Gate(one, "logged in", 5, 10 / HOUR)]
    if is_known_browser(request, username):
        return [Gate(one, "known browser", 5, 10 / HOUR)]
    address = client_address(request)
    return [
        Gate(FROM, address, 50, 180 / HOUR),
        Gate(one, address, 5, 10 / HOUR),
        Gate(TO, username, 15, 20 / HOUR),
    ]


def forgive(request: HttpRequest) -> None:
    """The attempt succeeded: what it took comes back, and what mistakes took before it."""
    for gate in getattr(request, "passed", []):
        if gate.purpose in (FROM, TO):
            give_back(gate.purpose, gate.whose, per_second=gate.per_second)
        else:
            fill_up(gate.purpose, gate.whose)


def come_later(request: HttpRequest, *ignored: Any) -> HttpResponse:
    """The page instead of the one that was asked for (AXES_LOCKOUT_CALLABLE)."""
    wait = ceil(cast(LoginRequest, request).wait)
    page = render(request, "door/come_later.html", {"minutes": ceil(wait / 60)}, status=429)
    page["Retry-After"] = str(wait)
    add_never_cache_headers(page)
    return page


class Handler(AxesBaseHandler, AbstractAxesHandler):  # type: ignore[misc]  # they have no types
    """What django-axes calls (AXES_HANDLER)."""

    def is_allowed(self, request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> bool:
        attempt = cast(LoginRequest, request)
        gates = gates_for(request, (credentials or {}).get("username") or "")
        taken = _pass(gates)
        attempt.passed, attempt.wait = (gates, 0.0) if taken else ([], taken.wait)
        return taken.granted

    def user_login_failed(
        self, sender: Any, credentials: Mapping[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        if request is None:
            return
        what = "was put off" if getattr(request, "axes_locked_out", False) else "failed"
        # Names of a day, by which attempts on one account, or from one address, can be put together.
        account = _name_of(TO, credentials.get("username") or "")
        address = _name_of(FROM, client_address(request))
        logger.warning("A login %s: account %.12s, address %.12s.", what, account, address)

    def user_logged_in(self, sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        forgive(request)
        logger.info("User %s logged in.", user.pk)

    def user_logged_out(self, sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
        logger.info("User %s logged out.", user and user.pk)

    def get_failures(self, request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> int:
        raise NotImplementedError("Failures are not counted one by one; see is_allowed().")

    def reset_attempts(
        self, *, ip_address: str | None = None, username: str | None = None, ip_or_username: bool = False
    ) -> int:
        """For the commands axes_reset_username and axes_reset; returns how many counters were forgotten."""
        if ip_address is not None:
            raise NotImplementedError(
                "Logins are allowed again by name (axes_reset_username NAME) or all together (axes_reset)."
            )
        rows = Bucket.objects.filter(purpose__startswith=ONE)
        if username is not None:
            of_account = rows.filter(purpose=_purpose_of(username))
            rows = of_account | rows.filter(purpose=TO, whose=_name_of(TO, username))
        return rows.delete()[0]


def _pass(gates: list[Gate]) -> Taken:
    """All of them, or none: what was taken is put back where a later one is closed."""
    for number, gate in enumerate(gates):
        taken = take(gate.purpose, gate.whose, burst=gate.burst, per_second=gate.per_second)
        if not taken:
            for before in gates[:number]:
                give_back(before.purpose, before.whose, per_second=before.per_second)
            return taken
    return Taken(True)


def _purpose_of(username: str) -> str:
    """Of all that is about one account and not about all strangers together."""
    return f"{ONE} {_name_of(ONE, username)}"


def _name_of(purpose: str, whose: str) -> str:
    return hashed(purpose, whose, clock.day_of(clock.now()))
