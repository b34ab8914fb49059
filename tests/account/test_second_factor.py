"""Setting a second factor up, moving it and switching it off."""

import re
from html import unescape

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from daamweb.account.services import make_recovery_codes
from tests.account.codes import app_code, give_device, let_pass, wrong_code
from tests.account.conftest import PASSWORD
from tests.door.attempts import is_in, try_login

pytestmark = pytest.mark.django_db
DEVICE, OFF = "/account/second-factor/", "/account/second-factor/off/"
CODES, FILE = "/account/recovery-codes/", "/account/recovery-codes/recovery-codes.txt"


@pytest.fixture
def browser(anna, still):
    browser = Client()
    browser.force_login(anna)
    return browser


def begin(browser) -> TOTPDevice:
    assert browser.post(reverse("account:begin")).url == DEVICE
    return TOTPDevice.objects.get(user__username="anna", confirmed=False)


def confirm(browser, new_code: str, **fields):
    return browser.post(DEVICE, {"password": PASSWORD, "new_code": new_code, **fields})


def shown_codes(page) -> list[str]:
    return re.findall(r"<li><code>([a-z2-7-]{19})</code></li>", page.text)


def device_of_anna() -> TOTPDevice:
    return TOTPDevice.objects.get(user__username="anna", confirmed=True)


# --- setting it up ----------------------------------------------------------------------------------------


def test_it_is_set_up_with_the_key_that_the_page_shows_and_is_asked_for_from_then_on(browser, anna):
    device = begin(browser)
    page = browser.get(DEVICE)
    address = unescape(re.search(r'href="(otpauth://[^"]+)"', page.text)[1])
    assert address.startswith("otpauth://totp/daamweb%3Aanna?secret=")
    secret = re.search(r"secret=(\w+)", address)[1]
    assert re.search(r'class="key">([\w-]+)<', page.text)[1].replace("-", "") == secret
    assert '<path d="M4 4h7v1h-7z' in page.text  # the corner of a QR code, inside its margin
    page = confirm(browser, app_code(device))
    assert page.status_code == 200
    assert len(shown_codes(page)) == 10
    assert not is_in(try_login("anna", PASSWORD))
    assert is_in(try_login("anna", PASSWORD, code=shown_codes(page)[0]))


def test_the_code_that_confirmed_it_cannot_be_used_to_log_in(browser):
    device = begin(browser)
    code = app_code(device)
    confirm(browser, code)
    assert not is_in(try_login("anna", PASSWORD, code=code))


def test_until_it_is_confirmed_the_password_is_enough(browser):
    begin(browser)
    assert is_in(try_login("anna", PASSWORD))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"password": "wrong"}, "The password is not right."),
        ({"new_code": "000000x"}, "This is not the code that the app shows now."),
        ({"new_code": ""}, "This field is required."),
    ],
)
def test_without_password_and_code_it_stays_off(browser, fields, message):
    device = begin(browser)
    page = browser.post(DEVICE, {"password": PASSWORD, "new_code": app_code(device), **fields})
    assert (page.status_code, message in page.text) == (200, True)
    assert not TOTPDevice.objects.filter(confirmed=True).exists()


def test_switching_it_on_ends_sessions_that_began_without_it(browser):
    other = Client()
    assert is_in(try_login("anna", PASSWORD, client=other))
    confirm(browser, app_code(begin(browser)))
    assert browser.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302


def test_beginning_anew_makes_another_key(browser):
    first = begin(browser)
    second = begin(browser)
    assert first.key != second.key
    assert TOTPDevice.objects.count() == 1
    assert "not the code" in confirm(browser, app_code(first)).text


def test_keys_and_codes_are_never_shown_again(browser):
    device = begin(browser)
    key = re.search(r"secret=(\w+)", device.config_url)[1]
    codes = shown_codes(confirm(browser, app_code(device)))
    assert browser.get(DEVICE).url == "/account/"
    for address in ("/account/", CODES, OFF, "/account/password/"):
        page = browser.get(address)
        assert page.status_code == 200
        assert not [each for each in (key, device.key, "otpauth", *codes) if each in page.text]


def test_no_cache_keeps_a_page_with_secrets(browser):
    device = begin(browser)
    pages = [browser.get(DEVICE), confirm(browser, app_code(device))]
    pages.append(browser.post(FILE, {"code": shown_codes(pages[1])}))
    assert all("no-store" in page["Cache-Control"] for page in pages)


# --- recovery codes ---------------------------------------------------------------------------------------


