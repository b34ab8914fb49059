"""Two tabs, turns that were lost, the next picture, and waiting for a task."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from annotations.models import Assignment, Place, Response
from annotations.services.turns import expire_due_turns
from tests.annotations.views.visits import make_study_of_one_place, picture, run_out
from tests.browser.steps import (
    answer_button,
    answers,
    assert_pictures_are_loaded,
    be_painted,
    begin,
    chosen,
    rate,
    shown_pictures,
    wait_for_a_task,
)
from tests.factories import give_turn, make_open_study, make_participation

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_of_two_tabs_the_second_is_shown_what_the_first_stored_and_may_replace_it(visit):
    study = make_open_study()
    first = visit()
    begin(first, study)
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.get_by_text("You have this study open in another tab, too.")).to_be_visible()
    for page, choice in ((first, "Good"), (second, "Bad")):
        be_painted(page)
        answer_button(page, choice).click()
    expect(first.get_by_text("1 answered").first).to_be_visible()
    expect(second.get_by_role("alert")).to_contain_text("Your answer “good” to this task is stored.")
    be_painted(second)
    assert chosen(second) == ["1"]
    assert answers() == [{"choice": 4}]
    answer_button(second, "Bad").click()
    expect(second.get_by_role("heading", name="Task 2")).to_be_attached()
    assert answers() == [{"choice": 4}, {"choice": 1}]


def test_an_answer_that_comes_too_late_is_acknowledged_as_kept_and_not_used(visit):
    study = make_study_of_one_place()
    page = visit()
    begin(page, study)
    turn = Assignment.objects.get()
    run_out(turn)
    expire_due_turns(study=study)
    give_turn(turn.task, make_participation(study))
    answer_button(page, "Good").click()
    expect(page.get_by_role("heading", name="Your answer came too late")).to_be_visible()
    expect(page.get_by_text("kept under a random name, but it is not used")).to_be_visible()
    page.get_by_role("button", name="Go on with the next task").click()
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert list(Response.objects.values_list("answer", "late")) == [({"choice": 4}, True)]


def test_the_next_pictures_are_loaded_before_they_are_needed(visit):
    study = make_open_study()
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    begin(page, study)
    page.wait_for_load_state("networkidle")
    following = Place.objects.get(reserved_for__isnull=False).task
    pictures = [picture(name, following) for name in ("image", "overlay")]
    assert set(pictures) <= set(asked)
    rate(page, "4", then="1 ")
    assert shown_pictures(page) == pictures
    assert_pictures_are_loaded(page, 2)


def test_a_page_that_is_looked_at_keeps_its_next_picture(visit):
    study = make_open_study()
    page = visit()
    page.clock.install()
    begin(page, study)
    before = Place.objects.get(reserved_for__isnull=False)
    with page.expect_response(lambda response: response.url.endswith("/keep/")) as kept:
        page.clock.run_for(60_000)
    assert kept.value.status == 204
    after = Place.objects.get(reserved_for__isnull=False)
    assert after == before
    assert after.reserved_until > before.reserved_until


def test_the_waiting_page_asks_again_by_itself(visit, monkeypatch):
    page = visit()
    waiting, held, *_ = wait_for_a_task(page, monkeypatch)
    expect(page.get_by_role("heading", name="One moment, please.")).to_be_visible()
    run_out(held)
    for _ in range(7):
        if "/waiting/" not in page.url:
            break
        page.wait_for_load_state("load")
        with page.expect_navigation():
            page.clock.run_for(10_000)
    expect(page).to_have_url(re.compile("/assignments/"))
    assert waiting.assignments.get(state="claimed").task == held.task
