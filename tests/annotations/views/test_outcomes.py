"""What the pages say of every outcome, and which code they show."""

import re
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from annotations.models import Outcome, Participation
from annotations.services import closings
from annotations.services.closings import close_study, note_interrupted, pause_study
from annotations.services.participations import withdraw
from annotations.services.reviews import exclude_annotator
from tests.annotations.views.visits import address, held, join, make_study_of_one_place, send
from tests.factories import make_open_study, make_prompt_set, make_run

pytestmark = pytest.mark.django_db
CHECK = (".", "PUNCT", "attention_check")
PAGES = ("start", "instructions", "waiting", "thanks", "stop", "stopped", "withdraw", "report")


def seen(browser: Client, participation: Participation) -> str:
    """All that this person's pages show, redirects followed."""
    pages = [browser.get(address(name, participation.study), follow=True) for name in PAGES]
    return "\n".join(page.text for page in pages)


def codes_shown(text: str, participation: Participation) -> set[str]:
    codes = {participation.completion_code, *participation.other_codes.split()}
    return {code for code in codes if code in text}


@pytest.fixture
def person(client) -> Participation:
    """Has answered one of two tasks that are this person's own, and is at the second one."""
    participation = join(client, make_open_study(share_cap=0.25, replicas=3))
    send(client, held(participation), {"choice": 4})
    participation.refresh_from_db()
    return participation


def finish(browser: Client, participation: Participation) -> None:
    while turn := held(participation):
        send(browser, turn, {"choice": 4})


def test_who_is_still_at_it_is_shown_no_code(client, person):
    assert codes_shown(seen(client, person), person) == set()


def test_at_a_pause_no_code_is_shown_and_those_inside_go_on(client, person):
    pause_study(study=person.study)
    assert codes_shown(seen(client, person), person) == set()
    finish(client, person)
    person.refresh_from_db()
    assert person.outcome == Outcome.FINISHED
    page = client.get(address("thanks", person.study))
    assert page.status_code == 200
    assert "You answered everything that was meant for you." in page.text
    assert "your own code" not in page.text  # the study is one by link
    assert codes_shown(page.text, person) == {person.completion_code}


@pytest.mark.parametrize(
    ("stop", "status", "text"),
    [
        (lambda study: pause_study(study=study, stop_everybody=True), 403, "This study takes a break."),
        (lambda study: close_study(study=study, at_once=True), 410, "This study is closed."),
    ],
)
def test_who_is_interrupted_hears_how_far_it_was_with_the_code_for_that(client, person, stop, status, text):
    held(person)
    client.post(address("stop", person.study))
    stop(person.study)
    person.refresh_from_db()
    for name in ("start", "instructions", "waiting", "thanks"):
        page = client.get(address(name, person.study))
        assert page.status_code == status
        assert text in page.text
        assert "That is our doing, not yours." in page.text
        assert "Tasks that you answered: 1 of " in page.text
        assert codes_shown(page.text, person) == {person.outcome_code}
        assert person.outcome_code != person.completion_code


@pytest.mark.parametrize(
    "stop",
    [lambda study: pause_study(study=study, stop_everybody=True), lambda study: close_study(study=study)],
)
@pytest.mark.parametrize("waits", [False, True])
def test_the_pages_say_the_same_before_it_is_written_down_who_is_interrupted(
    client, person, monkeypatch, stop, waits
):
    join(Client(), person.study)  # is at a task: the study is closing
    client.post(address("stop", person.study))
    if waits:
        Participation.objects.update(waiting_since=timezone.now() - timedelta(minutes=10))
    with monkeypatch.context() as patched:
        patched.setattr(closings, "_interrupt", lambda locked, begin, end: None)
        patched.setattr(closings, "note_interrupted", lambda study: None)
        stop(person.study)
    found = []
    for outcome in (Outcome.NONE, Outcome.INTERRUPTED):
        person.refresh_from_db()
        assert person.outcome == outcome
        found.append(re.sub('name="csrfmiddlewaretoken" value="[^"]+"', "", seen(client, person)))
        note_interrupted(study=person.study)
    before, after = found
    assert before == after
    assert "The study stopped before you had finished." in after
    assert codes_shown(after, person) == {person.outcome_code}


