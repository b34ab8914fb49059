"""The sweep pokes what was dropped, and not what was just poked."""

import fnmatch
from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from annotations.jobs import start_verification
from annotations.models import Opening, Verification
from daamweb.work.jobs import sweep_work
from generation.jobs import start_run
from tests.factories import make_open_study, make_run, make_study
from tests.work.cases import make_image, make_verification
from tests.work.rows import make_operation

pytestmark = pytest.mark.django_db
JOB, VERIFY = "annotations.jobs.run_opening", "annotations.jobs.run_verification"
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
    assert set(sweep()) == {(JOB, (work.pk,)), (VERIFY, (verification.pk,))}


def test_more_than_one_sweep_pokes_at_once_is_poked_by_the_next_ones(sweep, monkeypatch):
    monkeypatch.setattr("daamweb.work.jobs.AT_ONCE", 2)
    run = make_run()
    rows = [Opening.objects.create(study=make_study(run=run)) for _ in range(3)]
    assert sweep() == [(JOB, (row.pk,)) for row in rows[:2]]
    assert sweep() == [(JOB, (rows[2].pk,))]


@pytest.fixture
def refused(monkeypatch) -> list[tuple]:
    """What a broker that is out of reach did not take."""
    asked: list[tuple] = []

    def send(task, args=(), **options):
        asked.append((task.name, args))
        raise OSError("connection refused")

    monkeypatch.setattr("celery.app.task.Task.apply_async", send)
    return asked


def test_what_the_broker_did_not_take_is_sent_by_the_next_sweep(work, refused):
    others = [Opening.objects.create(study=make_study(run=work.study.run)) for _ in range(2)]
    verification = Verification.objects.create(study=work.study)
    for sweeps in (1, 2):
        sweep_work()
        # Of each kind one is tried; the others are not marked as told.
        assert refused == [(JOB, (work.pk,)), (VERIFY, (verification.pk,))] * sweeps
    assert set(Opening.objects.values_list("poked_at", flat=True)) == {None}
    assert len(others) == 2


def test_what_a_page_asked_for_and_the_broker_did_not_take_is_sent_by_the_next_sweep(
    work, refused, monkeypatch, django_capture_on_commit_callbacks
):
    study = make_open_study()
    with django_capture_on_commit_callbacks(execute=True):
        verification = start_verification(study=study)
        start_run(run := make_run(finished=False))
    told_of_run = ("generation.jobs.generate_batch", (run.pk,))
    assert refused == [(VERIFY, (verification.pk,)), told_of_run]
    monkeypatch.undo()
    sent: list[tuple] = []
    monkeypatch.setattr(
        "celery.app.task.Task.apply_async", lambda self, args, **options: sent.append((self.name, args))
    )
    sweep_work()
    assert set(refused) < set(sent)


@pytest.mark.parametrize("make", [make_verification, make_image])
def test_a_message_of_the_sweep_is_over_when_the_next_is_due(make, monkeypatch):
    """While no worker is there, one message of each row waits, not a day's."""
    kind = type(make())
    over: list[float] = []
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda self, args, expires: over.append(expires))
    sweep_work()
    assert over == [kind.LEASE.total_seconds()]
    sweep_work()
    assert len(over) == 1


def test_what_the_settings_name_as_jobs_are_jobs():
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert "daamweb.work.jobs.sweep_work" in scheduled
    current_app.loader.import_default_modules()
    assert scheduled <= set(current_app.tasks)
    for pattern in settings.CELERY_TASK_ROUTES:
        assert fnmatch.filter(current_app.tasks, pattern), pattern
