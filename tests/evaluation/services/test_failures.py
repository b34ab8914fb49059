"""Reports that fail, whose files are damaged, or whose subject is gone."""

from contextlib import contextmanager

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError

from annotations.models import Study
from evaluation.analyses.opinion import Opinion
from evaluation.errors import SubjectGoneError
from evaluation.models import Report
from evaluation.services import reports
from evaluation.services.reports import compute_report, failed_on_other_data
from tests.evaluation.services.test_reports import answer, collected, while_it_is_computed
from tests.evaluation.studies import ask, make_attribution_study, make_rated_study, stored
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


class OddError(Exception):
    """Of no class that anybody would think of."""


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad data"),
        KeyError("bad data"),
        ZeroDivisionError("bad data"),
        MemoryError("bad data"),
        OddError("bad data"),
    ],
)
def test_a_failed_report_keeps_its_error_and_can_be_tried_again(monkeypatch, caplog, error):
    def fail(*args):
        raise error

    study = make_rated_study()
    report = ask(study)
    with monkeypatch.context() as patch:
        patch.setattr(Opinion, "sections", fail)
        compute_report(report=report)
    failed = stored(report)
    assert failed.state == Report.State.FAILED
    assert failed.error.startswith(f"{type(error).__name__}: ")
    assert "bad data" in failed.error
    assert "Traceback" in caplog.text

    again = ask(study)
    assert (again, again.state, again.error) == (report, Report.State.QUEUED, "")
    compute_report(report=again)
    assert stored(report).state == Report.State.DONE


def test_a_report_that_fails_leaves_the_last_one_that_did_not(monkeypatch):
    study = make_attribution_study()
    done = ask(study)
    compute_report(report=done)
    answer(study)
    failing = ask(study)
    with monkeypatch.context() as patch:
        patch.setattr(reports, "build_report", None)
        compute_report(report=failing)
    assert stored(failing).state == Report.State.FAILED
    assert collected(done) == "0"
    compute_report(report=ask(study))
    assert [(report, report.state) for report in Report.objects.all()] == [(failing, "done")]


def test_a_report_whose_file_is_gone_is_computed_again():
    study = make_rated_study()
    report = ask(study)
    compute_report(report=report)
    default_storage.delete(stored(report).file.name)
    again = ask(study)
    assert again.state == Report.State.QUEUED
    assert compute_report(report=again)
    assert collected(again) == "15"
    assert list(Report.objects.all()) == [again]


def damage(report: Report, content: bytes) -> None:
    with default_storage.open(stored(report).file.name, "wb") as file:
        file.write(content)


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_a_report_whose_file_is_damaged_is_computed_again(content):
    study = make_rated_study()
    report = ask(study)
    compute_report(report=report)
    damage(report, content)
    again = ask(study)
    assert again.state == Report.State.QUEUED
    assert compute_report(report=again)
    assert collected(again) == "15"


def test_what_was_deleted_is_not_asked_about_for_ever(django_capture_on_commit_callbacks):
    study = make_open_study()
    gone = Study.objects.select_related("run", "plan").get(pk=study.pk)
    Report.objects.all().delete()
    study.delete()

    def refused(**fields):
        raise IntegrityError("a foreign key leads nowhere")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evaluation.services.reports.find_or_create", lambda find, create: refused())
        with pytest.raises(SubjectGoneError, match="was deleted meanwhile"):
            ask(gone)


def test_a_report_is_kept_while_it_is_computed(monkeypatch):
    held = []

    @contextmanager
    def watched(row):
        held.append(row)
        yield
        held.append("let go")

    monkeypatch.setattr(reports, "kept", watched)
    report = ask(make_rated_study())
    while_it_is_computed(monkeypatch, lambda: held.append("computing"))
    assert compute_report(report=report)
    assert held == [report, "computing", "let go"]


def test_a_failed_report_is_told_from_one_whose_data_have_changed_since(monkeypatch):
    study = make_attribution_study()
    report = ask(study)
    with monkeypatch.context() as patch:
        patch.setattr(reports, "build_report", None)
        compute_report(report=report)
    assert not failed_on_other_data(stored(report))
    answer(study)
    assert failed_on_other_data(stored(report))
