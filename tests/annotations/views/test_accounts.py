"""A study for people with an account: who is logged in is one person, in whatever browser."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotations.models import Annotator, Participation, Response
from daamweb.account.services import set_password
from tests.annotations.views.visits import address, held, send
from tests.factories import make_open_study, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_open_study(access="accounts")


def browser_of(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def begin(study, browser):
    assert browser.post(address("start", study)).url == address("instructions", study)
    return browser.post(address("next", study))


def test_who_is_not_logged_in_is_led_to_the_login_and_back(client, study, researcher):
    for send_or_read in (client.get, client.post):
        assert send_or_read(address("start", study)).url == f"/admin/login/?next={address('start', study)}"
    page = client.get(f"/admin/login/?next={address('start', study)}")
    assert "is for people who have an account on this site" in page.text
    said = {"username": "researcher", "password": "researcher-password", "next": address("start", study)}
    assert client.post("/admin/login/", said).url == address("start", study)
    assert "I agree" in client.get(address("start", study)).text
    assert not Participation.objects.exists()


def test_somebody_of_no_project_takes_part(study):
    user = make_user()
    assert "/assignments/" in begin(study, browser_of(user)).url
    annotator = Annotator.objects.get()
    assert (annotator.platform, annotator.external_id) == ("account", str(user.pk))


def test_one_account_is_one_annotator_in_two_browsers_of_which_the_last_goes_on(study):
    user = make_user()
    first, second = browser_of(user), browser_of(user)
    begin(study, first)
    turn = held(Participation.objects.get())
    page = second.get(address("start", study))
    assert page.status_code == 409
    assert "You went on on another device." in page.text
    assert second.post(address("start", study)).url == address("start", study)
    assert second.get(address("start", study)).url == address("assignment", study, turn.pk)
    assert send(second, turn, {"choice": 3}).status_code == 302
    assert first.get(address("start", study)).status_code == 409
    assert Participation.objects.count() == Annotator.objects.count() == 1


def test_two_accounts_at_one_browser_are_two_people(study):
    one, two = make_user(), make_user()
    browser = browser_of(one)
    begin(study, browser)
    browser.force_login(two)
    assert "I agree" in browser.get(address("start", study)).text
    begin(study, browser)
    assert Participation.objects.count() == 2


def test_who_logged_out_answers_nothing_more(study):
    user = make_user()
    browser = browser_of(user)
    begin(study, browser)
    turn = held(Participation.objects.get())
    assert "You are logged in as" in browser.get(address("instructions", study)).text
    left = browser.post("/admin/logout/", {"next": address("start", study)})
    assert left.url == address("start", study)
    page = send(browser, turn, {"choice": 3})
    assert page.status_code == 403
    assert "You are not logged in any more" in page.text
    assert not Response.objects.exists()
    browser.force_login(user)
    assert send(browser, turn, {"choice": 3}).status_code == 302


@pytest.mark.parametrize(
    "end",
    [
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: set_password(user=user, password="another-long-password"),
    ],
)
def test_a_session_that_ended_elsewhere_answers_nothing_more(study, end):
    """Only the user’s row says that it did."""
    user = make_user()
    browser = browser_of(user)
    begin(study, browser)
    turn = held(Participation.objects.get())
    end(user)
    assert send(browser, turn, {"choice": 3}).status_code == 403
    assert not Response.objects.exists()


def test_people_with_accounts_pass_the_limits_of_an_address():
    study = make_open_study(access="accounts", join_at_once=1, unanswered_at_most=1, unanswered_share=0.2)
    for _ in range(3):
        assert "/assignments/" in begin(study, browser_of(make_user())).url


def test_one_account_is_one_annotator_in_all_studies_of_a_project(study):
    user = make_user()
    for each in (study, make_open_study(access="accounts")):
        begin(each, browser_of(user))
    assert Annotator.objects.count() == 1
