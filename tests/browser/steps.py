"""Steps that an annotator takes in a browser."""

import re

from playwright.sync_api import Locator, Page, expect

from annotations.models import Assignment, Participation, Response
from tests.annotations.services.rows import leave_the_last_task_to_others
from tests.annotations.views.visits import address
from tests.factories import make_open_study


def begin(page: Page, study, *, has_scripts: bool = True) -> None:
    page.goto(address("start", study))
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(re.compile("/assignments/"))
    if has_scripts:
        be_painted(page)


def wait_for_a_task(page: Page, monkeypatch) -> tuple[Participation, Assignment, Assignment]:
    """Come to a study of which others hold the one task that is left; who waits, and their two turns. The
    page's clock is the test's."""
    study = make_open_study(replicas=2)
    page.clock.install()
    page.goto(address("start", study))
    page.get_by_role("button", name="I agree").click()
    waiting = study.participations.get()
    first, second = leave_the_last_task_to_others(waiting, monkeypatch)
    page.get_by_role("button", name="Start").click()
    return waiting, first, second


def be_painted(page: Page) -> None:
    """A task is answered once its pictures are painted."""
    expect(page.locator("[data-task-form][data-painted]")).to_be_attached()
    expect(page.locator("[data-task-form] button[type=submit]").first).to_be_enabled()


def rate(page: Page, key: str, then: str) -> None:
    """Answer by a key; `then` is what the progress says afterwards."""
    be_painted(page)
    page.keyboard.press(key)
    expect(page.locator(".site-progress")).to_contain_text(then)


def answer_button(page: Page, name: str) -> Locator:
    return page.locator("button[name=choice]").filter(has=page.get_by_text(name, exact=True))


def chosen(page: Page) -> list[str]:
    """The answers that are shown as the task's."""
    return page.locator("button[name=choice][data-chosen]").evaluate_all(
        "buttons => buttons.map(it => it.value)"
    )


def shown_pictures(page: Page) -> list[str]:
    images = page.locator("[data-picture] img:not(.picture__plain)")
    return images.evaluate_all("images => images.map(image => image.getAttribute('src'))")


def answers() -> list[dict]:
    return list(Response.objects.order_by("pk").values_list("answer", flat=True))


def assert_pictures_are_loaded(page: Page, count: int) -> None:
    page.wait_for_load_state("load")
    widths = page.locator("[data-picture] img:not(.picture__plain)").evaluate_all(
        "images => images.map(image => image.naturalWidth)"
    )
    assert len(widths) == count
    assert all(widths)
