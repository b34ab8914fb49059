"""One task follows another in the page that is there; every turn has its address all the same."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from annotations.models import Assignment
from tests.browser.steps import (
    answers,
    assert_pictures_are_loaded,
    be_painted,
    begin,
    chosen,
    rate,
    shown_pictures,
)
from tests.factories import make_cohyponym_prompt_set, make_open_study, make_prompt_set, make_run

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_no_page_is_loaded_between_tasks_and_every_picture_is_there_before(visit):
    words = [("cat", "NOUN", "target"), ("dog", "NOUN", "target"), (".", "PUNCT", "attention_check")]
    run = make_run(make_prompt_set([("A cat and a dog.", words)]), seeds=(0, 1))
    study = make_open_study(run=run, check_every=2)
    page = visit()
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.resource_type, urlsplit(request.url).path)))
    begin(page, study)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.itIsTheSamePage = true")
    tasks = study.items + study.checks
    for number in range(1, tasks):
        asked_before, at = list(asked), page.url
        rate(page, "4", then=f"{number} ")
        assert page.evaluate("window.itIsTheSamePage")
        assert page.url != at
        assert page.title().startswith(f"Task {number + 1}")
        # Checks too: nobody can tell one by how long its picture takes.
        assert {("image", address) for address in shown_pictures(page)} <= set(asked_before)
        assert_pictures_are_loaded(page, 2)
        page.wait_for_load_state("networkidle")
    assert [kind for kind, path in asked if kind == "document" and "/assignments/" in path] == ["document"]
    assert {turn.task.role for turn in Assignment.objects.select_related("task")} == {"item", "check"}


def test_back_shows_what_was_answered_and_forward_what_comes(visit):
    study = make_open_study()
    page = visit()
    begin(page, study)
    first = page.url
    rate(page, "2", then="1 ")
    second = page.url
    page.go_back()
    expect(page.get_by_role("heading", name="Correct an answer")).to_be_attached()
    assert (page.url, chosen(page)) == (first, ["2"])
    page.go_forward()
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    assert (page.url, chosen(page)) == (second, [])
    page.go_back()
    expect(page.get_by_role("heading", name="Correct an answer")).to_be_attached()
    be_painted(page)
    page.keyboard.press("5")
    expect(page.get_by_role("heading", name="Task 2")).to_be_attached()
    assert page.url == second
    assert answers() == [{"choice": 2}, {"choice": 5}]


def test_a_reload_shows_the_same_task(visit):
    page = visit()
    begin(page, make_open_study())
    rate(page, "2", then="1 ")
    at, pictures = page.url, shown_pictures(page)
    page.reload()
    assert (page.url, shown_pictures(page)) == (at, pictures)
    rate(page, "3", then="2 ")
    assert answers() == [{"choice": 2}, {"choice": 3}]


def test_the_next_tasks_heading_is_where_a_screen_reader_goes_on(visit):
    page = visit()
    begin(page, make_open_study())
    rate(page, "2", then="1 ")
    assert re.match("Task 2", page.evaluate("document.activeElement.textContent"))


def test_an_answer_that_is_no_answer_is_told_in_the_same_page(visit):
    page = visit()
    begin(page, make_open_study())
    page.evaluate("window.itIsTheSamePage = true")
    page.locator("button[name=choice]").first.evaluate("button => { button.value = '9'; }")
    page.keyboard.press("9")
    expect(page.get_by_role("alert")).to_contain_text("“9” is not one of the seven answers")
    assert page.evaluate("window.itIsTheSamePage")
    rate(page, "2", then="1 ")


def test_the_list_of_objects_works_for_every_task(visit):
    pairs = [("cat", "dog", True), ("cat", "bus", False)]
    page = visit()
    begin(page, make_open_study("object_presence", make_run(make_cohyponym_prompt_set(pairs))))
    for number, names in enumerate((["dog", "cat"], ["cat", "bus"]), start=1):
        for name in names:
            page.get_by_label("Find an object").fill(name)
            page.keyboard.press("Enter")
        page.get_by_role("button", name="Submit").click()
        if number == 1:
            expect(page.locator(".site-progress")).to_contain_text("1 ")
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    assert [answer["objects"] for answer in answers()] == [["dog", "cat"], ["cat", "bus"]]


def test_the_link_to_the_content_leaves_the_task_alone(visit):
    page = visit()
    begin(page, make_open_study())
    page.evaluate("document.querySelector('main').itIsTheSame = true")
    page.locator(".skip-link").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.querySelector('main').itIsTheSame")
    rate(page, "4", then="1 ")


def test_who_goes_back_while_an_answer_is_on_its_way_stays_there_and_it_arrives(visit):
    page = visit()
    begin(page, make_open_study())
    rate(page, "2", then="1 ")
    be_painted(page)
    on_their_way: list = []
    page.route(lambda url: True, lambda route: hold_back(route, on_their_way))
    page.keyboard.press("5")
    expect(page.locator("form.is-waiting")).to_be_attached()
    page.go_back()
    expect(page.get_by_role("heading", name="Correct an answer")).to_be_attached()
    # One answer at a time.
    be_painted(page)
    page.keyboard.press("1")
    expect(page.get_by_text("Your answer before this one is still on its way.")).to_be_visible()
    (route,) = on_their_way
    with page.expect_response(lambda response: response.request.method == "POST"):
        route.continue_()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", name="Correct an answer")).to_be_attached()
    assert answers() == [{"choice": 2}, {"choice": 5}]
    page.go_forward()
    expect(page.get_by_role("heading", name="Correct an answer")).to_be_attached()
    expect(page.locator("button[name=choice][data-chosen]")).to_have_attribute("value", "5")


def hold_back(route, on_their_way: list) -> None:
    if route.request.method == "POST":
        on_their_way.append(route)
    else:
        route.continue_()
