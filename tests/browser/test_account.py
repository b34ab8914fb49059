"""The login and the account in a real browser: by the keyboard alone, under the strictest content policy, on
a phone in the dark."""

import re
from pathlib import Path

import pytest
from django.db.models import F
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, Route, expect

from annotations.services.admissions import admit_newcomer
from daamweb.door.models import Bucket
from tests.account.codes import app_code
from tests.account.conftest import PASSWORD
from tests.annotations.views.visits import address
from tests.factories import make_open_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {
    "viewport": {"width": 360, "height": 640},
    "color_scheme": "dark",
    "has_touch": True,
    "is_mobile": True,
}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'"


@pytest.fixture(autouse=True)
def anna(django_user_model):
    return django_user_model.objects.create_superuser("anna", password=PASSWORD)


@pytest.fixture
def strict(visit):
    """Open a page that the browser holds to the policy; whatever it refuses fails the test."""
    refused: list[str] = []

    def hold(route: Route) -> None:
        response = route.fetch(max_redirects=0)
        route.fulfill(response=response, headers={**response.headers, "content-security-policy": POLICY})

    def open_page(**options) -> Page:
        page = visit(**options)
        page.route("**/*", hold)
        page.on(
            "console",
            lambda message: "Content Security Policy" in message.text and refused.append(message.text),
        )
        return page

    yield open_page
    assert refused == []


def type_in(page: Page, *words: str) -> None:
    """Into one field after the other, the first of which has the focus; then send the form."""
    page.wait_for_load_state("load")  # its script adds the button
    page.wait_for_function("document.activeElement.tagName === 'INPUT'")  # `autofocus` may come after that
    for number, word in enumerate(words):
        if number:
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.tagName") == "BUTTON":  # that shows a password
                page.keyboard.press("Tab")
        page.keyboard.type(word)
    page.keyboard.press("Enter")


def test_login_second_factor_and_recovery_codes_by_the_keyboard_alone(strict):
    page = strict()
    page.goto("/account/")
    type_in(page, "anna", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("These do not fit together")
    expect(page).to_have_title(re.compile("^Error: "))
    page.get_by_label("Username").press("Control+a")
    type_in(page, "anna", PASSWORD)
    expect(page.get_by_role("heading", name="My account")).to_be_visible()

    page.get_by_role("button", name="Set it up").press("Enter")
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    page.get_by_label("Your password").focus()
    type_in(page, PASSWORD, app_code(TOTPDevice.objects.get()))
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    codes = page.locator("ol.codes li").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a file").press("Enter")
    assert set(codes) <= set(Path(download.value.path()).read_text(encoding="utf-8").splitlines())

    page.get_by_role("link", name="I have kept them").press("Enter")
    page.get_by_role("button", name="Log out").press("Enter")
    page.goto("/account/")
    type_in(page, "anna", PASSWORD, codes[0])
    expect(page.get_by_text("You have 9 recovery codes left")).to_be_visible()


def test_whoever_types_a_password_before_the_script_has_come_goes_on_typing(visit):
    page = visit()
    late: list[Route] = []
    page.route("**/*.js", lambda route: late.append(route))
    page.goto("/account/password/", wait_until="commit")
    page.get_by_label("Username").fill("anna")
    password = page.get_by_label("Password")
    password.focus()
    page.keyboard.type(PASSWORD[:5])
    while not late:
        page.wait_for_timeout(10)
    for route in late:
        route.continue_()
    page.unroute("**/*.js")
    expect(page.get_by_role("button", name="Show what is typed")).to_be_visible()
    expect(password).to_be_focused()
    page.keyboard.type(PASSWORD[5:])
    page.keyboard.press("Enter")
    expect(page.get_by_label("New password", exact=True)).to_be_visible()


def test_a_password_can_be_looked_at_while_it_is_typed_and_its_length_is_told(strict):
    page = strict(**PHONE)
    page.goto("/account/password/")
    type_in(page, "anna", PASSWORD)
    new = page.get_by_label("New password", exact=True)
    expect(new).to_have_attribute("type", "password")
    new.fill("nine char")
    expect(page.get_by_role("status")).to_have_text("9 of at least 12 characters")
    new.fill("twelve chars")
    expect(page.get_by_role("status")).to_contain_text("Long enough")
    show = page.get_by_role("button", name="Show what is typed").nth(1)
    show.click()
    expect(new).to_have_attribute("type", "text")
    expect(show).to_have_attribute("aria-pressed", "true")
    show.click()
    expect(new).to_have_attribute("type", "password")


def test_after_too_many_mistakes_the_page_says_when_to_try_again(strict):
    page = strict(**PHONE)
    for _ in range(5):
        page.goto("/account/")
        type_in(page, "anna", "wrong")
        expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Username").press("Control+a")
    type_in(page, "anna", "wrong")
    expect(page.get_by_role("heading", name="A short break, please.")).to_be_visible()
    # Six, less what the mistakes themselves took.
    expect(page.get_by_text(re.compile(r"Try again in [3-6] minutes\."))).to_be_visible()
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_label("Username")).to_be_visible()


def test_whoever_comes_with_many_others_waits_and_goes_on_by_itself(strict):
    study = make_open_study()
    page = strict(**PHONE)
    page.goto(address("start", study))
    admit_newcomer(study=study, address="127.0.0.1")
    bucket = Bucket.objects.filter(purpose=f"join {study.pk}")
    bucket.update(full_at=F("full_at") + study.join_at_once * 1_000_000)
    page.get_by_role("button", name="I agree").click()
    expect(page.get_by_role("heading", name="One moment, please.")).to_be_visible()
    assert not study.participations.exists()
    bucket.update(full_at=0)
    expect(page.get_by_role("heading", name="What to do")).to_be_visible(timeout=20_000)
    assert study.participations.count() == 1


@pytest.mark.parametrize("width", [320, 360])
def test_no_page_is_wider_than_a_phone(strict, width):
    page = strict(**{**PHONE, "viewport": {"width": width, "height": 640}})
    page.goto("/account/")
    assert_fits(page)
    type_in(page, "anna", PASSWORD)
    expect(page.get_by_role("heading", name="My account")).to_be_visible()
    assert_fits(page)
    page.get_by_role("button", name="Set it up").click()
    assert_fits(page)
    for name in ("password", "other-sessions"):
        page.goto(f"/account/{name}/")
        assert_fits(page)


def assert_fits(page: Page) -> None:
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
