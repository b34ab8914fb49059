from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from evaluation.models import Report
from tests.factories import make_open_study, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def report():
    return Report.objects.create(study=make_study(), fingerprint="a" * 64)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("report_ready_has_document", {"state": "ready"}),
        ("report_ready_has_document", {"state": "ready", "document": {}}),
        ("report_ready_has_document", {"state": "ready", "finished_at": timezone.now()}),
        ("report_running_has_lease", {"state": "running"}),
        ("report_failed_has_error", {"state": "failed", "finished_at": timezone.now()}),
    ],
)
def test_the_database_refuses_half_a_report(report, constraint, fields):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(**fields)


def test_there_is_one_report_per_study_and_fingerprint(report):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Report.objects.create(study=report.study, fingerprint=report.fingerprint)
    assert "report_unique_per_fingerprint" in str(caught.value) or connection.vendor == "sqlite"
    Report.objects.create(study=make_open_study(), fingerprint=report.fingerprint)
    assert Report.objects.count() == 2


def test_a_queued_report_is_finished_once(report):
    assert report.mark_ready({"sections": []})
    assert not report.mark_ready({"sections": ["again"]})
    assert not report.mark_failed("too late")
    report.refresh_from_db()
    assert (report.state, report.document, report.error) == ("ready", {"sections": []}, "")
    assert report.finished_at is not None
    assert not report.requeue()


def test_a_failed_report_can_be_tried_again_as_often_as_a_new_one(report):
    assert report.take()
    assert report.mark_failed("ValueError: no")
    report.refresh_from_db()
    assert (report.state, report.error, report.lease_expires_at) == ("failed", "ValueError: no", None)
    assert not report.take()
    assert report.requeue()
    report.refresh_from_db()
    assert (report.state, report.error, report.finished_at, report.attempts) == ("queued", "", None, 0)
    assert report.mark_ready({})


def let_the_lease_run_out(report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_one_worker_takes_it_until_the_lease_is_over(report):
    same = Report.objects.get(pk=report.pk)
    assert report.take()
    assert (report.state, report.attempts) == ("running", 1)
    assert timedelta(0) < report.lease_expires_at - timezone.now() <= Report.LEASE
    assert not same.take()
    let_the_lease_run_out(report)
    assert same.take()
    assert same.attempts == 2


def test_of_two_workers_the_first_to_finish_is_kept(report):
    slow = Report.objects.get(pk=report.pk)
    assert slow.take()
    let_the_lease_run_out(report)
    assert report.take()
    assert slow.mark_ready({"sections": []})
    assert not report.mark_ready({"sections": ["again"]})
    assert not report.mark_failed("too late")
    report.refresh_from_db()
    assert (report.state, report.document, report.lease_expires_at) == ("ready", {"sections": []}, None)


def test_who_computed_other_data_finishes_nothing(report):
    slow = Report.objects.get(pk=report.pk)
    assert slow.take()
    let_the_lease_run_out(report)
    assert report.take()
    assert report.adopt("b" * 64)
    assert not slow.mark_ready({})
    assert not slow.mark_failed("ValueError: no")
    assert not slow.discard()
    assert report.mark_ready({})


def test_what_waits_can_be_claimed_and_what_runs_is_unfinished(report):
    def found() -> tuple[bool, bool]:
        return Report.objects.claimable().exists(), Report.objects.unfinished().exists()

    assert found() == (True, True)
    report.take()
    assert found() == (False, True)
    let_the_lease_run_out(report)
    assert found() == (True, True)
    report.mark_ready({})
    assert found() == (False, False)


def test_a_queued_report_can_become_that_of_newer_data(report):
    assert report.adopt("b" * 64)
    report.refresh_from_db()
    assert report.fingerprint == "b" * 64
    Report.objects.create(study=report.study, fingerprint="c" * 64)
    assert not report.adopt("c" * 64)
    report.mark_ready({})
    assert not report.adopt("d" * 64)
    assert not report.discard()
    report.refresh_from_db()
    assert report.fingerprint == "b" * 64


def test_only_a_queued_report_is_discarded(report):
    assert report.discard()
    assert not report.discard()
    assert not Report.objects.exists()
