"""Networks that fail: an answer is never lost and never typed twice, and nothing is answered unseen."""

import pytest
from playwright.sync_api import Page, Route, expect

from annotations.models import Assignment, Response
from annotations.services.turns import expire_due_turns
from tests.annotations.views.visits import address, make_study_of_one_place, run_out
from tests.browser.steps import answer_button, answers, be_painted, begin, chosen
from tests.factories import make_open_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def is_answer(url: str) -> bool:
    return "/assignments/" in url


def on_answers(page: Page, handle) -> None:
    """What happens to answers on their way; everything else goes through."""

    def look(route: Route) -> None:
        if route.request.method == "POST":
            handle(route)
        else:
            route.continue_()

    page.route(is_answer, look)


def expect_kept(page: Page) -> None:
    expect(page.locator("[data-say]:visible")).to_contain_text("Your answer is kept here")


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
def test_an_answer_that_was_given_offline_is_sent_once_the_connection_is_back(visit, kind):
    page = visit()
    begin(page, make_open_study(kind))
    at = page.url
    page.context.set_offline(True)
    if kind == "attribution":
        answer_button(page, "Good").click()
    else:
        page.get_by_role("checkbox", name="zebra", exact=True).check()
        page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("There is no connection. Your answer is kept here")).to_be_visible()
    page.wait_for_timeout(10_000)
    assert answers() == []
    assert page.url == at
    page.context.set_offline(False)
    expect(page).not_to_have_url(at)
    assert answers() == [{"choice": 4} if kind == "attribution" else {"objects": ["zebra"]}]


def test_an_answer_outlives_a_reload_and_a_closed_tab(visit):
    page = visit()
    begin(page, make_open_study())
    at = page.url
    on_answers(page, lambda route: route.abort())
    answer_button(page, "Poor").click()
    expect_kept(page)
    page.reload()
    expect_kept(page)
    assert chosen(page) == ["2"]
    context = page.context
    page.close()
    again = context.new_page()
    again.goto(at)
    expect(again.get_by_role("heading", name="Task 2")).to_be_attached()
    assert answers() == [{"choice": 2}]


def test_an_answer_that_was_stored_though_nobody_heard_of_it_is_not_stored_twice(visit):
    page = visit()
    begin(page, make_open_study())
    lost: list = []

    def lose_the_first(route: Route) -> None:
        response = route.fetch()
        if lost:
            route.fulfill(response=response)
        else:
            lost.append(response)
            route.abort()

    on_answers(page, lose_the_first)
    answer_button(page, "Fair").click()
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    assert len(lost) == 1
    assert answers() == [{"choice": 3}]


def test_a_site_that_has_trouble_is_asked_again(visit):
    page = visit()
    begin(page, make_open_study())
    asked: list[int] = []

    def fail_twice(route: Route) -> None:
        asked.append(1)
        if len(asked) <= 2:
            route.fulfill(status=503, body="busy")
        else:
            route.continue_()

    on_answers(page, fail_twice)
    answer_button(page, "Fair").click()
    expect(page.get_by_text("The site does not answer just now.")).to_be_visible()
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    assert answers() == [{"choice": 3}]


def test_somebody_hears_of_a_site_that_hangs(visit):
    page = visit()
    begin(page, make_open_study())
    hanging: list[Route] = []
    on_answers(page, hanging.append)
    answer_button(page, "Fair").click()
    expect(page.get_by_text("Still sending your answer")).to_be_visible(timeout=8_000)
    expect(page.get_by_text("The site does not answer just now.")).to_be_visible(timeout=25_000)
    for route in hanging:
        route.abort()


def test_without_storage_an_answer_is_kept_for_as_long_as_the_page_is_there(visit):
    page = visit()
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    begin(page, make_open_study())
    page.context.set_offline(True)
    answer_button(page, "Good").click()
    expect_kept(page)
    left = page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    assert left is False  # the browser asks whether to leave
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    assert page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))") is True
    assert answers() == [{"choice": 4}]


def test_of_two_people_at_one_browser_neither_sends_the_others_answer(visit):
    study = make_open_study()
    page = visit()
    begin(page, study)
    on_answers(page, lambda route: route.abort())
    answer_button(page, "Good").click()
    expect_kept(page)
    page.context.clear_cookies()  # somebody else sits down
    page.unroute(is_answer)
    begin(page, study)
    assert chosen(page) == []
    page.wait_for_load_state("networkidle")
    assert answers() == []
    answer_button(page, "Bad").click()
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    assert answers() == [{"choice": 1}]