def test_the_codes_can_be_saved_as_a_file(browser):
    codes = shown_codes(confirm(browser, app_code(begin(browser))))
    file = browser.post(FILE, {"code": codes})
    assert (file["Content-Type"], file.status_code) == ("text/plain; charset=utf-8", 200)
    assert file["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert [line for line in file.text.splitlines() if line in codes] == codes
    assert "Recovery codes of anna for testserver" in file.text


@pytest.mark.parametrize("codes", [[], ["abcd-abcd-abcd-abcd"], ["<script>alert(1)</script>"]])
def test_the_file_has_nothing_but_ones_own_codes(browser, codes):
    confirm(browser, app_code(begin(browser)))
    assert browser.post(FILE, {"code": codes}).status_code == 400


def test_new_codes_take_the_place_of_the_old_ones(browser, anna):
    device = give_device(anna)
    old = make_recovery_codes(user=anna)
    proof = {"password": PASSWORD, "code": app_code(device)}
    new = shown_codes(browser.post(CODES, proof))
    assert len(new) == 10
    assert not is_in(try_login("anna", PASSWORD, code=old[0]))
    let_pass(StaticDevice.objects.get(), seconds=1)
    assert is_in(try_login("anna", PASSWORD, code=new[0]))
    assert "You have 9 recovery codes left" in browser.get("/account/").text


# --- moving it, switching it off --------------------------------------------------------------------------


def test_it_moves_to_another_device_with_a_code_of_both(browser, anna):
    old = give_device(anna)
    new = begin(browser)
    assert "Move the second factor" in browser.get(DEVICE).text
    assert "This field is required" in confirm(browser, app_code(new)).text
    assert "or the code is not right" in confirm(browser, app_code(new), code=app_code(new)).text
    let_pass(old, seconds=1)
    assert shown_codes(confirm(browser, app_code(new), code=app_code(old)))
    assert device_of_anna().key == new.key
    assert not is_in(try_login("anna", PASSWORD, code=app_code(old)))


def test_it_moves_with_a_recovery_code_where_the_device_is_lost(browser, anna):
    give_device(anna)
    code = make_recovery_codes(user=anna)[3]
    new = begin(browser)
    confirm(browser, app_code(new), code=code)
    assert device_of_anna().key == new.key


def test_it_is_switched_off_with_password_and_code(browser, anna):
    device = give_device(anna)
    make_recovery_codes(user=anna)
    other = Client()
    other.force_login(anna)
    code = app_code(device)
    for proof in ({"password": PASSWORD}, {"password": "wrong", "code": code}):
        assert browser.post(OFF, proof).status_code == 200
    assert browser.post(OFF, {"password": PASSWORD, "code": wrong_code(device)}).status_code == 200
    let_pass(device, seconds=1)
    assert browser.post(OFF, {"password": PASSWORD, "code": code}).url == "/account/"
    assert not TOTPDevice.objects.exists()
    assert not StaticDevice.objects.exists()
    assert is_in(try_login("anna", PASSWORD))
    assert other.get("/account/").status_code == 302


@pytest.mark.parametrize("address", [DEVICE, OFF, CODES])
def test_without_a_second_factor_its_pages_lead_back(browser, address):
    assert browser.get(address).url == "/account/"
    assert browser.post(address, {"password": PASSWORD}).url == "/account/"


def test_a_lost_device_is_removed_by_a_command(browser, anna, capsys):
    give_device(anna)
    make_recovery_codes(user=anna)
    call_command("remove_second_factor", "anna")
    assert "removed" in capsys.readouterr().out
    assert is_in(try_login("anna", PASSWORD))
    assert not StaticDevice.objects.exists()
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("remove_second_factor", "anna")
    with pytest.raises(CommandError, match="There is no user “bert”"):
        call_command("remove_second_factor", "bert")


# --- whose ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["home", "password", "begin", "device", "switch_off", "recovery_codes", "download", "other_sessions"],
)
def test_strangers_are_led_to_the_login(name):
    address = reverse(f"account:{name}")
    for answer in (Client().get(address), Client().post(address)):
        assert answer.status_code == 405 or answer.url == f"/admin/login/?next={address}"


def test_a_get_changes_nothing(browser, anna):
    give_device(anna)
    for name in (
        "home",
        "password",
        "begin",
        "device",
        "switch_off",
        "recovery_codes",
        "download",
        "other_sessions",
    ):
        browser.get(reverse(f"account:{name}"))
    assert TOTPDevice.objects.count() == 1
    assert not StaticDevice.objects.exists()


def test_devices_and_codes_are_nowhere_in_the_admin(researcher_client):
    assert not {TOTPDevice, StaticDevice} & set(admin.site._registry)
    assert researcher_client.get("/admin/otp_totp/totpdevice/").status_code == 404
    assert researcher_client.get("/admin/axes/accessattempt/").status_code == 404
    assert "otp" not in researcher_client.get("/admin/").text.lower()


def test_staff_find_their_account_from_the_site_and_from_the_admin(researcher_client, browser):
    for address in ("/", "/admin/"):
        assert 'href="/account/"' in researcher_client.get(address).text
        assert 'href="/account/"' not in Client().get(address, follow=True).text
