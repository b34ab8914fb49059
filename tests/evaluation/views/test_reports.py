import csv
from io import StringIO

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from annotations.models import Study
from annotations.services.closings import close_study
from evaluation.jobs import compute_report
from evaluation.models import Report
from evaluation.views.reports import FRESH
from tests.evaluation.pages import address, html
from tests.evaluation.studies import (
    answer_task,
    file_frame,
    make_attribution_study,
    make_rated_study,
    stored,
)
from tests.factories import make_annotator, make_open_study, make_study

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
COMPUTE = "evaluation.jobs.compute_report"


def ask(client, study: Study, commit) -> Report:
    """Press the button."""
    with commit(execute=True):
        answer = client.post(address(study, "analyses/opinion/refresh/"))
    assert answer.headers["Location"] == address(study)
    return Report.objects.first()


@pytest.fixture
def commit(django_capture_on_commit_callbacks, pokes):
    return django_capture_on_commit_callbacks


# --- reading changes nothing ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report/", "responses.csv", "codebook.csv"])
def test_a_get_leaves_no_row_and_wakes_no_worker(researcher_client, commit, pokes, name):
    study = make_rated_study()
    with commit(execute=True):
        html(researcher_client.get(address(study, name)))
        researcher_client.get(address(study, name), headers=HTMX)
        researcher_client.head(address(study, name))
    assert not Report.objects.exists()
    assert pokes == []


def test_asking_needs_a_post(researcher_client):
    study = make_rated_study()
    assert researcher_client.get(address(study, "analyses/opinion/refresh/")).status_code == 405
    assert researcher_client.post(address(study)).status_code == 405
    assert not Report.objects.exists()


# --- the page, step by step -------------------------------------------------------------------------------


def test_the_page_asks_by_itself_and_has_a_button_for_browsers_without_scripts(researcher_client):
    study = make_rated_study()
    page = html(researcher_client.get(address(study)))
    refresh = address(study, "analyses/opinion/refresh/")
    assert f'<form class="card" method="post" action="{refresh}"' in page
    assert f'hx-post="{refresh}" hx-trigger="load"' in page
    assert "csrfmiddlewaretoken" in page
    assert "The report has not been computed yet." in page


def test_asked_the_page_waits_and_then_shows_the_report(researcher_client, commit, pokes):
    study = make_rated_study()
    report = ask(researcher_client, study, commit)
    assert pokes == [(COMPUTE, (report.pk,))]
    waiting = f"/work/evaluation.report/{report.pk}/"
    page = html(researcher_client.get(address(study)))
    assert f'hx-get="{waiting}" hx-trigger="every 2s"' in page
    assert "Waits for a worker." in page
    assert "hx-post" not in page

    for attempt in ("A worker is at it.", "A worker is at it (attempt 2 of 3)."):
        assert report.take()
        page = html(researcher_client.get(waiting, headers=HTMX))
        assert attempt in page
        assert f'hx-get="{waiting}" hx-trigger="every 2s"' in page
        Report.objects.update(lease_expires_at=timezone.now())

    compute_report(report.pk)
    assert researcher_client.get(waiting, headers=HTMX).headers["HX-Refresh"] == "true"
    page = html(researcher_client.get(address(study), headers=HTMX))
    assert page.lstrip().startswith('<div id="report"')
    assert "hx-get" not in page
    assert "hx-post" not in page
    for text in ("The frozen plan", study.plan.sha256, "Mean opinion score by part of speech"):
        assert text in page
    assert "3.25 [−12.63, 19.13]" in page
    assert "4.00 (one value only)" in page
    assert '<th scope="row">responses collected</th><td class="number">15</td>' in page
    assert "undefined (no data)" in page


def test_a_current_report_is_shown_at_once(researcher_client, commit):
    study = make_rated_study()
    compute_report(ask(researcher_client, study, commit).pk)
    page = html(researcher_client.get(address(study)))
    assert page.lstrip().startswith("<!doctype html>")
    assert "Computed on" in page
    assert "hx-post" not in page
    assert "Compute the report" not in page


def test_an_older_report_is_shown_until_the_new_one_is_there(researcher_client, commit):
    study = make_attribution_study()
    compute_report(ask(researcher_client, study, commit).pk)
    answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
    Report.objects.update(finished_at=timezone.now() - FRESH)
    page = html(researcher_client.get(address(study)))
    assert "The study has moved on since the report below was computed." in page
    assert 'responses collected</th><td class="number">0</td>' in page
    assert "hx-post" in page
    report = ask(researcher_client, study, commit)
    page = html(researcher_client.get(address(study)))
    assert "Below is the last report that was computed" in page
    compute_report(report.pk)
    assert 'responses collected</th><td class="number">1</td>' in html(researcher_client.get(address(study)))


def test_a_busy_study_is_not_asked_about_again_and_again(researcher_client, commit):
    study = make_attribution_study()
    report = ask(researcher_client, study, commit)
    compute_report(report.pk)
    answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
    page = html(researcher_client.get(address(study)))  # loaded anew once the report was there
    assert "The study has moved on" in page
    assert "Compute the report</button>" in page
    assert "hx-trigger" not in page


