"""What axe finds on the annotator's pages: nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from annotations.models import Assignment
from annotations.services.closings import close_study, pause_study
from annotations.services.turns import expire_due_turns
from tests.annotations.views.visits import address, make_study_of_one_place, run_out
from tests.browser.steps import answer_button, be_painted, begin
from tests.factories import give_turn, make_open_study, make_participation

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = [
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"forced_colors": "active"},
    {"color_scheme": "light", "viewport": {"width": 360, "height": 512}},
]


def assert_accessible(page: Page, *, rules: tuple[str, ...] = ()) -> None:
    """By all of axe's rules, or by some."""
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = Axe().run(page, options=options)
    assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"


@pytest.fixture(params=LOOKS, ids=lambda look: " ".join(map(str, look.values())))
def page(visit, request) -> Page:
    opened: Page = visit(**request.param)
    return opened


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
def test_the_way_through_a_study(page, kind):
    study = make_open_study(kind)
    page.goto(address("start", study))
    assert_accessible(page)
    page.get_by_role("button", name="I agree").click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Start").click()
    be_painted(page)
    assert_accessible(page)
    page.get_by_text("More", exact=True).click()
    assert_accessible(page)
    page.get_by_text("More", exact=True).click()
    number = 0
    while not page.get_by_role("heading", name="Thank you.").is_visible():
        number += 1
        if kind == "attribution":
            answer_button(page, "Good").click()
        else:
            page.get_by_role("checkbox", name="zebra", exact=True).check()
            page.get_by_role("button", name="Submit").click()
        progress = page.locator(".site-progress").get_by_text(f"{number} answered")
        expect(progress.or_(page.get_by_role("heading", name="Thank you."))).to_be_visible()
        if number == 1 and progress.is_visible():
            page.get_by_role("link", name="Previous answer").click()
            expect(page.get_by_role("heading", name="Correct an answer")).to_be_attached()
            be_painted(page)
            assert_accessible(page)
            page.get_by_role("button", name="Next task").click()
            be_painted(page)
    assert_accessible(page)


def test_an_answer_that_is_none(page):
    begin(page, make_open_study("object_presence"))
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick every object you see")
    be_painted(page)
    assert_accessible(page)


@pytest.mark.parametrize("change", [pause_study, close_study])
def test_a_study_that_takes_nothing(page, change):
    study = make_open_study()
    begin(page, study)
    change(study=study)
    page.goto(address("instructions", study))
    assert_accessible(page)


def test_a_task_that_went_to_somebody_else(page):
    study = make_study_of_one_place()
    begin(page, study)
    turn = Assignment.objects.get()
    run_out(turn)
    expire_due_turns(study=study)
    give_turn(turn.task, make_participation(study))
    answer_button(page, "Good").click()
    expect(page.get_by_role("heading", name="Your answer came too late")).to_be_visible()
    assert_accessible(page)


def test_what_the_page_has_to_say(page):
    begin(page, make_open_study())
    for message in page.locator("[data-say]").all():
        message.evaluate("it => { it.hidden = false; }")
        assert_accessible(page)
        message.evaluate("it => { it.hidden = true; }")


def test_a_task_that_waits_for_its_pictures(page):
    page.route("**/pictures/**", lambda route: route.abort())
    page.goto(address("start", study := make_open_study()))
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("A picture has not come yet.")).to_be_visible()
    assert_accessible(page)
    page.unroute("**/pictures/**")
    be_painted(page)
    assert study.slug in page.url


@pytest.mark.parametrize("way", ["stop", "withdraw", "report", "no_consent"])
def test_a_way_out(page, way):
    study = make_open_study()
    begin(page, study)
    page.goto(address(way, study))
    assert_accessible(page)


def test_where_who_stopped_or_withdrew_ends(page):
    study = make_open_study()
    begin(page, study)
    page.goto(address("stop", study))
    page.get_by_role("button", name="Stop here").click()
    expect(page.get_by_role("heading", name="You can close this page.")).to_be_visible()
    assert_accessible(page)
    page.goto(address("withdraw", study))
    page.locator("main form button").click()
    page.wait_for_load_state("networkidle")
    assert_accessible(page)


def test_a_study_that_asks_for_a_code(page):
    study = make_open_study(access="codes")
    page.goto(address("start", study))
    assert_accessible(page)
    page.get_by_label("code").fill("ABCD-EFGH-JKMN")
    page.get_by_role("button", name="I agree").click()
    page.wait_for_load_state("networkidle")
    assert_accessible(page)
