import pytest

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


def test_the_sweep_finds_what_was_dropped_and_leaves_the_rest(pokes, django_capture_on_commit_callbacks):
    queued, ready, failed = (request_report(make_open_study()) for _ in range(3))
    compute_report(ready.pk)
    failed.mark_failed("ValueError: no")
    with django_capture_on_commit_callbacks(execute=True):
        sweep_reports()
    assert pokes == [(COMPUTE, (queued.pk,))]


def test_a_draft_is_refused_before_a_worker_hears_of_it(pokes, django_capture_on_commit_callbacks):
    study = make_study()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(NeverOpenedError):
        request_report(study)
    assert pokes == []
