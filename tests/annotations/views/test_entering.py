"""Into a study by an entry code, and back, in whatever browser; of two devices of one person one goes on."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotations.models import Annotator, EntryCode, Participation, Response, Study
from annotations.services.closings import close_study
from annotations.services.entry_codes import make_entry_codes, revoke_entry_code
from tests.annotations.views.visits import address, held, page_fields, send
from tests.factories import make_open_study, make_user

pytestmark = pytest.mark.django_db
ELSEWHERE = "You went on on another device."


@pytest.fixture
def study():
    return make_open_study(access="codes")


@pytest.fixture
def codes(study):
    return [each.code for each in make_entry_codes(study=study, count=3)]


def enter(study: Study, code: str, browser: Client | None = None):
    browser = browser or Client()
    browser.answer = browser.post(address("start", study), {"code": code})
    return browser


def begin(study: Study, code: str) -> Client:
    """Enter a code, and claim the first task."""
    browser = enter(study, code)
    browser.post(address("next", study))
    return browser


def test_the_first_page_asks_for_the_code_and_says_that_it_leads_back(study):
    page = Client().get(address("start", study)).text
    assert '<input type="text" name="code" value="' not in page
    assert '<input type="text" name="code"' in page
    assert "The same code leads you back to where you were" in page


def test_a_code_leads_into_the_study(study, codes):
    browser = enter(study, codes[0])
    assert browser.answer.url == address("instructions", study)
    assert "in another browser with your code" in browser.get(address("instructions", study)).text
    assert "/assignments/" in browser.post(address("next", study)).url
    assert Participation.objects.get().entry_code.label == "P01"


def test_consent_alone_lets_nobody_in(study):
    page = Client().post(address("start", study))
    assert page.status_code == 422
    assert "Enter the code that you were given." in page.text
    assert not Participation.objects.exists()


@pytest.mark.parametrize("typed", ["2222-2222-2222", "P01", "<b>x</b>"])
def test_a_wrong_code_is_said_to_be_wrong(study, codes, typed):
    page = enter(study, typed).answer
    assert page.status_code == 422
    assert "This is no code of this study." in page.text
    assert not Participation.objects.exists()


def test_a_code_of_100000_characters_is_not_echoed(study):
    page = enter(study, "A" * 100_000).answer
    assert page.status_code == 422
    assert "A code is shorter than that" in page.text
    assert len(page.text) < 20_000


def test_another_browser_goes_on_at_the_same_task(study, codes):
    begin(study, codes[0])
    turn = held(Participation.objects.get())
    other = enter(study, codes[0])
    assert other.answer.url == address("start", study)
    assert other.get(address("start", study)).url == address("assignment", study, turn.pk)
    assert send(other, turn, {"choice": 3}).status_code == 302


def test_with_its_cookies_cleared_a_browser_is_told_how_to_get_back_in(study, codes):
    browser = begin(study, codes[0])
    turn = held(Participation.objects.get())
    browser.cookies.clear()
    page = send(browser, turn, {"choice": 3})
    assert page.status_code == 403
    assert "enter your code again: it leads you back to the task that you were at" in page.text
    assert browser.get(address("assignment", study, turn.pk)).url == address("start", study)
    enter(study, codes[0], browser)
    assert send(browser, turn, {"choice": 3}).status_code == 302
    assert Response.objects.count() == 1


def test_one_browser_takes_two_people_one_after_the_other(study, codes):
    browser = begin(study, codes[0])
    assert "Enter your own code" in browser.get(address("instructions", study)).text
    assert 'name="code"' in browser.get(f"{address('start', study)}?code").text
    enter(study, codes[1], browser)
    assert Participation.objects.count() == 2
    assert browser.get(address("instructions", study)).context["participation"].entry_code.label == "P02"


def test_who_has_finished_leaves_the_browser_to_the_next_person(study, codes):
    browser = begin(study, codes[0])
    while turn := held(Participation.objects.get()):
        send(browser, turn, {"choice": 3})
    page = browser.get(address("thanks", study))
    assert "Thank you." in page.text
    assert f'Is this not you? <a href="{address("start", study)}?code">Enter your own code</a>.' in page.text
    enter(study, codes[1], browser)
    assert browser.answer.url == address("instructions", study)
    assert browser.get(address("instructions", study)).context["participation"].entry_code.label == "P02"


def test_a_browser_that_followed_a_link_is_somebody_else_by_its_code(study, codes):
    by_link = make_open_study()
    browser = Client()
    browser.post(address("start", by_link))
    enter(study, codes[0], browser)
    assert Annotator.objects.count() == 2
    assert browser.get(address("start", by_link)).url == address("instructions", by_link)


# --- two devices -------------------------------------------------------------------------------------------


def test_the_first_device_says_that_its_person_went_on_and_may_take_over_again(study, codes):
    first = begin(study, codes[0])
    turn = held(Participation.objects.get())
    second = enter(study, codes[0])
    for page in ("instructions", "waiting", "thanks"):
        assert first.get(address(page, study)).url == address("start", study)
    assert first.get(address("assignment", study, turn.pk)).url == address("start", study)
    assert first.post(address("keep", study)).status_code == 409
    page = first.get(address("start", study))
    assert page.status_code == 409
    assert ELSEWHERE in page.text
    assert "Go on here" in page.text
    assert first.post(address("start", study)).url == address("start", study)
    assert first.get(address("start", study)).url == address("assignment", study, turn.pk)
    assert ELSEWHERE in second.get(address("start", study)).text
    assert first.post(address("keep", study)).status_code == 204


def test_an_answer_that_was_on_its_way_is_stored_once_and_its_device_is_given_nothing(study, codes):
    first = begin(study, codes[0])
    person = Participation.objects.get()
    turn = held(person)
    second = enter(study, codes[0])
    fields = {**page_fields(), "choice": 3}
    for _ in range(2):
        page = first.post(address("assignment", study, turn.pk), fields)
        assert page.status_code == 409
        assert ELSEWHERE in page.text
        assert "The answer that you just sent is stored." in page.text
    assert Response.objects.count() == 1
    assert held(person) is None
    # The second one has the same task before it.
    page = second.post(address("assignment", study, turn.pk), {**page_fields(), "choice": 5})
    assert page.status_code == 409
    assert "is stored. Nothing was changed by this page" in page.text
    assert list(Response.objects.values_list("answer", flat=True)) == [{"choice": 3}]
    assert "/assignments/" in second.post(address("next", study)).url


def test_an_answer_by_a_device_whose_person_answered_elsewhere_changes_nothing(study, codes):
    first = begin(study, codes[0])
    turn = held(Participation.objects.get())
    send(enter(study, codes[0]), turn, {"choice": 5})
    page = first.post(address("assignment", study, turn.pk), {**page_fields(), "choice": 3})
    assert page.status_code == 409
    assert list(Response.objects.values_list("answer", flat=True)) == [{"choice": 5}]


def test_a_device_whose_person_went_on_corrects_nothing(study, codes):
    first = begin(study, codes[0])
    turn = held(Participation.objects.get())
    send(first, turn, {"choice": 5})
    enter(study, codes[0])
    page = first.post(address("assignment", study, turn.pk), {**page_fields(0), "choice": 1})
    assert page.status_code == 409
    assert ELSEWHERE in page.text
    assert list(Response.objects.values_list("answer", flat=True)) == [{"choice": 5}]


def test_by_a_code_that_was_revoked_nothing_more_is_answered(study, codes):
    browser = begin(study, codes[0])
    turn = held(Participation.objects.get())
    revoke_entry_code(study=study, label="P01")
    page = browser.post(address("assignment", study, turn.pk), {**page_fields(), "choice": 1})
    assert page.status_code == 409
    assert not Response.objects.exists()


def test_a_device_whose_person_went_on_is_given_no_time_and_no_task(study, codes):
    first = begin(study, codes[0])
    turn = held(Participation.objects.get())
    enter(study, codes[0])
    assert first.post(address("extend", study, turn.pk)).status_code == 409
    assert first.post(address("next", study)).url == address("start", study)


def test_pressing_the_button_twice_at_one_device_is_one_device(study, codes):
    browser = begin(study, codes[0])
    device = Participation.objects.get().device
    for _ in range(2):
        assert enter(study, codes[0], browser).answer.status_code == 302
    assert Participation.objects.get().device == device != ""


def test_of_a_link_no_devices_are_told_apart(client):
    study = make_open_study()
    client.post(address("start", study))
    assert Participation.objects.get().device == ""


def test_by_a_code_that_was_revoked_nobody_goes_on(study, codes):
    browser = begin(study, codes[0])
    turn = held(Participation.objects.get())
    revoke_entry_code(study=study, label="P01")
    assert browser.get(address("assignment", study, turn.pk)).url == address("start", study)
    for page in (browser.post(address("start", study)), enter(study, codes[0]).answer):
        assert page.status_code in (403, 422)
        assert "This code lets nobody in any more." in page.text


def test_a_closed_study_takes_no_new_code_and_shows_who_finished_their_code_again(study, codes):
    begin(study, codes[0])
    person = Participation.objects.get()
    browser = enter(study, codes[0])
    send(browser, held(person), {"choice": 3})
    close_study(study=study, at_once=True)
    assert "closed" in enter(study, codes[1]).answer.text
    again = enter(study, codes[0])
    assert "Tasks that you answered: 1." in again.get(address("start", study)).text
    assert EntryCode.objects.filter(participation=None).count() == 2


# --- guessing ----------------------------------------------------------------------------------------------


def test_wrong_codes_are_limited_by_address_and_right_ones_are_not(study, codes, clock):
    here, elsewhere = Client(REMOTE_ADDR="198.51.100.7"), Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(60):
        assert enter(study, codes[0], Client(REMOTE_ADDR="198.51.100.7")).answer.status_code == 302
    came = [enter(study, "2222-2222-2222", here).answer.status_code for _ in range(52)]
    assert came == 50 * [422] + 2 * [429]
    page = enter(study, codes[1], here).answer
    assert (page.status_code, page["Retry-After"]) == (429, "10")
    assert "Many wrong codes came from where you are. Try again in 10 seconds." in page.text
    assert enter(study, codes[1], elsewhere).answer.status_code == 302
    clock.seconds += 10
    assert enter(study, codes[2], here).answer.status_code == 302


def test_people_with_codes_pass_the_limits_of_an_address(clock):
    study = make_open_study(access="codes", join_at_once=1, unanswered_at_most=1, unanswered_share=0.2)
    for made in make_entry_codes(study=study, count=3):
        assert "/assignments/" in enter(study, made.code).post(address("next", study)).url
    assert not Participation.objects.exclude(address_key="").exists()


def statements_of_an_answer(browser: Client, study: Study) -> int:
    turn = held(study.participations.get())
    sent = {**page_fields(), "choice": 3}
    with CaptureQueriesContext(connection) as asked:
        page = browser.post(
            address("assignment", study, turn.pk), sent, headers={"X-Requested-With": "fetch"}
        )
    assert page.status_code == 200
    return len(asked)


def test_an_answer_asks_the_database_no_more_whoever_takes_part():
    by_link, browser = make_open_study(), Client()
    browser.post(address("start", by_link))
    browser.post(address("next", by_link))
    by_code = make_open_study(access="codes", min_width=900)
    (made,) = make_entry_codes(study=by_code, count=1)
    least = statements_of_an_answer(browser, by_link)
    assert statements_of_an_answer(begin(by_code, made.code), by_code) == least
    # And of an account, who is logged in: the session, and its user.
    by_account, browser = make_open_study(access="accounts"), Client()
    browser.force_login(make_user())
    browser.post(address("start", by_account))
    browser.post(address("next", by_account))
    assert statements_of_an_answer(browser, by_account) == least + 2
