"""A researcher writes a study's Arabic texts in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.annotations.arabic import TEXTS, add_arabic, arabic_wordings
from tests.browser.test_accessibility import LOOKS, assert_accessible
from tests.browser.test_scripts import log_in
from tests.factories import make_open_study, make_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=LOOKS, ids=lambda look: " ".join(map(str, look.values())))
def page(visit, researcher, request) -> Page:
    opened: Page = visit(**request.param)
    log_in(opened, researcher)
    return opened


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def direction(page: Page, label: str) -> str:
    return page.get_by_label(label, exact=True).evaluate("(field) => getComputedStyle(field).direction")


def test_what_is_typed_runs_as_the_language_is_written(page):
    study = make_study()
    page.goto(f"/studies/{study.pk}/languages/")
    page.get_by_label("Tag of another language").fill("AR")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Missing: the title, the consent")).to_be_visible()
    assert (direction(page, "Title:"), direction(page, "Read by:")) == ("rtl", "ltr")
    for label, text in (("Title:", "title"), ("Consent:", "consent"), ("Instructions:", "instructions")):
        page.get_by_label(label, exact=True).fill(TEXTS[text])
    for number, said in enumerate(arabic_wordings(study).values()):
        page.locator(f"#id_wording_{number}").fill(said)
    assert_accessible(page)
    assert_fits(page)
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_text("Nothing is missing.")).to_be_visible()
    expect(page.get_by_label("Title:", exact=True)).to_have_value(TEXTS["title"])
    page.get_by_role("link", name="Languages").click()
    expect(page.get_by_role("row").filter(has_text="Arabic")).to_contain_text("when it opens")
    assert_accessible(page)
    assert_fits(page)


def test_a_mistake_is_marked_where_it_is(page):
    study = make_study()
    add_arabic(study)
    page.goto(f"/studies/{study.pk}/languages/ar/")
    page.locator("#id_wording_0").fill("ما هذا؟")
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_text("It has to have {word} once")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)


def test_what_was_frozen_is_looked_at(page):
    study = make_open_study(languages=("zh-hans",))
    page.goto(f"/studies/{study.pk}/languages/zh-hans/")
    expect(page.get_by_text("The plan is frozen")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
