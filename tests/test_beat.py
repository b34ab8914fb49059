"""Beat sends every sweep when it starts and then when it is due, whatever the clock, files and brokers do."""

import logging
from collections import Counter
from datetime import timedelta

import pytest
from celery import Celery, beat, current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from annotations.models import Opening
from daamweb.beat import Scheduler
from daamweb.queues import sweep
from tests.factories import make_run, make_study

MINUTELY, HOURLY = "minutely", "hourly"


class Clocks:
    """What this process takes for the time since it began."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clocks(monkeypatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr("daamweb.beat.time.monotonic", clocks.monotonic)
    return clocks


@pytest.fixture
def sent(monkeypatch) -> Counter:
    sent: Counter = Counter()

    def send(self, entry, **options):
        sent[entry.name] += 1

    monkeypatch.setattr(beat.Scheduler, "apply_async", send)
    return sent


@pytest.fixture
def scheduler() -> Scheduler:
    app = Celery("scheduled", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {MINUTELY: sweep("jobs.a", 60), HOURLY: sweep("jobs.b", 3600)}
    return Scheduler(app=app, schedule_filename="/nowhere/at-all")


def test_everything_is_sent_at_the_start_and_then_when_it_is_due(scheduler, clocks, sent):
    assert scheduler.tick() == 60
    assert sent == {MINUTELY: 1, HOURLY: 1}
    clocks.now += 59
    assert scheduler.tick() == 1
    assert sent == {MINUTELY: 1, HOURLY: 1}
    for _ in range(60):
        clocks.now += 60
        scheduler.tick()
    assert sent == {MINUTELY: 61, HOURLY: 2}


def test_they_are_sent_in_the_order_of_the_settings_with_leased_work_first(clocks, monkeypatch):
    """One worker takes them one after another."""
    sent: list[str] = []
    monkeypatch.setattr(beat.Scheduler, "apply_async", lambda self, entry, **options: sent.append(entry.name))
    app = Celery("ordered", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = settings.CELERY_BEAT_SCHEDULE
    Scheduler(app=app).tick()
    assert sent == list(settings.CELERY_BEAT_SCHEDULE)
    assert sent[0] == "sweep-work"


def test_what_was_missed_is_sent_once(scheduler, clocks, sent):
    scheduler.tick()
    clocks.now += 24 * 3600
    scheduler.tick()
    assert sent == {MINUTELY: 2, HOURLY: 2}


def test_a_clock_that_was_a_day_ahead_keeps_nothing_from_being_sent(scheduler, clocks, sent):
    """By the time of day, which Celery's own scheduler goes by, each was sent last tomorrow."""
    scheduler.tick()
    for entry in scheduler.schedule.values():
        entry.last_run_at = entry.default_now() + timedelta(days=1)
        assert entry.is_due().next > 80_000
    clocks.now += 60
    assert scheduler.tick() == 60
    assert sent == {MINUTELY: 2, HOURLY: 1}


@pytest.mark.django_db
def test_two_beats_do_no_harm(pokes, django_capture_on_commit_callbacks):
    """Each worker that was dropped is told of once, and nothing else is done twice, as often as it is
    swept."""
    make_run(finished=False)
    Opening.objects.create(study=make_study())
    current_app.loader.import_default_modules()
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            for entry in settings.CELERY_BEAT_SCHEDULE.values():
                current_app.tasks[entry["task"]]()
    assert len(pokes) == len(set(pokes)) >= 2


def test_a_broker_that_does_not_take_it_is_a_line_and_asked_again_when_it_is_due(
    scheduler, clocks, monkeypatch, caplog
):
    tries = []

    def refuse(self, entry, **options):
        tries.append(entry.name)
        raise beat.SchedulingError(f"Couldn't apply scheduled task {entry.name}") from OperationalError()

    monkeypatch.setattr(beat.Scheduler, "apply_async", refuse)
    with caplog.at_level(logging.WARNING):
        scheduler.tick()
        clocks.now += 60
        scheduler.tick()
    assert Counter(tries) == {MINUTELY: 2, HOURLY: 1}
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3
    assert "The next one is sent when it is due." in caplog.text


def test_a_site_without_sweeps_is_no_error(clocks):
    app = Celery("idle", broker="memory://", set_as_current=False)
    assert Scheduler(app=app).tick() == Scheduler.max_interval
