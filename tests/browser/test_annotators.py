import re

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Response
from tests.annotations.views.visits import address
from tests.browser.steps import answer_button, answers, assert_pictures_are_loaded, be_painted, begin, chosen
from tests.factories import make_cohyponym_prompt_set, make_open_study, make_prompt_set, make_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
# A word that is longer than a phone is wide, in a long prompt.
LONG = ("dog " * 60 + "W" * 80, [("W" * 80, "NOUN", "")])


def test_attribution_by_the_keyboard_alone(visit):
    study = make_open_study()
    page = visit()
    page.goto(address("start", study))
    for _ in range(2):  # past the link that skips the header, to the button
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for number, key in enumerate("316"):
        expect(page.get_by_text(f"{number} answered").first).to_be_visible()
        assert_pictures_are_loaded(page, 2)
        be_painted(page)
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    expect(page.get_by_text(study.participations.get().completion_code)).to_be_visible()
    assert answers() == [{"choice": 3}, {"choice": 1}, {"choice": 6}]
    times = Response.objects.values_list("milliseconds", flat=True)
    assert all(0 < milliseconds < 60_000 for milliseconds in times)


def test_attribution_by_mouse_and_a_correction(visit):
    study = make_open_study()
    page = visit()
    begin(page, study)
    answer_button(page, "Good").click()
    expect(page.get_by_text("1 answered").first).to_be_visible()
    page.get_by_role("link", name="Previous answer").click()
    expect(page.get_by_role("heading", name="Correct an answer")).to_be_attached()
    be_painted(page)
    assert chosen(page) == ["4"]
    answer_button(page, "Poor").click()
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    assert list(Response.objects.values_list("revision", "answer")) == [
        (0, {"choice": 4}),
        (1, {"choice": 2}),
    ]


def test_objects_are_stored_in_the_order_of_the_clicks(visit):
    study = make_open_study("object_presence")
    page = visit()
    begin(page, study)
    assert_pictures_are_loaded(page, 1)
    for name in ("zebra", "apple", "cat"):
        page.get_by_role("checkbox", name=name, exact=True).check()
    page.get_by_role("checkbox", name="apple").uncheck()
    expect(page.get_by_role("listitem")).to_have_text(["zebra", "cat"])
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert answers() == [{"objects": ["zebra", "cat"]}]


def test_objects_are_found_and_ticked_by_the_keyboard_alone(visit):
    study = make_open_study("object_presence")
    page = visit()
    begin(page, study)
    for name in ("gir", "cup"):  # the first key on the page goes to the search
        page.keyboard.type(name)
        page.keyboard.press("Enter")
    expect(page.get_by_role("listitem")).to_have_text(["giraffe", "cup"])
    page.keyboard.type("nothing like this")
    expect(page.get_by_text("No object of the list has this name.")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert answers() == [{"objects": ["giraffe", "cup"]}]


def test_none_and_objects_exclude_each_other_and_nothing_at_all_is_asked_again(visit):
    study = make_open_study("object_presence")
    page = visit()
    begin(page, study)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick every object you see")
    none = page.get_by_role("checkbox", name="None of these objects")
    page.get_by_role("checkbox", name="cat", exact=True).check()
    none.check()
    expect(page.get_by_role("checkbox", name="cat", exact=True)).not_to_be_checked()
    page.get_by_role("checkbox", name="dog", exact=True).check()
    expect(none).not_to_be_checked()
    none.check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert answers() == [{"objects": []}]


def choose(page: Page, kind: str) -> dict:
    """Answer the task; what should be stored."""
    if kind == "attribution":
        answer_button(page, "Good").click()
        return {"choice": 4}
    page.get_by_role("checkbox", name="zebra", exact=True).check()
    page.get_by_role("button", name="Submit").click()
    return {"objects": ["zebra"]}


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
def test_everything_works_without_scripts(visit, kind):
    study = make_open_study(kind)
    page = visit(java_script_enabled=False)
    begin(page, study, has_scripts=False)
    address_before = page.url
    answer = choose(page, kind)
    expect(page).not_to_have_url(address_before)
    assert answers() == [answer]
    response = Response.objects.get()
    assert (response.painted, response.milliseconds, response.layout) == ("unknown", None, {})


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
def test_every_page_fits_a_phone_and_can_be_touched(visit, kind):
    prompt_set = make_prompt_set([LONG]) if kind == "attribution" else make_cohyponym_prompt_set()
    study = make_open_study(kind, make_run(prompt_set))
    page = visit(**PHONE)
    page.goto(address("start", study))
    assert_fits(page)
    page.get_by_role("button", name="I agree").tap()
    expect(page).to_have_url(re.compile("/instructions/"))
    assert_fits(page)
    page.get_by_role("button", name="Start").tap()
    expect(page).to_have_url(re.compile("/assignments/"))
    assert_fits(page)
    be_painted(page)
    choose(page, kind)
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert_fits(page)


def assert_fits(page: Page) -> None:
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for target in page.locator("main :is(button, a, label:has(input), input[type=search]):visible").all():
        box = target.bounding_box()
        assert box["height"] >= 44, target.inner_text()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def test_at_night_the_page_is_dark(visit):
    study = make_open_study()
    shades = {}
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme)
        page.goto(address("start", study))
        shade = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        shades[scheme] = sum(int(part) for part in re.findall(r"\d+", shade)[:3])
    assert shades["light"] > 600
    assert shades["dark"] < 150
