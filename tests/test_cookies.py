"""Who may read the site's cookies, and how long they are good."""

import runpy
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from tests.annotations.admin.pages import CONFIRMED
from tests.annotations.views.visits import address
from tests.factories import make_open_study, make_run
from tests.sources import TOP

pytestmark = pytest.mark.django_db


def logged_in(client) -> str:
    """The key of the session."""
    answer = client.post("/admin/login/", {"username": "researcher", "password": "researcher-password"})
    assert answer.status_code == 302
    return client.session.session_key


@pytest.fixture
def https_only(settings, monkeypatch):
    """What the settings are behind a proxy that speaks HTTPS; other tests do without."""
    monkeypatch.setenv("HTTPS_ONLY", "True")
    monkeypatch.setenv("BEHIND_PROXY", "True")
    for name, value in runpy.run_path(str(TOP / "daamweb/settings.py")).items():
        if name.startswith(("SECURE_", "SESSION_", "CSRF_")):
            setattr(settings, name, value)


@pytest.fixture
def browser():
    """Asks over HTTPS, through the proxy."""
    return Client(headers={"X-Forwarded-Proto": "https"})


def attributes(cookie) -> dict:
    return {name: cookie[name] for name in ("path", "domain", "secure", "httponly", "samesite")}


def test_cookies_are_for_this_host_over_https_and_for_no_script(https_only, browser, researcher):
    study = make_open_study(run=make_run())
    browser.get("/admin/login/")
    logged_in(browser)
    browser.post(address("start", study))
    browser.post(f"/admin/annotations/study/{study.pk}/state/pause/", CONFIRMED)  # says that it is done
    by_path = {name: cookie["path"] for name, cookie in browser.cookies.items()}
    assert by_path == {
        "__Host-csrftoken": "/",
        "__Host-sessionid": "/",
        f"__Secure-annotator-{study.project_id}": "/s/",
        "__Secure-known_browser": "/admin/login/",
        "messages": "/",
    }
    for name, cookie in browser.cookies.items():
        assert attributes(cookie) == {
            "path": by_path[name], "domain": "", "secure": True, "httponly": True,
            "samesite": "Strict" if "known_browser" in name else "Lax",
        }  # fmt: skip


def test_over_plain_http_cookies_have_plain_names(client, researcher):
    client.get("/admin/login/")
    logged_in(client)
    assert set(client.cookies) == {"csrftoken", "sessionid", "known_browser"}
    assert all(cookie["httponly"] and cookie["samesite"] for cookie in client.cookies.values())


def test_a_session_ends_twelve_hours_after_the_login_however_busy_it_was(client, researcher):
    before = timezone.now()
    key = logged_in(client)
    ends = Session.objects.get(pk=key).expire_date
    twelve_hours = timedelta(hours=12)
    assert before + twelve_hours <= ends <= timezone.now() + twelve_hours
    busy = client.session
    busy["note"] = "written later"
    busy.save()
    assert Session.objects.get(pk=key).expire_date == ends
    assert client.get("/admin/").status_code == 200
    Session.objects.update(expire_date=timezone.now())
    assert client.get("/admin/").status_code == 302


def test_logging_in_again_begins_anew_under_another_key(client, researcher):
    key = logged_in(client)
    ends = Session.objects.get(pk=key).expire_date
    client.post("/admin/logout/")
    assert not Session.objects.filter(pk=key).exists()
    again = logged_in(client)
    assert again != key
    assert Session.objects.get(pk=again).expire_date > ends
