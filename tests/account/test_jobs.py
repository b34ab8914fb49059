"""Sessions that are over do not stay."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from daamweb.account.jobs import sweep_sessions

pytestmark = pytest.mark.django_db


def make_session(key: str, ends: timedelta) -> Session:
    return Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + ends)


def test_sessions_that_are_over_are_forgotten_and_others_stay():
    make_session("over", timedelta(minutes=-1))
    make_session("not over", timedelta(minutes=1))
    sweep_sessions()
    assert [session.session_key for session in Session.objects.all()] == ["not over"]


def test_a_worker_whose_clock_is_a_day_ahead_ends_nobodys_session(monkeypatch):
    make_session("not over", timedelta(hours=12))
    monkeypatch.setattr(timezone, "now", lambda now=timezone.now: now() + timedelta(days=1))
    sweep_sessions()
    assert Session.objects.exists()


def test_a_worker_does_so_once_an_hour():
    entry = settings.CELERY_BEAT_SCHEDULE["sweep-sessions"]
    assert (entry["task"], entry["schedule"]) == (sweep_sessions.name, 60 * 60)
