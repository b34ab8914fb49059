"""Objects stand in each person's own order, and what is found in the order in which Enter ticks it."""

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Participation
from tests.browser.steps import answers, begin
from tests.factories import make_open_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def shown(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(".objects__list .tick:visible").all_inner_texts()]


def test_what_is_shown_first_is_what_enter_ticks_whatever_the_persons_own_order(visit):
    study = make_open_study("object_presence")
    objects = study.options["objects"]
    page = visit()
    begin(page, study)
    own = [objects[index] for index in Participation.objects.get().option_order]
    assert shown(page) == own
    assert own != objects
    page.get_by_label("Find an object").focus()
    page.keyboard.type("or")
    # The one that begins so, then those that have it within, by the alphabet.
    found = [name for name in objects if "or" in name]
    assert found[0] == "fork"
    expected = sorted(found, key=lambda name: (not name.startswith("or"), name))
    assert expected[0] == "orange"
    assert shown(page) == expected
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem")).to_have_text(["orange"])
    assert shown(page) == own
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert answers() == [{"objects": ["orange"]}]
