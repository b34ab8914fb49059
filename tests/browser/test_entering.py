"""Entry codes and narrow windows, as a browser shows them."""

import re

import pytest
from playwright.sync_api import Page, expect

from annotations.services.entry_codes import make_entry_codes
from tests.annotations.views.visits import address
from tests.browser.steps import answers, begin
from tests.factories import make_open_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TASK = re.compile("/assignments/")
ELSEWHERE = "You went on on another device."


def enter(page: Page, study, code: str) -> None:
    page.goto(address("start", study))
    page.get_by_label("Your entry code").fill(code)
    page.get_by_role("button", name="I agree").click()


def answer(page: Page, key: str) -> None:
    expect(page.locator("[data-task-form].is-waiting")).to_have_count(0)
    page.keyboard.press(key)


def test_a_second_device_takes_over_and_the_first_one_says_so_and_takes_it_back(visit):
    study = make_open_study(access="codes")
    (made,) = make_entry_codes(study=study, count=1)
    first, second = visit(), visit()
    enter(first, study, made.code.lower().replace("-", " "))
    first.get_by_role("button", name="Start").click()
    expect(first).to_have_url(TASK)
    enter(second, study, made.code)
    expect(second).to_have_url(first.url)
    answer(first, "4")
    expect(first.get_by_role("heading", name=ELSEWHERE)).to_be_visible()
    expect(first.get_by_text("The answer that you just sent is stored.")).to_be_visible()
    # What is stored is not answered again unseen.
    answer(second, "2")
    expect(second.get_by_text("is stored. Nothing was changed by this page")).to_be_visible()
    first.get_by_role("button", name="Go on here").click()
    first.get_by_role("button", name="Continue").click()
    expect(first.get_by_role("heading", name="Task 2")).to_be_attached()
    answer(first, "5")
    expect(first.get_by_role("heading", name="Task 3")).to_be_attached()
    assert answers() == [{"choice": 4}, {"choice": 5}]
    second.goto(address("start", study))
    expect(second.get_by_role("heading", name=ELSEWHERE)).to_be_visible()


def test_a_page_of_a_device_that_is_none_any_more_is_told_without_being_touched(visit):
    study = make_open_study(access="codes")
    (made,) = make_entry_codes(study=study, count=1)
    first, second = visit(), visit()
    first.clock.install()
    enter(first, study, made.code)
    first.get_by_role("button", name="Start").click()
    expect(first).to_have_url(TASK)
    expect(first.get_by_text(ELSEWHERE)).to_be_hidden()
    enter(second, study, made.code)
    expect(second).to_have_url(TASK)
    first.clock.run_for(61_000)
    expect(first.get_by_text(ELSEWHERE)).to_be_visible()
    first.get_by_role("link", name="Go on here instead").click()
    expect(first.get_by_role("button", name="Go on here")).to_be_visible()


def test_a_wrong_code_is_said_at_its_field_with_what_was_typed(visit):
    study = make_open_study(access="codes")
    page = visit()
    enter(page, study, "P01")
    expect(page.get_by_text("This is no code of this study.")).to_be_visible()
    expect(page.get_by_label("Your entry code")).to_have_value("P01")


def test_a_window_that_is_too_narrow_is_told_before_consent_and_at_every_task(visit):
    study = make_open_study(min_width=700)
    page = visit(viewport={"width": 600, "height": 700})
    page.goto(address("start", study))
    before = page.get_by_text("This study asks for a window that is at least 700 pixels wide")
    expect(before).to_be_visible()
    page.set_viewport_size({"width": 700, "height": 700})
    expect(before).to_be_hidden()
    begin(page, study)
    at_the_task = page.get_by_text("Your window is narrower than this study asks for.")
    expect(at_the_task).to_be_hidden()
    page.set_viewport_size({"width": 600, "height": 700})
    expect(at_the_task).to_be_visible()
    answer(page, "3")
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    expect(at_the_task).to_be_visible()
