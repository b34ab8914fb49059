"""Passwords: what they have to be, how they are kept, and what changing one ends."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from daamweb.settings import PASSWORD_HASHERS
from tests.account.codes import app_code, give_device
from tests.account.conftest import PASSWORD
from tests.door.attempts import is_in, try_login

pytestmark = pytest.mark.django_db
NEW = "quite another sentence"


@pytest.fixture
def browser(anna):
    browser = Client()
    assert is_in(try_login("anna", PASSWORD, client=browser))
    return browser


def change(browser, new: str = NEW, again: str | None = None, **fields):
    again = new if again is None else again
    data = {"password": PASSWORD, "new_password1": new, "new_password2": again, **fields}
    return browser.post(reverse("account:password"), data)


def is_logged_in(browser) -> bool:
    return browser.get("/account/").status_code == 200


# --- what it has to be ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("elevenchars", "at least 12 characters"),
        ("x" * 129, "at most 128 characters"),
        ("1234567890123", "too common"),
        ("passwordpassword", "too common"),
        ("Sunshine2026!", "too common"),
        ("aaaaaaaaaaaaa", "too common"),
        ("dragonDRAGON", "too common"),
        ("annabella-smith", "too similar to the"),
        ("smith.annabella", "too similar to the"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused_with_the_reason(django_user_model, password, reason):
    user = django_user_model(
        username="annabella.smith", first_name="Annabella", email="annabella-smith@example.org"
    )
    with pytest.raises(ValidationError, match=reason):
        validate_password(password, user)


@pytest.mark.parametrize(
    "password",
    [
        "twelve chars",
        "x1" * 64,
        "ein langer Satz über nichts",
        "  blanks around  ",
        "密码密码密码密码密码密码",
        "🔑" * 12,
    ],
)
def test_any_characters_in_any_mixture_will_do(anna, password):
    validate_password(password, anna)
    anna.set_password(password)
    assert anna.check_password(password)
    assert not anna.check_password(password.strip() + ".")


def test_the_page_says_what_is_wrong_and_changes_nothing(browser, anna):
    for new, again, reason in [("short", None, "too short"), (NEW, "something else", "match")]:
        page = change(browser, new, again)
        assert (page.status_code, reason in page.text) == (200, True)
    assert "The password is not right." in change(browser, password="wrong").text
    anna.refresh_from_db()
    assert anna.check_password(PASSWORD)


# --- how it is kept ---------------------------------------------------------------------------------------


def test_passwords_are_kept_by_argon2id_and_older_hashes_are_brought_up_when_they_are_used(anna, settings):
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    assert make_password(PASSWORD).startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    anna.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1)
    assert check_password(PASSWORD, anna.password)
    assert anna.check_password(PASSWORD)
    assert anna.password.startswith("argon2$")


# --- what changing it ends --------------------------------------------------------------------------------


def test_changing_it_ends_the_sessions_in_other_browsers_and_not_this_one(browser, anna):
    other = Client()
    assert is_in(try_login("anna", PASSWORD, client=other))
    before = browser.cookies["sessionid"].value
    assert change(browser).url == "/account/"
    assert browser.cookies["sessionid"].value != before
    assert "Everywhere else you are logged out" in browser.get("/account/").text
    assert (is_logged_in(browser), is_logged_in(other)) == (True, False)
    assert not is_in(try_login("anna", PASSWORD))
    assert is_in(try_login("anna", NEW))


def test_logging_out_everywhere_else_keeps_the_password(browser):
    other = Client()
    assert is_in(try_login("anna", PASSWORD, client=other))
    address = reverse("account:other_sessions")
    assert "The password is not right." in browser.post(address, {"password": "wrong"}).text
    assert is_logged_in(other)
    assert browser.post(address, {"password": PASSWORD}).url == "/account/"
    assert (is_logged_in(browser), is_logged_in(other)) == (True, False)
    assert is_in(try_login("anna", PASSWORD))


def test_a_password_that_somebody_else_sets_ends_all_sessions(browser, anna, researcher_client):
    data = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    researcher_client.post(f"/admin/auth/user/{anna.pk}/password/", data)
    assert not is_logged_in(browser)


def test_logging_out_ends_the_session_for_whoever_kept_its_key(browser):
    kept = Client()
    kept.cookies["sessionid"] = browser.cookies["sessionid"].value
    assert is_logged_in(kept)
    browser.post("/admin/logout/")
    assert not is_logged_in(kept)


def test_guessing_the_password_in_a_session_is_as_slow_as_at_the_login(browser, clock):
    answers = [change(browser, password=f"guess {number}").status_code for number in range(7)]
    assert answers == [200] * 5 + [429] * 2
    assert change(browser).status_code == 429
    clock.seconds += 6 * 60
    assert change(browser).status_code == 302


def test_with_a_second_factor_its_code_is_asked_for_too(browser, anna, still):
    device = give_device(anna)
    assert "This field is required" in change(browser).text
    assert "The password or the code is not right." in change(browser, code="000000").text
    device.refresh_from_db()
    device.throttle_reset()
    code = app_code(device)
    # What is wrong elsewhere is said before the code is used up.
    assert "too short" in change(browser, "short", code=code).text
    assert change(browser, code=code).status_code == 302


def test_the_admins_own_page_leads_to_this_one(browser):
    assert browser.get("/admin/password_change/").url == reverse("account:password")
    assert browser.post("/admin/password_change/", {"old_password": PASSWORD}).url == reverse(
        "account:password"
    )


@pytest.mark.parametrize(
    "password",
    ["123456789012", "098765432109", "abcdefghijklm", "qwertyuiopasdf", "1qaz2wsx3edc4rfv", "zyxwvutsrqpon"],
)
def test_going_along_the_keys_or_the_alphabet_is_common(password):
    with pytest.raises(ValidationError, match="too common"):
        validate_password(password)
    validate_password(f"{password} and a lamp")
