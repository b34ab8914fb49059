"""Guessing is slow, nobody is kept out by strangers, and nothing is told or stored about anybody."""

import logging

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.management import call_command
from django.test import Client

from daamweb.door.models import Bucket
from tests.door.attempts import HERE, LOGIN, THERE, is_in, is_put_off, try_login

pytestmark = pytest.mark.django_db
PASSWORD = "a sentence of mine"
MINUTE, HOUR = 60, 3600


@pytest.fixture(autouse=True)
def anna(django_user_model):
    return django_user_model.objects.create_user("anna", password=PASSWORD, is_staff=True)


def guess(times: int, username: str = "anna", where: str = HERE, client: Client | None = None) -> int:
    """How many of so many guesses were looked at."""
    answers = [try_login(username, f"guess {number}", where, client) for number in range(times)]
    assert not any(is_in(answer) for answer in answers)
    return sum(not is_put_off(answer) for answer in answers)


# --- of one address on one account ------------------------------------------------------------------------


def test_five_mistakes_are_looked_at_and_then_one_every_six_minutes(clock):
    assert guess(7) == 5
    clock.seconds += 6 * MINUTE
    assert guess(2) == 1
    clock.seconds += 6 * MINUTE
    assert is_in(try_login("anna", PASSWORD))


def test_the_right_password_is_put_off_too_and_the_page_says_until_when(clock):
    guess(5)
    clock.seconds += 2 * MINUTE
    page = try_login("anna", PASSWORD)
    assert (page.status_code, page["Retry-After"]) == (429, "240")
    assert "Try again in 4 minutes." in page.text
    assert "no-store" in page["Cache-Control"]
    assert "_auth_user_id" not in page.client.session
    clock.seconds += 3 * MINUTE + 30
    assert "Try again in a minute." in try_login("anna", PASSWORD).text


def test_a_login_that_succeeds_makes_the_mistakes_before_it_good(clock):
    for _ in range(3):
        assert guess(4) == 4
        assert is_in(try_login("anna", PASSWORD))


def test_looking_at_the_page_counts_as_nothing(clock):
    for _ in range(10):
        assert Client().get(LOGIN).status_code == 200
    assert not Bucket.objects.exists()


# --- strangers and the account's own people ---------------------------------------------------------------


def test_a_browser_in_which_the_account_logged_in_before_is_not_kept_out_by_any_number_of_strangers(clock):
    known = Client()
    assert is_in(try_login("anna", PASSWORD, HERE, known))
    known.post("/admin/logout/")
    for number in range(40):
        guess(2, where=f"192.0.2.{number}")
    assert is_put_off(try_login("anna", PASSWORD, THERE))
    assert is_in(try_login("anna", PASSWORD, "192.0.2.1", known))


def test_a_known_browser_has_few_guesses_too(clock):
    known = Client()
    assert is_in(try_login("anna", PASSWORD, HERE, known))
    known.post("/admin/logout/")
    assert guess(8, client=known) == 5


