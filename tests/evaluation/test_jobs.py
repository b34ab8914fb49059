from datetime import timedelta

import pytest
from django.utils import timezone

from evaluation import reports, services
from evaluation.errors import NeverOpenedError
from evaluation.jobs import compute_report, request_report, sweep_reports
from evaluation.models import Report
from tests.evaluation.studies import make_rated_study
from tests.factories import make_open_study, make_study

pytestmark = pytest.mark.django_db

COMPUTE = "evaluation.jobs.compute_report"


def test_a_worker_is_told_after_the_commit(pokes, django_capture_on_commit_callbacks):
    study = make_rated_study()
    with django_capture_on_commit_callbacks(execute=True):
        report = request_report(study)
        assert pokes == []
    assert pokes == [(COMPUTE, (report.pk,))]


def test_what_is_computed_already_needs_no_worker(pokes, django_capture_on_commit_callbacks):
    study = make_rated_study()
    compute_report(request_report(study).pk)
    with django_capture_on_commit_callbacks(execute=True):
        assert request_report(study).state == Report.State.READY
    assert pokes == []


def test_the_job_can_run_twice():
    report = request_report(make_rated_study())
    compute_report(report.pk)
    report.refresh_from_db()
    assert report.state == Report.State.READY
    finished_at = report.finished_at
    compute_report(report.pk)
    report.refresh_from_db()
    assert report.finished_at == finished_at


def test_the_job_of_a_report_that_is_gone_does_nothing():
    compute_report(12345)
    assert not Report.objects.exists()


@pytest.fixture
def sweep(pokes, django_capture_on_commit_callbacks):
    """Sweep; which reports workers were told of."""

    def sweep() -> list[int]:
        pokes.clear()
        with django_capture_on_commit_callbacks(execute=True):
            sweep_reports()
        assert {name for name, _ in pokes} <= {COMPUTE}
        return [pk for _, (pk,) in pokes]

    return sweep


def a_lease_later() -> None:
    past = timezone.now() - Report.LEASE - timedelta(seconds=1)
    Report.objects.update(poked_at=past)
    Report.objects.filter(state=Report.State.RUNNING).update(lease_expires_at=past)


def test_the_sweep_finds_what_was_dropped_and_leaves_the_rest(sweep):
    queued, dropped, running, ready, failed = (request_report(make_open_study()) for _ in range(5))
    compute_report(ready.pk)
    failed.mark_failed("ValueError: no")
    dropped.take()
    a_lease_later()
    running.take()
    assert sorted(sweep()) == [queued.pk, dropped.pk]


def test_the_sweep_does_not_pile_pokes(sweep):
    report = request_report(make_open_study())
    assert [sweep() for _ in range(3)] == [[], [], []]
    a_lease_later()
    assert [sweep() for _ in range(3)] == [[report.pk], [], []]


def test_a_report_that_nobody_was_told_of_is_found(sweep):
    report = services.request_report(study=make_open_study())
    assert sweep() == [report.pk]


def test_a_report_that_takes_its_worker_down_is_given_up(monkeypatch, sweep):
    class Killed(BaseException):
        pass

    def die(study, responses):
        raise Killed

    study = make_rated_study()
    report = request_report(study)
    with monkeypatch.context() as patch:
        patch.setattr(reports, "build_report", die)
        for _ in range(Report.MAX_ATTEMPTS):
            with pytest.raises(Killed):
                compute_report(report.pk)
            compute_report(report.pk)  # a second poke meanwhile changes nothing
            a_lease_later()
            assert sweep() == [report.pk]
        compute_report(report.pk)
    report.refresh_from_db()
    assert report.state == Report.State.FAILED
    assert report.error.startswith("A worker took this report 3 times and never finished it")
    assert sweep() == []

    compute_report(request_report(study).pk)
    report.refresh_from_db()
    assert report.state == Report.State.READY


def test_a_draft_is_refused_before_a_worker_hears_of_it(pokes, django_capture_on_commit_callbacks):
    study = make_study()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(NeverOpenedError):
        request_report(study)
    assert pokes == []
