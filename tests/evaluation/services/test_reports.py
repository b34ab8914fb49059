import json
from collections.abc import Callable

import pytest

from annotations.models import Study
from evaluation.analyses.registry import get_analysis
from evaluation.errors import MissingNeedsError
from evaluation.models import Report
from evaluation.reports.gather import study_fingerprint
from evaluation.services import reports
from evaluation.services.reports import (
    compute_report,
    is_current,
    request_report,
)
from tests.evaluation.studies import (
    analysis_of,
    answer_task,
    ask,
    document_of,
    make_attribution_study,
    make_rated_study,
    stored,
    texts,
)
from tests.factories import make_annotator, make_open_study, make_study

pytestmark = pytest.mark.django_db


def present(study: Study) -> str:
    """The fingerprint of the study as the database has it."""
    return study_fingerprint(Study.objects.get(pk=study.pk), analysis_of(study))


def collected(report: Report) -> str:
    return dict(texts(document_of(report), "flow"))["responses collected"]


def answer(study: Study) -> None:
    answer_task(study.tasks.first(), make_annotator(), {"choice": 3})


def test_a_report_is_computed_once(monkeypatch):
    study = make_rated_study()
    report = ask(study)
    assert report.state == Report.State.QUEUED
    assert ask(study) == report
    assert compute_report(report=report)
    assert collected(report) == "15"

    monkeypatch.setattr(reports, "build_report", None)  # to call it would fail
    again = ask(study)
    assert (again, again.state) == (report, Report.State.DONE)
    assert Report.objects.count() == 1


def test_two_workers_on_one_report_store_it_once():
    report = ask(make_rated_study())
    same = stored(report)
    assert compute_report(report=report)
    finished_at = stored(report).finished_at
    assert not compute_report(report=same)
    assert stored(report).finished_at == finished_at


def test_of_newer_answers_the_report_takes_the_place_of_the_older_one():
    study = make_attribution_study()
    first = ask(study)
    compute_report(report=first)
    answer(study)
    second = ask(study)
    assert second != first
    assert collected(first) == "0"  # shown until the newer one is there
    compute_report(report=second)
    assert collected(second) == "1"
    assert list(Report.objects.all()) == [second]


def test_however_often_a_study_moves_on_one_report_is_kept():
    study = make_attribution_study()
    for _ in range(4):
        answer_task(study.tasks.order_by("?").first(), make_annotator(), {"choice": 3})
        compute_report(report=ask(study))
    assert Report.objects.count() == 1


def test_a_report_that_waited_while_answers_came_is_named_by_what_it_holds():
    study = make_attribution_study()
    report = ask(study)
    answer(study)
    assert ask(study) == report
    assert compute_report(report=stored(report))
    assert stored(report).fingerprint == present(study)
    assert collected(report) == "1"
    assert ask(study) == report


def test_a_report_of_data_that_have_one_already_goes(monkeypatch):
    study = make_attribution_study()
    done = ask(study)
    compute_report(report=done)
    asked = Report.objects.create(study=study, analysis="opinion")
    monkeypatch.setattr(reports, "build_report", None)  # to call it would fail
    assert not compute_report(report=asked)
    assert list(Report.objects.all()) == [done]


def while_it_is_computed(monkeypatch, happen: Callable[[], object]) -> None:
    """Let something happen when everything was read and nothing is computed."""
    build_report = reports.build_report

    def interrupted(*args):
        happen()
        return build_report(*args)

    monkeypatch.setattr(reports, "build_report", interrupted)


def test_an_answer_in_the_middle_is_left_to_the_next_report(monkeypatch):
    study = make_attribution_study()
    before = present(study)
    report = ask(study)
    while_it_is_computed(monkeypatch, lambda: answer(study))
    assert compute_report(report=report)
    assert stored(report).fingerprint == before != present(study)
    assert not is_current(stored(report))
    assert collected(report) == "0"
    assert dict(texts(document_of(report), "plan"))["answered so far"].startswith("0 of ")


def test_a_change_of_the_study_in_the_middle_is_found_by_the_next_report(monkeypatch):
    study = make_open_study(title="Before")
    first = ask(study)
    with monkeypatch.context() as patch:
        while_it_is_computed(patch, lambda: Study.objects.filter(pk=study.pk).update(title="After"))
        assert compute_report(report=first)
    assert texts(document_of(first), "deviations") == []
    answer(study)
    second = ask(study)
    assert compute_report(report=second)
    assert stored(second).fingerprint == present(study)
    assert texts(document_of(second), "deviations") == [["title", '"Before"', '"After"']]


def test_what_was_changed_before_is_in_the_report_and_in_its_name():
    study = make_open_study(title="Before")
    report = ask(study)
    before = present(study)
    Study.objects.filter(pk=study.pk).update(title="After")
    assert compute_report(report=report)
    assert texts(document_of(report), "deviations") == [["title", '"Before"', '"After"']]
    assert stored(report).fingerprint == present(study) != before
    assert list(Report.objects.all()) == [report]


def test_a_study_that_is_deleted_in_the_middle_leaves_nothing_behind(monkeypatch):
    study = make_open_study()
    report = ask(study)
    while_it_is_computed(monkeypatch, lambda: Study.objects.filter(pk=study.pk).delete())
    assert not compute_report(report=report)
    assert not Report.objects.exists()


def test_a_study_that_was_deleted_before_is_not_computed():
    study = make_open_study()
    report = stored(ask(study))
    Study.objects.filter(pk=study.pk).delete()
    assert not compute_report(report=report)


def test_who_lost_the_lease_stores_nothing(monkeypatch):
    study = make_rated_study()
    report = ask(study)
    other = stored(report)

    def taken_by_another() -> None:
        Report.objects.update(lease_expires_at="2020-01-01T00:00Z")
        assert other.take()

    while_it_is_computed(monkeypatch, taken_by_another)
    assert not compute_report(report=report)
    assert stored(report).state == Report.State.RUNNING
    assert stored(report).claim == other.claim


def test_an_answer_that_no_kind_stores_fails_the_report_and_names_itself(monkeypatch):
    study = make_attribution_study({"dog": ("NOUN", ())})
    monkeypatch.setattr("annotations.kinds.attribution.SCALE", {8: "nonsense"})
    answer_task(study.tasks.get(), make_annotator(), {"choice": 8})
    report = ask(study)
    compute_report(report=report)
    assert stored(report).error == "ValueError: a choice must be from 1 to 7, but is 8"


def test_a_draft_has_no_report():
    with pytest.raises(MissingNeedsError, match="was never opened"):
        ask(make_study())
    assert not Report.objects.exists()


def test_what_is_missing_is_said_and_nothing_is_asked_for():
    study = make_open_study("object_presence")
    with pytest.raises(MissingNeedsError, match="reads the answers of studies of attribution"):
        request_report(subject=study, analysis=get_analysis("opinion"))
    assert not Report.objects.exists()


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
def test_what_is_stored_is_json(kind):
    report = ask(make_open_study(kind))
    compute_report(report=report)
    document = document_of(report)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
