import json
from collections.abc import Callable

import pytest

from annotations.models import Study
from evaluation import reports
from evaluation.errors import NeverOpenedError
from evaluation.models import Report
from evaluation.services import compute_report, fingerprint, request_report
from tests.evaluation.studies import answer_task, make_attribution_study, make_rated_study, texts
from tests.factories import make_annotator, make_open_study, make_study

pytestmark = pytest.mark.django_db


def stored(report: Report) -> Report:
    return Report.objects.select_related("study").get(pk=report.pk)


def present(study: Study) -> str:
    """The fingerprint of the study as the database has it."""
    return fingerprint(Study.objects.get(pk=study.pk))


def test_a_report_is_computed_once(monkeypatch):
    study = make_rated_study()
    report = request_report(study=study)
    assert report.state == Report.State.QUEUED
    assert request_report(study=study) == report
    assert compute_report(report=report)
    document = stored(report).document
    assert texts(document, "flow")[0] == ["responses collected", "15"]

    monkeypatch.setattr(reports, "build_report", None)  # to call it would fail
    again = request_report(study=study)
    assert (again, again.state) == (report, Report.State.READY)
    assert Report.objects.count() == 1


def test_two_workers_on_one_report_store_it_once():
    report = request_report(study=make_rated_study())
    same = stored(report)
    assert compute_report(report=report)
    finished_at = stored(report).finished_at
    assert not compute_report(report=same)
    assert stored(report).finished_at == finished_at


def test_newer_answers_get_a_report_of_their_own():
    study = make_attribution_study()
    first = request_report(study=study)
    compute_report(report=first)
    answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
    second = request_report(study=study)
    assert second != first
    compute_report(report=second)
    assert texts(stored(first).document, "flow")[0][1] == "0"
    assert texts(stored(second).document, "flow")[0][1] == "1"


def test_a_report_that_waited_while_answers_came_is_named_by_what_it_holds():
    study = make_attribution_study()
    report = request_report(study=study)
    answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
    assert compute_report(report=stored(report))
    assert stored(report).fingerprint == present(study)
    assert texts(stored(report).document, "flow")[0][1] == "1"
    assert request_report(study=study) == report


def test_a_report_that_waited_too_long_gives_way_to_the_newer_one():
    study = make_attribution_study()
    late = request_report(study=study)
    answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
    newer = request_report(study=study)
    compute_report(report=newer)
    assert not compute_report(report=stored(late))
    assert list(Report.objects.all()) == [newer]


def while_it_is_computed(monkeypatch, happen: Callable[[], object]) -> None:
    """Let something happen when the responses are read and the rest of the report is not."""
    plan_section = reports.plan_section

    def interrupted(*args, **kwargs):
        happen()
        return plan_section(*args, **kwargs)

    monkeypatch.setattr(reports, "plan_section", interrupted)


def test_an_answer_in_the_middle_is_left_to_the_next_report(monkeypatch):
    study = make_attribution_study()
    before = present(study)
    report = request_report(study=study)
    annotators = iter([make_annotator()])
    while_it_is_computed(
        monkeypatch, lambda: answer_task(study.tasks.first(), next(annotators), {"choice": 3})
    )
    assert compute_report(report=report)
    assert stored(report).fingerprint == before != present(study)
    assert texts(stored(report).document, "flow")[0][1] == "0"
    assert dict(texts(stored(report).document, "plan"))["answered so far"].startswith("0 of ")


def test_a_change_of_the_study_in_the_middle_is_found_by_the_next_report(monkeypatch):
    study = make_open_study(title="Before")
    first = request_report(study=study)
    with monkeypatch.context() as patch:
        while_it_is_computed(patch, lambda: Study.objects.filter(pk=study.pk).update(title="After"))
        assert compute_report(report=first)
    assert texts(stored(first).document, "deviations") == []
    answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
    second = request_report(study=study)
    assert compute_report(report=second)
    assert stored(second).fingerprint == present(study)
    assert texts(stored(second).document, "deviations") == [["title", '"Before"', '"After"']]


def test_what_was_changed_before_is_in_the_report_and_in_its_name():
    study = make_open_study(title="Before")
    report = request_report(study=study)
    asked_for = report.fingerprint
    Study.objects.filter(pk=study.pk).update(title="After")
    assert compute_report(report=report)
    assert texts(stored(report).document, "deviations") == [["title", '"Before"', '"After"']]
    assert stored(report).fingerprint == present(study) != asked_for
    assert list(Report.objects.all()) == [report]


def test_a_study_that_is_deleted_in_the_middle_leaves_nothing_behind(monkeypatch):
    study = make_open_study()
    report = request_report(study=study)
    while_it_is_computed(monkeypatch, lambda: Study.objects.filter(pk=study.pk).delete())
    assert not compute_report(report=report)
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad data"),
        KeyError("bad data"),
        ZeroDivisionError("bad data"),
        TypeError("bad data"),
        MemoryError("bad data"),
    ],
)
def test_a_failed_report_keeps_its_error_and_can_be_tried_again(monkeypatch, caplog, error):
    def fail(study, responses):
        raise error

    study = make_rated_study()
    report = request_report(study=study)
    with monkeypatch.context() as patch:
        patch.setattr(reports, "build_report", fail)
        compute_report(report=report)
    failed = stored(report)
    assert failed.state == Report.State.FAILED
    assert failed.error.startswith(f"{type(error).__name__}: ")
    assert "bad data" in failed.error
    assert "Traceback" in caplog.text

    again = request_report(study=study)
    assert (again, again.state, again.error) == (report, Report.State.QUEUED, "")
    compute_report(report=again)
    assert stored(report).state == Report.State.READY


def test_a_report_of_newer_data_that_fails_fails_under_their_name(monkeypatch):
    def fail(study, responses):
        raise ValueError("bad data")

    study = make_attribution_study()
    report = request_report(study=study)
    answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
    monkeypatch.setattr(reports, "build_report", fail)
    compute_report(report=stored(report))
    failed = Report.objects.get()
    assert (failed, failed.state, failed.fingerprint) == (report, Report.State.FAILED, present(study))


def test_an_answer_that_no_kind_stores_fails_the_report_and_names_itself(monkeypatch):
    study = make_attribution_study({"dog": ("NOUN", ())})
    monkeypatch.setattr("annotations.kinds.attribution.SCALE", {8: "nonsense"})
    answer_task(study.tasks.get(), make_annotator(), {"choice": 8})
    report = request_report(study=study)
    compute_report(report=report)
    assert stored(report).error == "ValueError: a choice must be from 1 to 7, but is 8"


def test_a_draft_has_no_report():
    with pytest.raises(NeverOpenedError, match="was never opened"):
        request_report(study=make_study())
    assert not Report.objects.exists()


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
def test_what_is_stored_is_json(kind):
    report = request_report(study=make_open_study(kind))
    compute_report(report=report)
    document = stored(report).document
    assert json.loads(json.dumps(document, allow_nan=False)) == document
