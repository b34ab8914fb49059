"""The ways out of a study, from a task's page, in a browser."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Assignment, Outcome, Participation, ProblemReport
from tests.annotations.views.visits import address, held
from tests.browser.steps import begin, wait_for_a_task
from tests.factories import make_open_study

pytestmark = [pytest.mark.services, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def at_a_task(visit, **options) -> tuple[Page, Participation]:
    study = make_open_study()
    page = visit(**options)
    if options.get("java_script_enabled", True):
        begin(page, study)
    else:
        page.goto(address("start", study))
        page.get_by_role("button", name="I agree").click()
        page.get_by_role("button", name="Start").click()
    return page, study.participations.get()


def choose(page: Page, name: str) -> None:
    page.locator(".menu > summary").click()
    page.get_by_role("link", name=name).or_(page.get_by_role("button", name=name)).click()


def test_who_stops_comes_back_to_the_task(visit):
    page, person = at_a_task(visit)
    first = held(person)
    choose(page, "Stop here and come back later")
    expect(page.get_by_role("heading", name="Stop here and come back later?")).to_be_visible()
    page.get_by_role("button", name="Stop here").click()
    expect(page.get_by_role("heading", name="You can close this page.")).to_be_visible()
    first.refresh_from_db()
    assert first.state == Assignment.State.RETURNED
    page.goto(address("start", person.study))
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile("/assignments/"))
    assert held(person) == first


@pytest.mark.parametrize("scripts", [True, False])
def test_one_task_is_declined_and_the_next_one_is_not(visit, scripts):
    page, person = at_a_task(visit, java_script_enabled=scripts)
    first = held(person)
    choose(page, "I do not want to answer this one")
    page.wait_for_url(lambda url: "/assignments/" in url and str(first.pk) not in url.split("/"))
    choose(page, "I do not want to answer this one")
    expect(page.get_by_role("heading", name="This task was not declined")).to_be_visible()
    page.get_by_role("link", name="Go back to the task").click()
    expect(page).to_have_url(re.compile(f"/assignments/{held(person).pk}/"))


def test_a_problem_is_reported_and_the_task_is_there_again(visit):
    page, person = at_a_task(visit)
    turn = held(person)
    choose(page, "Report a problem")
    page.get_by_label("A picture disturbs me").check()
    page.get_by_label("In your words").fill("It is\nupside down.")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_text("Your report is stored. Thank you.")).to_be_visible()
    expect(page).to_have_url(re.compile(f"/assignments/{turn.pk}/"))
    assert ProblemReport.objects.get().text == "It is\nupside down."
    page.keyboard.press("3")
    expect(page).not_to_have_url(re.compile(f"/assignments/{turn.pk}/"))
    expect(page.get_by_text("Your report is stored. Thank you.")).to_be_hidden()


def test_who_withdrew_has_nothing_to_send_any_more(visit):
    page, person = at_a_task(visit)
    kept = f"unsent {person.pseudonym}"
    page.evaluate("name => localStorage.setItem(name, JSON.stringify({at: Date.now()}))", kept)
    page.evaluate("localStorage.setItem('unsent somebodyelse', JSON.stringify({at: Date.now()}))")
    choose(page, "Withdraw from the study")
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("heading", name="You have withdrawn.")).to_be_visible()
    person.refresh_from_db()
    expect(page.get_by_text(person.outcome_code)).to_be_visible()
    page.wait_for_function("name => !(name in localStorage)", arg=kept)
    assert page.evaluate("Object.keys(localStorage)") == ["unsent somebodyelse"]


def test_a_wait_is_counted_down_and_ends_by_itself(visit, monkeypatch):
    page = visit()
    waiting, *_ = wait_for_a_task(page, monkeypatch)
    timer = page.get_by_role("timer")
    expect(timer).to_have_text(re.compile(r"^(5:00|4:5\d)$"))
    page.clock.run_for(3_000)
    expect(timer).to_have_text(re.compile(r"^4:5\d$"))
    monkeypatch.setattr("annotations.services.claims.LONGEST_WAIT", timedelta(0))
    with page.expect_navigation():
        page.clock.run_for(10_000)
    waiting.refresh_from_db()
    assert waiting.outcome == Outcome.INTERRUPTED
    expect(page.get_by_text(waiting.outcome_code)).to_be_visible()
