"""The whole task on a small phone in every language, and from right to left; axe finds nothing in any."""

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from annotations.models import Assignment, Response
from annotations.services.closings import close_study, pause_study
from annotations.services.entry_codes import make_entry_codes
from annotations.services.turns import expire_due_turns
from tests.annotations.services.rows import leave_the_last_task_to_others
from tests.annotations.views.visits import address, run_out
from tests.browser.steps import be_painted
from tests.browser.test_accessibility import assert_accessible
from tests.browser.test_layout import LONG, VISIBLE, scrolls
from tests.factories import (
    give_turn,
    make_cohyponym_prompt_set,
    make_participation,
    make_prompt_set,
    make_run,
)
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
SETTLED = """
async () => {
  for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
  await Promise.allSettled(document.getAnimations().map((each) => each.finished));
}
"""


def rating_study():
    text = f"{LONG} with an extraordinarily"
    return make_speaking_study(
        run=make_run(make_prompt_set([(text, [("with", "ADP", ""), ("extraordinarily", "ADV", "")])]))
    )


def one_word_study():
    return make_speaking_study(run=make_run(make_prompt_set([("A dog", [("dog", "NOUN", "")])])), replicas=1)


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


def look(page: Page) -> None:
    """In every look; colours go from one to the next by and by. All that changes are colours."""
    for number, each in enumerate(LOOKS):
        page.emulate_media(**each, reduced_motion="reduce")
        page.evaluate(SETTLED)
        assert_accessible(page, rules=("color-contrast",) if number else ())


@pytest.mark.parametrize("language", [*LANGUAGES, "ar"])
def test_a_rating_is_on_one_screen_of_a_small_phone(visit, language):
    page = visit(**PHONE)
    study = rating_study()
    begin_in(page, study, language)
    first = Assignment.objects.get()
    fits(page)
    page.keyboard.press("4")
    page.wait_for_url(lambda address: not address.endswith(f"/{first.pk}/"))
    be_painted(page)
    expect(page.locator(".task__nav a.button")).to_be_visible()  # to the answer before
    fits(page)
    page.keyboard.press("4")
    page.wait_for_url("**/thanks/")
    for response in Response.objects.all():
        assert response.answer == {"choice": 4}
        assert response.layout["language"] == language
        assert response.layout["direction"] == ("rtl" if language == "ar" else "ltr")
    assert {turn.language for turn in Assignment.objects.all()} == {language}


def test_what_is_chosen_in_another_tab_is_the_whole_next_pages_language(visit):
    page = visit()
    study = rating_study()
    begin_in(page, study, "ar")
    other = page.context.new_page()
    other.goto(address("instructions", study))
    other.locator("button[name=language][value=zh-hans]").click()
    other.wait_for_url("**/instructions/")
    page.keyboard.press("2")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    be_painted(page)
    expect(page.locator("header [lang]")).to_have_attribute("lang", "zh-hans")
    assert Response.objects.get().layout["language"] == "ar"  # what was read when it was answered


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [320, 360, 390])
def test_what_is_said_before_consent_fits_a_small_phone(visit, language, width):
    page = visit(viewport={"width": width, "height": 640})
    study = make_speaking_study(minutes=12, pay="3 €", contact="Ada Lovelace, ada.lovelace@example.org")
    page.goto(f"{address('start', study)}?language={language}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


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
    page = visit(**PHONE)
    study = rating_study()

    page.goto(f"{address('start', study)}?language={language}")
    look(page)
    page.goto(f"{address('no_consent', study)}?language={language}")
    look(page)
    page.goto(f"{address('start', study)}?language={language}")
    page.locator("main form button").last.click()
    page.wait_for_url("**/instructions/")
    look(page)
    page.locator("main form.actions button").first.click()
    be_painted(page)
    look(page)
    for way in ("stop", "withdraw", "report"):
        page.goto(address(way, study))
        look(page)
    page.goto(address("assignment", study, Assignment.objects.get().pk))
    be_painted(page)
    page.keyboard.press("2")
    expect(page.locator(".task__nav a.button")).to_be_visible()
    be_painted(page)
    look(page)
    page.keyboard.press("2")
    page.wait_for_url("**/thanks/")
    look(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_where_objects_are_ticked_in_any_language(visit, language):
    page = visit(**PHONE)
    begin_in(page, ticking_study(), language)
    look(page)
    page.locator(".task__form button[type=submit]").click()
    expect(page.get_by_role("alert")).to_be_visible()
    be_painted(page)
    assert_accessible(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_pages_of_an_end(visit, language):
    page = visit(**PHONE)
    study = rating_study()
    begin_in(page, study, language)
    page.locator("[data-say]").evaluate_all("all => all.forEach((it) => { it.hidden = false; })")
    look(page)
    page.goto(address("stop", study))
    page.locator("main form button").first.click()
    page.wait_for_url("**/stopped/")
    look(page)
    pause_study(study=study, stop_everybody=True)
    page.goto(address("instructions", study))
    look(page)
    close_study(study=study)
    page.goto(address("instructions", study))
    look(page)
    page.goto(address("withdraw", study))
    page.locator("main form button").first.click()
    page.wait_for_load_state("networkidle")
    look(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_where_somebody_waits_or_comes_too_late(visit, language, monkeypatch):
    page = visit(**PHONE)
    study = make_speaking_study(replicas=2)
    page.goto(f"{address('start', study)}?language={language}")
    page.locator("main form button").last.click()
    page.wait_for_url("**/instructions/")
    leave_the_last_task_to_others(study.participations.get(), monkeypatch)
    page.locator("main form.actions button").first.click()
    page.wait_for_url("**/waiting/")
    look(page)
    late = one_word_study()
    begin_in(page, late, language)
    turn = Assignment.objects.get(study=late)
    run_out(turn)
    expire_due_turns(study=late)
    give_turn(turn.task, make_participation(late))
    page.keyboard.press("4")
    expect(page.locator("[data-task-form]")).to_have_count(0)
    look(page)
    page.context.clear_cookies()
    page.goto(address("assignment", late, turn.pk))
    look(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_where_a_code_is_asked_for(visit, language):
    page = visit(**PHONE, locale=language)
    study = make_speaking_study(access="codes")
    page.goto(f"{address('start', study)}?language={language}")
    look(page)
    page.locator("input[name=code]").fill("ABCD-EFGH-JKMN")
    page.locator("main form button").last.click()
    expect(page.locator(".errorlist")).to_be_visible()
    look(page)
    code = make_entry_codes(study=study, count=1)[0].code
    page.locator("input[name=code]").fill(code)
    page.locator("main form button").last.click()
    page.wait_for_url("**/instructions/")
    Client().post(address("start", study), {"code": code})
    page.goto(address("start", study))
    assert page.locator("html").get_attribute("lang") == language
    look(page)
