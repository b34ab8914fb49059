import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from daamweb.work.jobs import sweep_work
from evaluation.errors import MissingNeedsError
from evaluation.jobs import compute_report, request_report, sweep_results
from evaluation.models import Report
from evaluation.services import reports
from tests.evaluation.studies import analysis_of, ask, document_of, make_rated_study, stored
from tests.factories import make_open_study, make_study

pytestmark = pytest.mark.django_db

COMPUTE = "evaluation.jobs.compute_report"


def request(study) -> Report:
    return request_report(study, analysis_of(study))


def test_a_worker_is_told_after_the_commit(pokes, django_capture_on_commit_callbacks):
    study = make_rated_study()
    with django_capture_on_commit_callbacks(execute=True):
        report = request(study)
        assert pokes == []
    assert pokes == [(COMPUTE, (report.pk,))]


def test_what_is_computed_already_needs_no_worker(pokes, django_capture_on_commit_callbacks):
    study = make_rated_study()
    compute_report(request(study).pk)
    with django_capture_on_commit_callbacks(execute=True):
        assert request(study).state == Report.State.DONE
    assert pokes == []


def test_the_job_can_run_twice():
    report = request(make_rated_study())
    compute_report(report.pk)
    finished_at = stored(report).finished_at
    assert stored(report).state == Report.State.DONE
    compute_report(report.pk)
    assert stored(report).finished_at == finished_at


def test_the_job_of_a_report_that_is_gone_does_nothing():
    compute_report(12345)
    assert not Report.objects.exists()


@pytest.fixture
def sweep(pokes, django_capture_on_commit_callbacks):
    """Sweep; which reports workers were told of."""

    def sweep() -> list[int]:
        pokes.clear()
        with django_capture_on_commit_callbacks(execute=True):
            sweep_work()
        assert {name for name, _ in pokes} <= {COMPUTE}
        return [pk for _, (pk,) in pokes]

    return sweep


def a_lease_later() -> None:
    past = timezone.now() - Report.LEASE - timedelta(seconds=1)
    Report.objects.update(poked_at=past)
    Report.objects.filter(state=Report.State.RUNNING).update(lease_expires_at=past)


def test_the_sweep_finds_what_was_dropped_and_leaves_the_rest(sweep):
    queued, dropped, running, done, failed = (request(make_open_study()) for _ in range(5))
    compute_report(done.pk)
    failed.take()
    failed.fail("ValueError: no")
    dropped.take()
    a_lease_later()
    running.take()
    assert sorted(sweep()) == [queued.pk, dropped.pk]


def test_a_report_that_nobody_was_told_of_is_found(sweep):
    report = ask(make_open_study())
    assert sweep() == [report.pk]


def test_a_report_that_takes_its_worker_down_is_given_up(monkeypatch, sweep):
    class Killed(BaseException):
        pass

    def die(*args):
        raise Killed

    study = make_rated_study()
    report = request(study)
    with monkeypatch.context() as patch:
        patch.setattr(reports, "build_report", die)
        for _ in range(Report.MAX_ATTEMPTS):
            with pytest.raises(Killed):
                compute_report(report.pk)
            compute_report(report.pk)  # a second poke meanwhile changes nothing
            a_lease_later()
            assert sweep() == [report.pk]
        compute_report(report.pk)
    failed = stored(report)
    assert failed.state == Report.State.FAILED
    assert failed.error.startswith("A worker took it 3 times and never finished")
    assert sweep() == []

    compute_report(request(study).pk)
    assert stored(report).state == Report.State.DONE


def test_a_draft_is_refused_before_a_worker_hears_of_it(pokes, django_capture_on_commit_callbacks):
    study = make_study()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(MissingNeedsError):
        request(study)
    assert pokes == []


def make_old(name: str) -> None:
    two_hours_ago = time.time() - 7_200
    os.utime(default_storage.path(name), (two_hours_ago, two_hours_ago))


def test_files_that_no_report_names_are_removed_once_they_are_old():
    report = request(make_open_study())
    compute_report(report.pk)
    kept = stored(report).file.name
    old, young = (default_storage.save(f"results/{name}.zip", ContentFile(b"")) for name in ("old", "young"))
    for name in (kept, old):
        make_old(name)
    sweep_results()
    assert [default_storage.exists(name) for name in (kept, young, old)] == [True, True, False]
    assert document_of(report)["sections"]


def test_the_file_of_a_report_goes_with_its_study():
    study = make_open_study()
    report = request(study)
    compute_report(report.pk)
    file = stored(report).file.name
    make_old(file)
    study.delete()
    sweep_results()
    assert not default_storage.exists(file)


def test_a_site_without_results_has_none_to_remove():
    sweep_results()


def test_files_are_removed_where_a_folder_is_no_object(monkeypatch):
    """As in S3, where only files exist."""
    monkeypatch.setattr(default_storage, "exists", lambda name: False)
    old = default_storage.save("results/old.zip", ContentFile(b""))
    make_old(old)
    sweep_results()
    assert not Path(default_storage.path(old)).exists()
