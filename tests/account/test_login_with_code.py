"""Whoever has a second factor gives its code with the password; for whoever has none that is enough."""

import logging

import pytest
from django.contrib.auth import authenticate
from django.test import Client, RequestFactory

from daamweb.account.recovery_codes import readable
from daamweb.account.services import make_recovery_codes
from tests.account.codes import app_code, give_device, let_pass, wrong_code
from tests.account.conftest import PASSWORD
from tests.door.attempts import is_in, try_login

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(anna):
    return give_device(anna)


def enter(code: str = "", password: str = PASSWORD):
    return try_login("anna", password, code=code)


def test_without_a_second_factor_the_password_is_enough_and_a_code_is_not_looked_at(anna):
    assert is_in(enter())
    assert is_in(enter("123456"))


def test_with_one_the_password_alone_is_not_enough(device, still):
    assert not is_in(enter())
    assert not is_in(enter(wrong_code(device)))
    let_pass(device, seconds=1)
    assert is_in(enter(app_code(device)))


@pytest.mark.parametrize("written", ["{0}{1}", "{0} {1}", " {0}-{1} "])
def test_a_code_may_be_written_with_blanks(device, still, written):
    code = app_code(device)
    assert is_in(enter(written.format(code[:3], code[3:])))


@pytest.mark.parametrize(
    "code", ["12345", "1234567", "١٢٣٤٥٦", "12345a", "-12345", "0x1234", "a" * 40, "a" * 41]
)
def test_what_is_no_code_is_refused_and_is_no_guess_at_the_device(device, code):
    assert not is_in(enter(code))
    device.refresh_from_db()
    assert device.throttling_failure_count == 0


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_apps_clock_may_be_off_by_one_step(device, still, steps, taken):
    assert is_in(enter(app_code(device, steps))) is taken


def test_a_step_that_was_allowed_once_allows_no_further_one(device, still):
    """The drift of a device is not followed."""
    for steps in (1, 2, 3):
        assert is_in(enter(app_code(device, steps))) is (steps == 1)
        still[0] += 1


def test_a_code_works_once_and_the_log_tells_when_it_is_sent_again(device, still, caplog):
    code = app_code(device)
    assert is_in(enter(code))
    caplog.set_level(logging.WARNING)
    assert not is_in(enter(code))
    assert not is_in(enter(app_code(device, -1)))
    told = [record.getMessage() for record in caplog.records if record.name == "daamweb.account.services"]
    assert told == [f"A code of user {device.user_id} was sent again, or while codes were refused."] * 2
    assert code not in caplog.text


def test_wrong_codes_make_the_next_one_wait_longer_and_longer(device, still):
    for failures in range(1, 4):
        assert not is_in(enter(wrong_code(device)))
        device.refresh_from_db()
        assert device.throttling_failure_count == failures
        assert not is_in(enter(wrong_code(device)))  # too early to be looked at
        device.refresh_from_db()
        assert device.throttling_failure_count == failures
        let_pass(device, seconds=2 ** (failures - 1))


def test_without_the_password_nobody_can_use_up_a_devices_guesses(device, still):
    for _ in range(4):
        enter(wrong_code(device), "wrong password")
    device.refresh_from_db()
    assert device.throttling_failure_count == 0


def test_a_wrong_code_is_answered_as_a_wrong_password(device, still):
    def shown(page) -> str:
        return "\n".join(line for line in page.text.splitlines() if "csrf" not in line and "code" not in line)

    assert shown(enter(wrong_code(device))) == shown(enter(password="wrong")) == shown(enter())


def test_a_code_of_somebody_elses_device_is_refused(device, still, django_user_model):
    bert = django_user_model.objects.create_user("bert", password=PASSWORD, is_staff=True)
    assert not is_in(enter(app_code(give_device(bert))))


def test_a_device_that_is_only_being_set_up_is_not_asked_for(anna):
    device = give_device(anna)
    device.confirmed = False
    device.save()
    assert is_in(enter())


def test_each_recovery_code_works_once_beside_the_app_however_it_is_written(device, still):
    codes = make_recovery_codes(user=device.user)
    assert len(set(codes)) == 10
    assert is_in(enter(codes[0]))
    assert not is_in(enter(codes[0]))
    let_pass(device.user.staticdevice_set.get(), seconds=1)
    assert is_in(enter(readable(codes[1]).upper()))
    assert is_in(enter(app_code(device)))


def test_recovery_codes_of_somebody_else_and_of_before_are_refused(device, django_user_model):
    old = make_recovery_codes(user=device.user)
    make_recovery_codes(user=device.user)
    assert not is_in(enter(old[0]))
    bert = django_user_model.objects.create_user("bert", password=PASSWORD, is_staff=True)
    let_pass(device.user.staticdevice_set.get(), seconds=1)
    assert not is_in(enter(make_recovery_codes(user=bert)[0]))


def test_what_is_stored_of_recovery_codes_opens_nothing(device):
    codes = make_recovery_codes(user=device.user)
    kept = device.user.staticdevice_set.get()
    stored = list(kept.token_set.values_list("token", flat=True))
    assert not {*stored} & {*codes}
    assert not is_in(enter(stored[0]))


def test_a_session_begins_with_a_new_key(anna):
    client = Client()
    client.get("/admin/login/")
    session = client.session
    session["kept"] = "before"
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    assert is_in(try_login("anna", PASSWORD, client=client))
    assert client.cookies["sessionid"].value != before
    assert not session.exists(before)


@pytest.mark.parametrize("code", ["", "000000"])
def test_no_backend_behind_lets_somebody_in_without_the_code(device, code):
    request = RequestFactory().post("/")
    assert authenticate(request, username="anna", password=PASSWORD, otp_token=code) is None
    assert authenticate(request, username="anna", password=PASSWORD) is None
