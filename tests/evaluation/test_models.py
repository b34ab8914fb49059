import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from evaluation.models import Report
from tests.factories import make_run, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def report():
    return Report.objects.create(study=make_study(), analysis="opinion")


def refused(constraint: str, change) -> bool:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        change()
    # SQLite names the columns of a unique index and not its name.
    said = str(caught.value)
    return constraint in said or (connection.vendor == "sqlite" and "UNIQUE" in said)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("report_done_has_file", {"state": "done", "finished_at": timezone.now()}),
        ("report_done_has_file", {"state": "done", "finished_at": timezone.now(), "file": "results/a.zip"}),
        ("report_done_has_file", {"state": "done", "finished_at": timezone.now(), "fingerprint": "a"}),
        ("report_running_has_lease", {"state": "running"}),
        ("report_failed_has_error", {"state": "failed", "finished_at": timezone.now()}),
        ("report_of_study_or_run", {"study": None}),
        ("report_has_analysis", {"analysis": ""}),
    ],
)
def test_the_database_refuses_reports_that_cannot_be(report, constraint, fields):
    assert refused(constraint, lambda: Report.objects.filter(pk=report.pk).update(**fields))


def test_a_report_is_of_a_study_or_of_a_run_never_of_both(report):
    run = report.study.run
    assert refused("report_of_study_or_run", lambda: Report.objects.filter(pk=report.pk).update(run=run))
    assert Report.objects.create(run=run, analysis="opinion").subject == run
    assert report.subject == report.study


@pytest.mark.parametrize("of", ["study", "run"])
def test_one_is_asked_for_at_a_time_and_one_is_kept(of):
    subject = make_study() if of == "study" else make_run()
    about = {of: subject, "analysis": "opinion"}
    waiting = Report.objects.create(**about)
    assert refused(f"report_of_{of}_one_at_a_time", lambda: Report.objects.create(**about))
    assert waiting.take()
    assert refused(f"report_of_{of}_one_at_a_time", lambda: Report.objects.create(**about))
    assert waiting.mark_begun(fingerprint="a")
    assert waiting.mark_kept(file="results/a.zip")
    newer = Report.objects.create(**about)
    newer.take()
    newer.mark_begun(fingerprint="b")
    assert refused(f"report_of_{of}_newest", lambda: newer.mark_kept(file="results/b.zip"))
    Report.objects.create(**{of: subject}, analysis="another")


def test_only_who_has_it_keeps_or_discards_it(report):
    other = Report.objects.get(pk=report.pk)
    assert not report.discard()
    assert report.take()
    assert not other.mark_begun(fingerprint="a")
    assert not other.mark_kept(file="results/a.zip")
    assert not other.discard()
    assert report.discard()
    assert not Report.objects.exists()
