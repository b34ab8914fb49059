"""Steps that an annotator takes in a browser."""

import re

from playwright.sync_api import Page, expect

from annotations.models import Response
from tests.annotations.views.visits import address


def begin(page: Page, study) -> None:
    page.goto(address("start", study))
    page.get_by_role("button", name="I agree").click()
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(re.compile("/assignments/"))
    page.wait_for_load_state("load")  # the keys work once the scripts have run


def answers() -> list[dict]:
    return list(Response.objects.order_by("pk").values_list("answer", flat=True))


def assert_pictures_are_loaded(page: Page, count: int) -> None:
    page.wait_for_load_state("load")
    widths = page.locator("main img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert len(widths) == count
    assert all(widths)
