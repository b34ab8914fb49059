"""An annotator reports a problem."""

import pytest
from django.test import Client

from annotations.models import ProblemReport
from annotations.services.problems import MOST_OF_A_PERSON
from tests.annotations.views.visits import address, held, join
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(client):
    return held(join(client, make_open_study()))


def report(browser: Client, turn, **fields):
    return browser.post(address("report_task", turn.study, turn.pk), fields)


def test_a_report_is_stored_and_leads_back_to_the_task(client, turn):
    page = client.get(address("report_task", turn.study, turn.pk))
    for label in ("A picture does not load", "A picture disturbs me", "Something on the page does not work"):
        assert label in page.text
    answer = report(client, turn, kind="picture_disturbs", text="Blood.\r\nA lot.")
    assert answer.url == f"{address('assignment', turn.study, turn.pk)}?reported"
    made = ProblemReport.objects.get()
    assert (made.assignment, made.participation, made.study) == (turn, turn.participation, turn.study)
    assert (made.kind, made.text) == ("picture_disturbs", "Blood.\nA lot.")
    message = '<p class="notice" data-say="reported">Your report is stored.'
    assert message in client.get(answer.url).text
    assert message not in client.get(address("assignment", turn.study, turn.pk)).text


def test_a_report_need_not_be_of_a_task(client, turn):
    answer = client.post(address("report", turn.study), {"kind": "page_broken"})
    assert answer.url == f"{address('report', turn.study)}?reported"
    assert "Your report is stored." in client.get(answer.url).text
    assert (ProblemReport.objects.get().assignment, ProblemReport.objects.get().text) == (None, "")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "Please choose what it is."),
        ({"kind": "poem-" + "z" * 100}, "This is none of the choices"),
        ({"kind": "other", "text": "z" * 100_000}, "This is too long: at most 1,000 characters"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_and_not_echoed(client, turn, fields, reason):
    page = report(client, turn, **fields)
    assert page.status_code == 422
    assert reason in page.text
    assert "z" * 20 not in page.text
    assert not ProblemReport.objects.exists()


def test_lines_are_counted_once_however_a_browser_ends_them(client, turn):
    text = "\r\n".join(["x"] * 500)
    assert len(text.replace("\r", "")) == 999
    assert report(client, turn, kind="other", text=text).status_code == 302


def test_what_was_typed_stays_when_something_else_was_wrong(client, turn):
    assert ">It is upside down.</textarea>" in report(client, turn, text="It is upside down.").text.replace(
        "\n", ""
    )


def test_nobody_reports_for_somebody_else(client, turn):
    other, stranger = Client(), Client()
    join(other, turn.study)
    assert report(other, turn, kind="other").status_code == 404
    assert report(stranger, turn, kind="other").status_code == 403
    assert stranger.post(address("report", turn.study), {"kind": "other"}).url == address("start", turn.study)
    assert not ProblemReport.objects.exists()


def test_after_twenty_no_more_are_stored(client, turn):
    for _ in range(MOST_OF_A_PERSON):
        report(client, turn, kind="other")
    page = report(client, turn, kind="other", text="Once more.")
    assert page.status_code == 422
    assert "You have reported 20 problems, and no more are stored here." in page.text
    assert ProblemReport.objects.count() == MOST_OF_A_PERSON


def test_what_is_written_is_shown_as_text_to_researchers(client, researcher_client, turn):
    person = Client()
    mine = held(join(person, turn.study))
    report(person, mine, kind="other", text="<b>Bold</b>")
    page = researcher_client.get("/admin/annotations/problemreport/")
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page.text
    assert mine.participation.pseudonym in page.text