def test_a_browser_is_known_for_its_own_account_only_and_by_a_cookie_nobody_can_make(
    clock, django_user_model
):
    django_user_model.objects.create_user("bert", password=PASSWORD, is_staff=True)
    berts = Client()
    assert is_in(try_login("bert", PASSWORD, THERE, berts))
    cookie = berts.cookies["known_browser"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (LOGIN, True, "Strict")
    assert "bert" not in cookie.value
    forger = Client()
    forger.cookies["known_browser"] = cookie.value[:-1] + ("A" if cookie.value[-1] != "A" else "B")
    guess(5)
    assert is_put_off(try_login("anna", PASSWORD, HERE, berts))
    assert is_put_off(try_login("anna", PASSWORD, HERE, forger))


def test_one_address_cannot_try_a_password_on_any_number_of_accounts(clock):
    answers = [try_login(f"somebody {number}", "123456789012") for number in range(60)]
    assert sum(not is_put_off(answer) for answer in answers) == 50
    assert is_in(try_login("anna", PASSWORD, THERE))
    clock.seconds += 20
    assert is_in(try_login("anna", PASSWORD, HERE))


def test_attempts_that_were_put_off_use_nothing_up(clock):
    guess(5)
    before = sorted(Bucket.objects.values_list("purpose", "full_at"))
    guess(20)
    assert sorted(Bucket.objects.values_list("purpose", "full_at")) == before


# --- nothing is told --------------------------------------------------------------------------------------


def answers_to(username: str) -> list[tuple[int, str]]:
    """What is seen by somebody who guesses until after the first refusals."""
    pages = [try_login(username, f"guess {number}") for number in range(7)]
    return [(page.status_code, page.text.replace(username, "NAME")) for page in pages]


def without_tokens(answers: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return [
        (code, "\n".join(line for line in text.splitlines() if "csrf" not in line)) for code, text in answers
    ]


def test_an_account_that_is_there_answers_as_one_that_is_not(clock, django_user_model):
    django_user_model.objects.create_user("gone", password=PASSWORD, is_staff=True, is_active=False)
    known = without_tokens(answers_to("anna"))
    assert [code for code, _ in known] == [200] * 5 + [429] * 2
    for other in ("nobody", "gone", "guest"):
        assert without_tokens(answers_to(other)) == known


def test_who_may_not_log_in_is_told_nothing_by_the_right_password(clock, django_user_model):
    django_user_model.objects.create_user("gone", password=PASSWORD, is_staff=True, is_active=False)
    wrong = without_tokens([(200, try_login("anna", "wrong").text.replace("anna", "NAME"))])
    right = try_login("gone", PASSWORD)
    assert without_tokens([(right.status_code, right.text.replace("gone", "NAME"))]) == wrong


def test_a_password_is_hashed_once_whatever_the_account_and_never_while_put_off(
    clock, django_user_model, monkeypatch
):
    """What takes time takes it alike."""
    django_user_model.objects.create_user("gone", password=PASSWORD, is_staff=True, is_active=False)
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        lambda self, password, salt: hashed.append(password) or encode(self, password, salt),
    )
    for name in ("anna", "nobody", "gone"):
        hashed.clear()
        guess(7, name, where=f"192.0.2.{len(name)}")
        assert hashed == [f"guess {number}" for number in range(5)], name


# --- nothing is stored or logged --------------------------------------------------------------------------


def test_what_is_stored_names_neither_account_nor_address_nor_password(clock):
    """People type their password as their name, too."""
    guess(6, "secret-typed-as-name")
    stored = str(list(Bucket.objects.values()))
    assert "login" in stored
    assert not [each for each in ("secret-typed", HERE, "guess") if each in stored]
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        assert not model.objects.exists()


def test_the_log_tells_of_failures_and_successes_without_secrets(clock, caplog, anna):
    caplog.set_level(logging.DEBUG)
    guess(6)
    guess(1, where=THERE)
    known = Client()
    try_login("anna", PASSWORD, THERE, known)
    known.post("/admin/logout/")
    lines = [record.getMessage() for record in caplog.records if record.name == "daamweb.door.logins"]
    assert [line.split(":")[0] for line in lines] == [
        *["A login failed"] * 5, "A login was put off", "A login failed",
        f"User {anna.pk} logged in.", f"User {anna.pk} logged out.",
    ]  # fmt: skip
    accounts = {line.split("account ")[1][:12] for line in lines[:7]}
    addresses = {line.split("address ")[1][:12] for line in lines[:7]}
    assert (len(accounts), len(addresses)) == (1, 2)
    assert not [each for each in ("guess", PASSWORD, HERE, THERE, "anna") if each in caplog.text]


# --- letting somebody in again ----------------------------------------------------------------------------


def test_a_command_lets_an_account_try_again_at_once(clock):
    guess(6)
    guess(6, "bert")
    call_command("axes_reset_username", "anna")
    assert is_in(try_login("anna", PASSWORD))
    assert is_put_off(try_login("bert", "guess"))


def test_a_command_lets_everybody_try_again_and_leaves_other_limits_alone(clock):
    Bucket.objects.create(day="2027-01-15", purpose="join 1", whose="somebody", full_at=0)
    for number in range(20):
        guess(2, where=f"192.0.2.{number}")
    call_command("axes_reset")
    assert [bucket.purpose for bucket in Bucket.objects.all()] == ["join 1"]
    assert is_in(try_login("anna", PASSWORD))


def test_addresses_are_not_known_to_be_let_in_again(clock):
    with pytest.raises(NotImplementedError, match="by name"):
        call_command("axes_reset_ip", HERE)