def test_the_share_done_is_of_the_persons_own_target(client):
    run = make_run(make_prompt_set([("A dog.", [("A", "DET", ""), ("dog", "NOUN", ""), CHECK])]))
    study = make_open_study(run=run, share_cap=0.34, replicas=3, check_every=2)
    participation = join(client, study)
    target = client.get(address("instructions", study)).context["target"]
    assert target > participation.item_cap  # a check is among them
    send(client, held(participation), {"choice": 4})
    close_study(study=study, at_once=True)
    assert f"Tasks that you answered: 1 of {target}." in client.get(address("start", study)).text


def test_who_finishes_while_the_study_closes_has_finished(client, person):
    close_study(study=person.study)
    finish(client, person)
    text = client.get(address("start", person.study)).text
    assert codes_shown(text, person) == {person.completion_code}
    assert "not yours" not in text


def test_who_withdrew_is_shown_that_code_alone(client, person):
    withdraw(participation=person)
    person.refresh_from_db()
    assert codes_shown(seen(client, person), person) == {person.outcome_code}


def test_who_was_excluded_hears_of_the_checks(client, person):
    exclude_annotator(participation=person, reason="Failed every check.")
    send(client, held(person), {"choice": 4})  # what was being rated is taken
    person.refresh_from_db()
    page = client.get(address("thanks", person.study))
    assert "by the checks of this study or for another reason" in page.text
    assert codes_shown(page.text, person) == {person.outcome_code}
    assert "See whether a task became free" not in page.text


def test_who_was_screened_out_hears_that_the_study_looks_for_others(client, person):
    Participation.objects.update(screened_out_at=timezone.now())
    person.refresh_from_db()
    page = client.get(address("thanks", person.study))
    assert "looks for other people" in page.text
    assert codes_shown(page.text, person) == {person.outcome_code}


def test_who_came_too_late_hears_that_there_was_nothing(client):
    study = make_study_of_one_place()
    join(Client(), study)
    late = join(client, study)
    late.refresh_from_db()
    page = client.get(address("thanks", study))
    assert "Every task is taken." in page.text
    assert codes_shown(page.text, late) == {late.outcome_code}
    assert late.outcome == Outcome.NO_PLACE


def test_the_wait_is_counted_down_and_ends_as_an_interruption(client, person):
    client.post(address("stop", person.study))  # who waits holds no task
    Participation.objects.update(waiting_since=timezone.now() - timedelta(seconds=60))
    page = client.get(address("waiting", person.study))
    assert 238 <= page.context["seconds_left"] <= 240
    assert f'data-seconds="{page.context["seconds_left"]}"' in page.text
    assert 'data-again="10"' in page.text
    Participation.objects.update(waiting_since=timezone.now() - timedelta(seconds=296))
    assert client.get(address("waiting", person.study)).context["again"] in (4, 5)
    # and then:
    Participation.objects.update(waiting_since=timezone.now() - timedelta(seconds=301))
    Participation.objects.update(interrupted_at=F("waiting_since") + timedelta(seconds=301))
    person.refresh_from_db()
    page = client.get(address("thanks", person.study))
    assert page.status_code == 200
    assert "We had nothing for you for five minutes" in page.text
    assert "See whether a task became free" in page.text
    assert codes_shown(page.text, person) == {person.outcome_code}


def test_the_waiting_page_is_nothing_for_who_has_finished(client, person):
    finish(client, person)
    assert client.get(address("waiting", person.study)).url == address("thanks", person.study)


def test_nobody_is_shown_somebody_elses_code(client, person):
    finish(client, person)
    other = Client()
    join(other, person.study)
    assert codes_shown(seen(other, person), person) == set()
    assert codes_shown(seen(Client(), person), person) == set()
