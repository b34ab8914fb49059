"""The sweep pokes what was dropped, and not what was just poked."""

import fnmatch
from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from annotations.models import Opening, Verification
from daamweb.work.jobs import sweep_work
from tests.factories import make_run, make_study
from tests.work.rows import make_operation

pytestmark = pytest.mark.django_db
JOB = "annotations.jobs.run_opening"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def sweep(django_capture_on_commit_callbacks, pokes):
    """Sweep; return what was poked."""

    def sweep() -> list[tuple[str, tuple]]:
        del pokes[:]
        with django_capture_on_commit_callbacks(execute=True):
            sweep_work()
        return list(pokes)

    return sweep


@pytest.fixture
def work() -> Opening:
    return Opening.objects.create(study=make_study())


def change(work: Opening, **fields) -> None:
    Opening.objects.filter(pk=work.pk).update(**fields)


def test_what_nobody_was_told_of_is_poked_once_a_lease(sweep, work):
    assert sweep() == [(JOB, (work.pk,))]
    assert sweep() == []
    change(work, poked_at=timezone.now() - Opening.LEASE + MINUTE)
    assert sweep() == []
    change(work, poked_at=timezone.now() - Opening.LEASE - MINUTE)
    assert sweep() == [(JOB, (work.pk,))]


def test_what_was_poked_when_it_was_written_is_left_to_that_worker(sweep, work):
    assert work.mark_poked()
    assert sweep() == []


def test_what_is_in_a_workers_hands_is_left_alone_until_its_lease_is_over(sweep, work):
    work.take()
    assert sweep() == []
    change(work, lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert sweep() == [(JOB, (work.pk,))]


def test_a_clock_that_was_a_day_ahead_hides_nothing(sweep, work):
    tomorrow = timezone.now() + timedelta(days=1)
    work.take()
    change(work, lease_expires_at=tomorrow, poked_at=tomorrow)
    assert sweep() == [(JOB, (work.pk,))]
    assert sweep() == []


def test_what_is_put_off_is_poked_when_its_time_has_come(sweep, work):
    work.take()
    work.put_off(timezone.now() + MINUTE)
    assert sweep() == []
    change(work, not_before=timezone.now())
    assert sweep() == [(JOB, (work.pk,))]


@pytest.mark.parametrize("end", ["finish", "cancel"])
def test_what_has_ended_is_left_alone(sweep, work, end):
    work.take()
    getattr(work, end)()
    assert sweep() == []


def test_every_kind_is_swept_and_one_without_a_job_is_not(sweep, work):
    verification = Verification.objects.create(study=work.study)
    make_operation(work.study)
    assert set(sweep()) == {(JOB, (work.pk,)), ("annotations.jobs.run_verification", (verification.pk,))}


def test_more_than_one_sweep_pokes_at_once_is_poked_by_the_next_ones(sweep, monkeypatch):
    monkeypatch.setattr("daamweb.work.jobs.AT_ONCE", 2)
    run = make_run()
    rows = [Opening.objects.create(study=make_study(run=run)) for _ in range(3)]
    assert sweep() == [(JOB, (row.pk,)) for row in rows[:2]]
    assert sweep() == [(JOB, (rows[2].pk,))]


def test_what_the_settings_name_as_jobs_are_jobs():
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert "daamweb.work.jobs.sweep_work" in scheduled
    current_app.loader.import_default_modules()
    assert scheduled <= set(current_app.tasks)
    for pattern in settings.CELERY_TASK_ROUTES:
        assert fnmatch.filter(current_app.tasks, pattern), pattern
