"""The progress that every page shows that waits for leased work."""

import pytest
from django.template import engines
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from annotations.models import Opening
from daamweb.projects.models import Role
from daamweb.waiting import buttons
from tests.factories import make_member, make_study, make_user

pytestmark = pytest.mark.django_db
PAGE = engines["django"].from_string("{% load work %}{% work_progress row %}")
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/generation/runs/1/?page=2"}


@pytest.fixture
def opening() -> Opening:
    return Opening.objects.create(study=make_study())


@pytest.fixture
def pressed(monkeypatch) -> list[tuple]:
    """The buttons of openings that were pressed."""
    found: list[tuple] = []
    monkeypatch.setattr(buttons, "_offered", {})
    buttons.offer(
        Opening,
        cancel=lambda row, by: found.append(("cancel", row.pk, by.username)),
        again=lambda row, by: found.append(("again", row.pk, by.username)),
    )
    return found


def address_of(row: Opening) -> str:
    return f"/work/annotations.opening/{row.pk}/"


def shown(row: Opening, role: str = Role.RESEARCHER) -> str:
    """On the page /there/."""
    request = RequestFactory().get("/there/?page=3")
    request.user, request.htmx = make_member(role, row.study.project), HtmxDetails(request)
    return " ".join(PAGE.render({"row": row}, request).split())


def test_what_waits_asks_for_itself_and_says_what_to_do_without_scripts(opening):
    page = shown(opening)
    assert "Waits for a worker." in page
    assert f'hx-get="{address_of(opening)}" hx-trigger="every 2s" hx-swap="outerHTML"' in page
    assert "<progress aria-label=" in page  # of nobody knows how many
    assert "<noscript>Reload this page in a few seconds.</noscript>" in page


def test_what_gave_way_and_what_is_silent_say_so(opening):
    opening.take()
    opening.renew(done=3, total=8)
    assert "Nothing was heard" not in shown(opening)
    opening.lease_expires_at -= 0.6 * Opening.LEASE
    assert "Nothing was heard from it since" in shown(opening)
    opening.put_off()
    opening.refresh_from_db()
    page = shown(opening)
    assert "Others come first for a moment; then it goes on." in page
    assert '<progress max="8" value="3"' in page


def test_what_runs_says_how_far_it_is_and_which_attempt_it_is(opening):
    Opening.objects.update(attempts=1)
    opening.take()
    opening.renew(done=3, total=8)
    page = shown(opening)
    assert "A worker is at it (attempt 2 of 3)." in page
    assert '<progress max="8" value="3"' in page
    assert "3 of 8" in page


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda row: row.finish(), "Done."),
        (lambda row: row.fail("Its <b>file</b> is gone."), "Its &lt;b&gt;file&lt;/b&gt; is gone."),
        (lambda row: row.cancel(), "Cancelled."),
    ],
)
def test_what_has_ended_asks_for_nothing_any_more(opening, end, words):
    opening.take()
    end(opening)
    opening.refresh_from_db()
    page = shown(opening)
    assert words in page
    assert "hx-get" not in page
    assert "<progress" not in page


def test_what_is_put_off_says_why_and_until_when(opening):
    opening.take()
    opening.put_off(opening.created_at.replace(hour=13, minute=5, second=9), "The platform asks to wait.")
    opening.refresh_from_db()
    assert "To be tried again at 13:05:09 UTC." in shown(opening)
    assert "The platform asks to wait." in shown(opening)


# --- the address that it asks -----------------------------------------------------------------------------


def test_the_part_that_htmx_asks_for_is_the_progress_alone_until_the_page_is_to_be_loaded_anew(
    opening, member_client
):
    browser = member_client(Role.OBSERVER)
    part = browser.get(address_of(opening), headers=HTMX)
    assert part.text.startswith('<div class="work-progress" hx-get=')
    opening.take()
    opening.finish()
    ended = browser.get(address_of(opening), headers=HTMX)
    assert (ended.status_code, ended.headers["HX-Refresh"], ended.text) == (200, "true", "")


def test_what_is_gone_has_the_page_loaded_anew_which_will_say_so(opening, member_client):
    browser = member_client(Role.OBSERVER)
    Opening.objects.all().delete()
    gone = browser.get(address_of(opening), headers=HTMX)
    assert (gone.status_code, gone.headers["HX-Refresh"]) == (404, "true")
    assert "HX-Refresh" not in browser.get(address_of(opening)).headers