def test_an_answer_that_met_somebody_else_at_the_browser_is_sent_once_its_person_is_back(visit):
    page = visit()
    begin(page, make_open_study())
    at, cookies = page.url, page.context.cookies()
    page.context.clear_cookies()
    answer_button(page, "Good").click()
    expect(page.get_by_role("heading", name="The page could not be checked.")).to_be_visible()
    page.context.add_cookies(cookies)
    page.goto(at)
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    assert answers() == [{"choice": 4}]


def test_the_last_answer_is_sent_by_whatever_page_its_person_comes_back_to(visit):
    study = make_study_of_one_place()
    page = visit()
    begin(page, study)
    on_answers(page, lambda route: route.abort())
    answer_button(page, "Good").click()
    expect_kept(page)
    turn = Assignment.objects.get()
    run_out(turn)
    expire_due_turns(study=study)
    page.unroute(is_answer)
    page.goto(address("start", study))
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    wait_for_answers(page, 1)
    turn.refresh_from_db()
    assert (answers(), turn.state) == ([{"choice": 4}], "submitted")
    assert page.evaluate("Object.keys(localStorage)") == []


def wait_for_answers(page: Page, count: int) -> None:
    for _ in range(100):
        if len(answers()) == count:
            break
        page.wait_for_timeout(100)
    page.wait_for_load_state("networkidle")
    assert len(answers()) == count


def test_a_site_that_cannot_store_it_lets_the_person_try_again(visit):
    page = visit()
    page.clock.install()
    begin(page, make_open_study())
    asked: list[int] = []

    def fail(route: Route) -> None:
        asked.append(1)
        route.fulfill(status=500, body="broken")

    on_answers(page, fail)
    answer_button(page, "Fair").click()
    for _ in range(40):
        if page.get_by_text("The site could not store your answer, several times.").is_visible():
            break
        page.clock.run_for(10_000)
        page.wait_for_timeout(50)
    expect(page.get_by_text("The site could not store your answer, several times.")).to_be_visible()
    assert len(asked) == 8
    page.unroute(is_answer)
    answer_button(page, "Fair").click()
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    assert answers() == [{"choice": 3}]


def test_a_picture_that_hangs_is_told_and_asked_for_again(visit):
    page = visit()
    page.clock.install()
    hanging: list[Route] = []
    page.route("**/pictures/**", lambda route: hanging.append(route))
    page.goto(address("start", make_open_study()))
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("button", name="Start").click()
    for _ in range(60):
        if hanging:
            break
        page.wait_for_timeout(100)
    page.clock.run_for(21_000)
    expect(page.get_by_text("A picture has not come yet.")).to_be_visible()
    page.unroute("**/pictures/**")
    page.clock.run_for(2_000)
    page.clock.resume()
    be_painted(page)


def test_what_was_looked_at_before_an_answer_was_sent_back_counts(visit):
    page = visit()
    begin(page, make_open_study("object_presence"))
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("Tick every object you see")
    be_painted(page)
    page.get_by_role("checkbox", name="zebra", exact=True).check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    response = Response.objects.get()
    assert sum(end - begin for begin, end in response.visible_spans) >= 1000
    assert not response.assignment.interrupted


@pytest.mark.parametrize("failure", ["missing", "broken", "cut off"])
def test_nothing_is_answered_before_its_pictures_are_painted(visit, failure):
    page = visit()

    def fail(route: Route) -> None:
        if failure == "missing":
            route.fulfill(status=404)
        elif failure == "broken":
            route.fulfill(status=200, content_type="image/png", body="no picture")
        else:
            route.abort()

    page.route("**/pictures/**", fail)
    study = make_open_study()
    page.goto(address("start", study))
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("A picture has not come yet.")).to_be_visible()
    page.keyboard.press("4")
    expect(answer_button(page, "Good")).to_be_disabled()
    page.unroute("**/pictures/**")
    be_painted(page)  # by itself
    expect(page.get_by_text("A picture has not come yet.")).to_be_hidden()
    assert answers() == []
    page.keyboard.press("5")
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    assert answers() == [{"choice": 5}]
    assert Response.objects.get().painted == "painted"


def test_a_browser_that_was_forgotten_is_told_what_is_safe(visit):
    page = visit()
    begin(page, make_open_study())
    page.context.clear_cookies()
    answer_button(page, "Good").click()
    expect(page.get_by_role("heading", name="The page could not be checked.")).to_be_visible()
    assert answers() == []
