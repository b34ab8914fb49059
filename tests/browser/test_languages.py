"""The whole task on a small phone in every language, and from right to left; axe finds nothing in any."""

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Assignment, Response
from tests.annotations.views.visits import address
from tests.browser.steps import be_painted
from tests.browser.test_accessibility import assert_accessible
from tests.browser.test_layout import LONG, VISIBLE, scrolls
from tests.factories import make_cohyponym_prompt_set, make_prompt_set, make_run
from tests.speaking import make_speaking_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LANGUAGES = ["en", "de", "es", "zh-hans"]
PHONE = {"viewport": {"width": 360, "height": 512}}
LOOKS = (
    {"color_scheme": "light", "forced_colors": "none"},
    {"color_scheme": "dark", "forced_colors": "none"},
    {"color_scheme": "light", "forced_colors": "active"},
)
# Words that stick out of their button, or lie upon each other.
CUT_OFF = "it => it.scrollWidth > it.clientWidth + 1 || it.scrollHeight > it.clientHeight + 1"


def rating_study():
    text = f"{LONG} with an extraordinarily"
    return make_speaking_study(run=make_run(make_prompt_set([(text, [("extraordinarily", "ADV", "")])])))


def ticking_study():
    return make_speaking_study("object_presence", run=make_run(make_cohyponym_prompt_set()))


def begin_in(page: Page, study, language: str) -> None:
    page.goto(f"{address('start', study)}?language={language}")
    page.locator("main form button").last.click()
    page.locator("main form.actions button").first.click()
    be_painted(page)


def fits(page: Page) -> None:
    assert not scrolls(page)
    whole = page.locator("[data-picture] img, legend, button[name=choice], .task__nav .button:visible")
    for element in whole.all():
        assert element.evaluate(VISIBLE), element.evaluate("it => it.outerHTML")
    for button in page.locator("button[name=choice]").all():
        assert button.bounding_box()["height"] >= 48
        assert not button.evaluate(CUT_OFF), button.inner_text()


@pytest.mark.parametrize("language", [*LANGUAGES, "ar"])
def test_a_rating_is_on_one_screen_of_a_small_phone(visit, language):
    page = visit(**PHONE)
    study = rating_study()
    begin_in(page, study, language)
    fits(page)
    page.keyboard.press("4")
    page.wait_for_url("**/thanks/")
    assert Response.objects.get().answer == {"choice": 4}
    assert Assignment.objects.get().language == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_objects_are_found_by_their_names_on_a_small_phone(visit, language):
    page = visit(**PHONE)
    begin_in(page, ticking_study(), language)
    assert not scrolls(page)
    for element in page.locator("[data-picture] img, .task__form button[type=submit]").all():
        assert element.evaluate(VISIBLE)
    for label in page.locator("label.tick").all():
        assert not label.evaluate(CUT_OFF), label.inner_text()
    name = page.locator("label.tick:has(input[value=elephant])").inner_text().strip()
    page.locator("#find").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator("[data-chosen] li")).to_have_text([name])
    page.keyboard.press("Enter")
    page.wait_for_url("**/thanks/")
    assert Response.objects.get().answer == {"objects": ["elephant"]}


def test_accents_and_breaks_need_not_be_typed(visit):
    page = visit()
    begin_in(page, ticking_study(), "es")
    names = page.locator("label.tick:has(input[name=objects])").all_inner_texts()
    accented = next(name for name in names if any(letter in name for letter in "áéíóúñ"))
    plain = accented.strip().translate(str.maketrans("áéíóúñ", "aeioun", "\u00ad"))
    page.locator("#find").fill(plain)
    page.keyboard.press("Enter")
    expect(page.locator("[data-chosen] li").first).to_have_text(accented.strip())


@pytest.mark.parametrize("make", [rating_study, ticking_study])
def test_an_interface_from_right_to_left_fits_as_well(visit, make):
    """None of the site's own languages is written so, but nothing may depend on that."""
    page = visit(**PHONE)
    begin_in(page, make(), "en")
    page.evaluate("document.documentElement.dir = 'rtl'")
    fits(page)
    assert page.locator("main").evaluate("it => getComputedStyle(it).direction") == "rtl"


@pytest.mark.parametrize("language", [*LANGUAGES, "ar"])
def test_axe_finds_nothing_in_any_language(visit, language):
    page = visit(**PHONE, reduced_motion="reduce")  # or colours are on their way from one look to the next
    study = rating_study()

    def look() -> None:
        for each in LOOKS:
            page.emulate_media(**each)
            assert_accessible(page)

    page.goto(f"{address('start', study)}?language={language}")
    look()
    page.goto(f"{address('no_consent', study)}?language={language}")
    look()
    page.goto(f"{address('start', study)}?language={language}")
    page.locator("main form button").last.click()
    page.wait_for_url("**/instructions/")
    look()
    page.locator("main form.actions button").first.click()
    be_painted(page)
    look()
    for way in ("stop", "withdraw", "report"):
        page.goto(address(way, study))
        look()
    page.goto(address("assignment", study, Assignment.objects.get().pk))
    be_painted(page)
    page.keyboard.press("2")
    page.wait_for_url("**/thanks/")
    look()


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_where_objects_are_ticked_in_any_language(visit, language):
    page = visit(**PHONE, reduced_motion="reduce")
    begin_in(page, ticking_study(), language)
    for each in LOOKS:
        page.emulate_media(**each)
        assert_accessible(page)
    page.locator(".task__form button[type=submit]").click()
    expect(page.get_by_role("alert")).to_be_visible()
    be_painted(page)
    assert_accessible(page)
