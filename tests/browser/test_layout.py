"""Picture and question on one screen, from a small phone to a large desktop."""

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Response
from tests.browser.steps import answer_button, be_painted, begin
from tests.factories import make_cohyponym_prompt_set, make_open_study, make_prompt_set, make_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# width, height, and how wide a picture is at least.
SCREENS = [
    (360, 512, 140),
    (360, 740, 165),
    (412, 915, 190),
    (768, 1024, 360),
    (1280, 720, 380),
    (1920, 1080, 650),
]
LONG = "a photograph of a very small dog that sits beside a large cat under an old tree " * 3
PROMPTS = {"short": ("A dog", "dog"), "long": (f"{LONG} with an extraordinarily", "extraordinarily")}
VISIBLE = """
element => {
  const { top, bottom, left, right } = element.getBoundingClientRect();
  return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
}
"""

WITHIN_ITS_PROMPT = """
word => {
  const [inner, outer] = [word, word.parentElement].map((element) => element.getBoundingClientRect());
  return inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
}
"""


def scrolls(page: Page) -> bool:
    return page.locator("html").evaluate(
        "root => root.scrollHeight > innerHeight || root.scrollWidth > innerWidth"
    )


def shown_width(page: Page) -> float:
    """Of the first picture, inside of its box."""
    return page.locator("[data-picture] img").first.evaluate(
        "image => Math.min(image.clientWidth, image.clientHeight * image.naturalWidth / image.naturalHeight)"
    )


def attribution_study(prompt: str):
    text, word = PROMPTS[prompt]
    return make_open_study(run=make_run(make_prompt_set([(text, [(word, "NOUN", "")])])))


@pytest.mark.parametrize(("width", "height", "at_least"), SCREENS)
@pytest.mark.parametrize("prompt", list(PROMPTS))
def test_the_whole_task_is_on_one_screen(visit, prompt, width, height, at_least):
    page = visit(viewport={"width": width, "height": height})
    begin(page, attribution_study(prompt))
    assert not scrolls(page)
    whole = page.locator("[data-picture] img, legend, button[name=choice], .task__nav .button:visible")
    for element in whole.all():
        assert element.evaluate(VISIBLE), element.evaluate("it => it.outerHTML")
    assert page.locator("[data-word]").evaluate(WITHIN_ITS_PROMPT)
    for button in page.locator("button[name=choice]").all():
        assert button.bounding_box()["height"] >= 48
    assert shown_width(page) >= (at_least if prompt == "short" else 0.75 * at_least)
    answer_button(page, "Good").click()
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    layout = Response.objects.get().layout
    assert (layout["arrangement"], layout["viewport"]) == ("one screen", [width, height])
    assert layout["picture"][0] >= 0.75 * at_least


@pytest.mark.parametrize(("width", "height", "at_least"), SCREENS)
def test_the_list_scrolls_and_the_picture_and_the_button_stay(visit, width, height, at_least):
    page = visit(viewport={"width": width, "height": height})
    begin(page, make_open_study("object_presence", make_run(make_cohyponym_prompt_set())))
    assert not scrolls(page)
    for element in page.locator("[data-picture] img, .task__form button[type=submit]").all():
        assert element.evaluate(VISIBLE)
    assert shown_width(page) >= 0.9 * min(at_least, 0.36 * height)
    last = page.locator("label.tick").last
    last.scroll_into_view_if_needed()
    page.get_by_role("checkbox", name="zebra", exact=True).scroll_into_view_if_needed()
    assert page.locator("[data-picture] img").first.evaluate(VISIBLE)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (360, 420), (640, 320)])
def test_where_there_is_too_little_room_it_scrolls_and_the_pictures_stay_in_sight(visit, width, height):
    page = visit(viewport={"width": width, "height": height})
    begin(page, attribution_study("long"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("button[name=choice]").last.scroll_into_view_if_needed()
    for picture in page.locator("[data-picture] img:not(.picture__plain)").all():
        assert picture.evaluate(VISIBLE)
    answer_button(page, "Good").click()
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert Response.objects.get().layout["arrangement"] == "scrolling"


def test_a_picture_is_enlarged_in_place_and_that_is_recorded(visit):
    page = visit(viewport={"width": 360, "height": 640})
    begin(page, attribution_study("short"))
    before = shown_width(page)
    page.locator("[data-picture=image] .picture__frame").click()
    assert shown_width(page) > 1.8 * before
    expect(page.locator("[data-picture=overlay]")).to_be_hidden()
    page.locator("[data-picture=image] .picture__frame").click()
    assert shown_width(page) == before
    page.keyboard.press("0")
    expect(page.get_by_role("button", name="Hide the area")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("0")
    page.get_by_role("button", name="Larger").last.press("Enter")
    be_painted(page)
    page.keyboard.press("3")
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    layout = Response.objects.get().layout
    assert (layout["enlarged"], layout["overlay_hidden"], layout["input"]) == (2, 1, "keyboard")


def test_keys_can_be_switched_off(visit):
    page = visit()
    begin(page, attribution_study("short"))
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Keys answer").uncheck()
    page.keyboard.press("Escape")
    page.get_by_text("More", exact=True).click()
    page.keyboard.press("4")
    page.reload()
    be_painted(page)
    page.keyboard.press("4")
    page.wait_for_timeout(500)
    assert not Response.objects.exists()
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Keys answer").check()
    page.locator("h1").focus()
    page.keyboard.press("4")
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
