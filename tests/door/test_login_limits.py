"""The limits of the login over hours, without the pages around them."""

from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from daamweb.door.browsers import remember_browser
from daamweb.door.logins import Handler, forgive

pytestmark = pytest.mark.django_db
HOUR = 3600


def attempt(where: str = "198.51.100.7", *, known: str = "", inside: str = "") -> HttpRequest:
    """From an address; with a cookie of a browser that `known` has used; in a session of `inside`."""
    request = RequestFactory().post("/admin/login/", REMOTE_ADDR=where)
    if known:
        response = HttpResponse()
        remember_browser(response, known)
        request.COOKIES |= {name: cookie.value for name, cookie in response.cookies.items()}
    if inside:
        request.user = SimpleNamespace(is_authenticated=True, get_username=lambda: inside)
    return request


def is_allowed(request: HttpRequest, username: str = "anna") -> bool:
    return Handler().is_allowed(request, {"username": username})


def test_the_accounts_people_log_in_from_elsewhere_while_strangers_go_on_guessing(clock):
    """At two addresses, as often as it goes."""
    for _ in range(3 * 60):
        clock.seconds += 60
        for stranger in ("192.0.2.1", "192.0.2.2") * 2:
            is_allowed(attempt(stranger))
        own = attempt("203.0.113.9")
        assert is_allowed(own)
        forgive(own)


def test_many_strangers_use_up_the_account_but_not_for_those_who_have_been_there(clock):
    for number in range(60):
        is_allowed(attempt(f"192.0.2.{number}"))
    assert not is_allowed(attempt("203.0.113.9"))
    assert not is_allowed(attempt("203.0.113.9", known="bert", inside="bert"))
    assert is_allowed(attempt("203.0.113.9", known="anna"))
    assert is_allowed(attempt("203.0.113.9", inside="anna"))


def test_of_one_account_at_most_90_failures_are_looked_at_in_any_hour(clock):
    """From any number of addresses, known browsers and sessions together; over midnight, when counters begin
    anew, too."""
    clock.seconds += 10.5 * HOUR
    looked_at: list[float] = []
    for step in range(3 * 120):
        clock.seconds += 30
        ways = [attempt(f"192.0.2.{step % 250}"), attempt(known="anna"), attempt(inside="anna")]
        looked_at += [clock.seconds for request in ways if is_allowed(request)]
    most = max(sum(start <= moment < start + HOUR for moment in looked_at) for start in looked_at)
    assert 60 < most <= 90


def test_a_refusal_takes_nothing_from_any_limit(clock):
    """Whichever of the three it comes from: of the account from here, of all strangers, of the address."""
    for _ in range(20):
        is_allowed(attempt("192.0.2.1"))
    assert sum(is_allowed(attempt("192.0.2.1"), f"somebody {number}") for number in range(60)) == 45
    for number in range(2, 30):
        is_allowed(attempt(f"192.0.2.{number}"))
    for _ in range(20):
        assert not is_allowed(attempt("192.0.2.99"))
    assert sum(is_allowed(attempt("192.0.2.99"), f"somebody {number}") for number in range(60)) == 50