def test_work_has_a_page_of_its_own(opening, member_client):
    page = member_client(Role.OBSERVER).get(address_of(opening))
    assert "Waits for a worker." in page.text
    assert page.text.lstrip().startswith("<!doctype html>")


@pytest.mark.parametrize("label", ["annotations.study", "annotations.nothing", "opening", "a.b.c"])
def test_what_is_no_kind_of_work_is_not_there(opening, label, researcher_client):
    assert researcher_client.get(f"/work/{label}/{opening.pk}/").status_code == 404


# --- its buttons ------------------------------------------------------------------------------------------


def fail(row: Opening) -> None:
    row.take()
    row.fail("Its file is gone.")


def test_a_kind_that_offers_nothing_has_no_buttons(opening, monkeypatch):
    monkeypatch.setattr(buttons, "_offered", {})
    assert "<form" not in shown(opening)
    fail(opening)
    assert "<form" not in shown(opening)


def test_what_waits_is_cancelled_and_what_failed_tried_again_by_those_who_may_change_it(opening, pressed):
    assert "Cancel" in shown(opening)
    assert "Cancel" not in shown(opening, Role.OBSERVER)
    fail(opening)
    assert "Try again" in shown(opening)
    assert "Cancel" not in shown(opening)
    assert "Try again" not in shown(opening, Role.OBSERVER)


def test_a_button_leads_back_to_the_page_that_it_stands_on(opening, pressed, member_client):
    assert 'name="next" value="/there/?page=3"' in shown(opening)
    browser = member_client(Role.RESEARCHER)
    part = browser.get(address_of(opening), headers=HTMX).text
    assert 'name="next" value="/generation/runs/1/?page=2"' in part
    answer = browser.post(f"{address_of(opening)}cancel/", {"next": "/generation/runs/1/?page=2"})
    assert answer.headers["Location"] == "/generation/runs/1/?page=2"


def test_a_button_leads_to_no_other_site(opening, pressed, member_client):
    answer = member_client(Role.RESEARCHER).post(
        f"{address_of(opening)}cancel/", {"next": "https://elsewhere.example/"}
    )
    assert answer.headers["Location"] == address_of(opening)


def test_a_button_does_what_the_kind_offers_once_it_can_be_done(opening, pressed, member_client):
    browser = member_client(Role.RESEARCHER)
    browser.post(f"{address_of(opening)}again/")  # it has not failed
    browser.post(f"{address_of(opening)}cancel/")
    fail(opening)
    browser.post(f"{address_of(opening)}cancel/")  # it has ended
    browser.post(f"{address_of(opening)}again/")
    assert [(what, pk) for what, pk, _ in pressed] == [("cancel", opening.pk), ("again", opening.pk)]


@pytest.mark.parametrize("button", ["cancel", "again"])
def test_what_a_button_is_refused_is_said_on_the_page_that_comes_next(
    opening, button, member_client, monkeypatch
):
    def refuse(row, by):
        raise LookupError("The study was erased meanwhile.")

    monkeypatch.setattr(buttons, "_offered", {})
    buttons.offer(Opening, cancel=refuse, again=refuse, refusals=(LookupError,))
    if button == "again":
        fail(opening)
    answer = member_client(Role.RESEARCHER).post(f"{address_of(opening)}{button}/", follow=True)
    assert answer.status_code == 200
    assert '<div class="notice error" role="status">The study was erased meanwhile.</div>' in answer.text


@pytest.mark.parametrize("button", ["cancel", "again"])
def test_a_button_that_no_kind_offers_is_not_there(opening, button, member_client, monkeypatch):
    monkeypatch.setattr(buttons, "_offered", {})
    assert member_client(Role.RESEARCHER).post(f"{address_of(opening)}{button}/").status_code == 404


@pytest.mark.parametrize("logged_in", [False, True], ids=["logged out", "no staff"])
def test_who_was_logged_out_meanwhile_loads_the_page_anew_and_no_login_is_put_into_it(
    client, opening, logged_in
):
    if logged_in:
        client.force_login(make_user())
    for address in (address_of(opening), f"/generation/runs/{opening.study.run_id}/"):
        answer = client.get(address, headers=HTMX)
        assert (answer.status_code, answer.headers["HX-Refresh"], answer.content) == (200, "true", b"")
        assert client.get(address).status_code == 302