def test_a_change_is_found_with_the_next_report_and_stays_listed(researcher_client, commit):
    study = make_open_study(title="First title")
    Study.objects.filter(pk=study.pk).update(title="Second title")
    compute_report(ask(researcher_client, study, commit).pk)
    assert "Second title" in html(researcher_client.get(address(study)))
    Study.objects.filter(pk=study.pk).update(title="First title")
    answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
    compute_report(ask(researcher_client, study, commit).pk)
    page = html(researcher_client.get(address(study)))
    assert "Second title" in page
    assert "None was found" not in page


def test_looking_finds_no_deviation(researcher_client, commit):
    study = make_open_study(title="First title")
    compute_report(ask(researcher_client, study, commit).pk)
    Study.objects.filter(pk=study.pk).update(title="Second title")
    page = html(researcher_client.get(address(study)))
    assert "None was found: everything is as it was frozen." in page
    assert "hx-post" not in page  # the report is current
    assert not study.plan.deviations.exists()


def test_a_failed_report_says_why_and_can_be_tried_again(researcher_client, commit, pokes):
    study = make_rated_study()
    report = ask(researcher_client, study, commit)
    assert report.take()
    assert report.fail("ValueError: <b>odd</b> data")
    page = html(researcher_client.get(address(study)))
    assert "ValueError: &lt;b&gt;odd&lt;/b&gt; data" in page
    assert "Try again</button>" in page
    assert "hx-trigger" not in page  # not by itself
    pokes.clear()
    again = ask(researcher_client, study, commit)
    assert (again, again.state) == (report, Report.State.QUEUED)
    assert pokes == [(COMPUTE, (report.pk,))]


def test_after_a_failure_the_page_asks_by_itself_once_the_study_has_moved_on(
    researcher_client, commit, monkeypatch
):
    study = make_attribution_study()
    report = ask(researcher_client, study, commit)
    with monkeypatch.context() as patch:
        patch.setattr("evaluation.services.reports.build_report", None)
        compute_report(report.pk)
    assert "Try again</button>" in html(researcher_client.get(address(study)))
    answer_task(study.tasks.first(), make_annotator(), {"choice": 3})
    page = html(researcher_client.get(address(study)))
    assert "hx-post" in page
    assert "Try again" not in page


def test_a_page_whose_report_is_damaged_offers_another(researcher_client, commit):
    study = make_rated_study()
    report = ask(researcher_client, study, commit)
    compute_report(report.pk)
    with default_storage.open(stored(report).file.name, "wb") as file:
        file.write(b"nonsense")
    page = html(researcher_client.get(address(study)))
    assert "The report has not been computed yet." in page
    assert "hx-post" in page


def test_a_draft_has_a_page_that_says_so_and_no_report(researcher_client, commit, pokes):
    study = make_study()
    page = html(researcher_client.get(address(study)))
    assert "was never opened" in page
    assert "Open it first." in page
    assert "<form" not in page
    with commit(execute=True):
        researcher_client.post(address(study, "analyses/opinion/refresh/"))
    assert not Report.objects.exists()
    assert pokes == []


def test_odd_numbers_to_wait_for_are_harmless(researcher_client):
    study = make_rated_study()
    for odd in ("x", "-1", "99999999999999999999", "", "²"):
        html(researcher_client.get(address(study), {"waiting": odd}, headers=HTMX))


def test_pages_are_not_kept_by_browsers(researcher_client):
    answer = researcher_client.get(address(make_rated_study()))
    assert "no-store" in answer.headers["Cache-Control"]


def test_long_tables_are_folded(researcher_client, commit):
    study = make_rated_study({f"w{number}": ("NOUN", (3, 4, 5)) for number in range(26)})
    compute_report(ask(researcher_client, study, commit).pk)
    page = html(researcher_client.get(address(study)))
    assert 'id="table-items">Every item with its choices (26 rows)</summary>' in page
    assert page.count("<details>") == 1


def test_what_people_wrote_is_shown_as_text(researcher_client, commit):
    study = make_rated_study({"<script>alert(1)</script>": ("X", (3, 4, 5))})
    compute_report(ask(researcher_client, study, commit).pk)
    page = html(researcher_client.get(address(study)))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


# --- figures and files ------------------------------------------------------------------------------------


def test_figures_are_served_and_may_be_kept(researcher_client, commit):
    report = ask(researcher_client, make_rated_study(), commit)
    compute_report(report.pk)
    figure = f"/evaluation/results/{stored(report).fingerprint}/figures/opinion_scores.svg"
    assert f'src="{figure}"' in html(researcher_client.get(address(report.study)))
    answer = researcher_client.get(figure)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert "<svg" in html(answer)
    assert "immutable" in answer.headers["Cache-Control"]
    assert researcher_client.get(figure.replace("opinion", "no")).status_code == 404


def test_the_codebook_comes_as_a_file(researcher_client):
    study = make_rated_study()
    close_study(study=study)
    codebook = list(csv.DictReader(StringIO(html(researcher_client.get(address(study, "codebook.csv"))))))
    assert [row["column"] for row in codebook] == list(file_frame(study))
