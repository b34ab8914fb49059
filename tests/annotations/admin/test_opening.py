"""Opening by the admin's button is a worker's job; the page shows how far it is, and why it failed."""

import html
import re
from pathlib import Path

import pytest

from annotations.design import FROZEN_FIELDS
from annotations.jobs import run_opening
from annotations.models import Opening
from annotations.services.openings import open_study
from annotations.services.studies import edit_draft
from annotations.services.verifications import request_verification, run_verification
from daamweb.projects.models import Event
from daamweb.projects.shown import shown_of
from tests.annotations.admin.pages import (
    CONFIRMED,
    State,
    button,
    change_page,
    damage_an_image,
    design_of_page,
    study_in,
    text_of,
)
from tests.annotations.arabic import add_arabic
from tests.factories import make_open_study, make_run, make_study

pytestmark = pytest.mark.django_db


def test_freezing_saves_what_was_edited_and_asks_before_it_opens(researcher_client, press, pokes):
    study = make_study()
    typed = design_of_page(study, title="A better title")
    page = text_of(press(change_page(study), **typed, _open="…"))
    study.refresh_from_db()
    assert (study.title, study.state) == ("A better title", State.DRAFT)
    assert "cannot be edited any more" in page
    assert f'action="{button(study, "open")}"' in page
    assert pokes == []
    press(button(study, "open"), **CONFIRMED)
    run_opening(Opening.objects.get().pk)
    study.refresh_from_db()
    assert (study.plan.settings["title"], study.state) == ("A better title", State.OPEN)


def test_opening_tells_a_worker_and_the_page_shows_how_far_it_is(researcher_client, press, pokes):
    study = make_study(run=make_run(seeds=(0, 1)))
    answer = press(button(study, "open"), **CONFIRMED)
    opening = Opening.objects.get(study=study)
    assert pokes == [("annotations.jobs.run_opening", (opening.pk,))]
    assert opening.poked_at is not None
    assert answer.redirect_chain == [(change_page(study), 302)]
    page = text_of(answer)
    assert f"“{study.name}” is being opened" in page
    # Two images with three words each: every task is verified, then given its places.
    assert '<progress max="12" value="0"></progress> 0 of 12 being opened' in page
    assert f'hx-get="/work/annotations.opening/{opening.pk}/" hx-trigger="every 2s"' in page

    Opening.objects.update(done=3)
    assert '<progress max="12" value="3"></progress> 3 of 12' in text_of(
        researcher_client.get(change_page(study))
    )

    run_opening(opening.pk)
    page = text_of(researcher_client.get(change_page(study)))
    assert "0 of 18" in page  # 6 tasks × 3
    assert "hx-get" not in page
    study.refresh_from_db()
    assert study.state == State.OPEN
    assert study.places.count() == 18


def test_while_a_study_is_opened_nothing_can_be_pressed(researcher_client):
    study = study_in(State.OPENING)
    page = text_of(researcher_client.get(change_page(study)))
    assert 'type="submit" form=' not in page
    assert 'name="_open"' not in page


def test_pressing_open_twice_is_one_opening(press, pokes):
    study = make_study()
    for _ in range(2):
        answer = press(button(study, "open"), **CONFIRMED)
        assert "is being opened" in text_of(answer)
        assert pokes == [("annotations.jobs.run_opening", (Opening.objects.get().pk,))]


def test_a_draft_whose_opening_failed_says_why_until_it_is_open(researcher_client, press):
    study = make_study()
    file = Path(study.tasks.first().generation.image.path)
    whole = file.read_bytes()
    name = damage_an_image(study)
    press(button(study, "open"), **CONFIRMED)
    run_opening(Opening.objects.get().pk)
    study.refresh_from_db()
    assert study.state == State.DRAFT
    page = text_of(researcher_client.get(change_page(study)))
    assert "The study could not be opened, so it is a draft again." in page
    assert f"the file of the image {name} is not the one that was stored" in page
    assert 'name="_open"' in page

    file.write_bytes(whole)
    answer = press(button(study, "open"), **CONFIRMED)
    assert "could not be opened" not in text_of(answer)
    run_opening(Opening.objects.first().pk)
    assert "could not be opened" not in text_of(researcher_client.get(change_page(study)))
    study.refresh_from_db()
    assert study.state == State.OPEN


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_done_before_the_page_is_shown_does_no_harm(researcher_client, press, monkeypatch):
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda job, args, **options: job(*args))
    study, damaged = make_study(), make_study()
    damage_an_image(damaged)
    for each, outcome in ((study, State.OPEN), (damaged, State.DRAFT)):
        page = text_of(press(button(each, "open"), **CONFIRMED))
        assert f"“{each.name}” is being opened" in page
        assert ("it is a draft again" in page) == (outcome == State.DRAFT)
        each.refresh_from_db()
        assert each.state == outcome


def test_an_opening_that_takes_its_worker_down_each_time_says_so_on_the_page(researcher_client, press):
    study = make_study()
    press(button(study, "open"), **CONFIRMED)
    Opening.objects.update(attempts=Opening.MAX_ATTEMPTS)
    run_opening(Opening.objects.get().pk)
    page = text_of(researcher_client.get(change_page(study)))
    assert "it is a draft again. A worker took it 3 times and never finished" in page
    study.refresh_from_db()
    assert study.state == State.DRAFT


@pytest.mark.parametrize(
    ("design", "reason"),
    [
        # 9 places; 0.1 of them is none.
        ({"share_cap": 0.1}, "less than one place"),
        # 9 places, of which 0.25 are 2: five people at least.
        ({"share_cap": 0.25, "expected_annotators": 4}, "needs at least 5 people"),
        ({"expected_annotators": 2}, "needs at least 3 people"),
    ],
)
def test_a_design_that_nobody_could_finish_is_not_opened(press, pokes, design, reason):
    study = make_study(**design)
    answer = press(button(study, "open"), **CONFIRMED)
    (message,) = answer.context["messages"]
    assert message.level_tag == "error"
    assert reason in str(message)
    study.refresh_from_db()
    assert study.state == State.DRAFT
    assert pokes == []
    assert not Event.objects.exclude(action=Event.Action.MADE).exists()


def test_a_paused_study_is_open_again_at_once_without_a_worker(press, pokes):
    study = study_in(State.PAUSED)
    answer = press(button(study, "open"))
    assert "is open: annotators can come" in text_of(answer)
    assert pokes == []
    study.refresh_from_db()
    assert study.state == State.OPEN
    assert Opening.objects.count() == 1


def test_what_was_done_keeps_the_hash_of_the_plan():
    """Whoever changes the plan's row would have to change that as well."""
    study = make_study()
    open_study(study=study)
    event = Event.objects.get(action=Event.Action.OPENED)
    assert (event.subject_id, event.details) == (study.pk, {"plan": study.plan.sha256})


def test_what_was_edited_after_it_was_seen_is_not_frozen(researcher_client, press, pokes):
    study = make_study()
    page = text_of(press(button(study, "open")))
    seen = re.search(r'name="seen" value="([^"]+)"', researcher_client.post(button(study, "open")).text)
    assert "cannot be edited any more" in page
    edit_draft(study=study, typed={"consent": "Another"})
    answer = press(button(study, "open"), **CONFIRMED, seen=html.unescape(seen[1]))
    (message,) = answer.context["messages"]
    assert "somebody edited consent. Look at it again" in str(message)
    study.refresh_from_db()
    assert (study.state, pokes) == (State.DRAFT, [])
    press(button(study, "open"), **CONFIRMED, seen=str(shown_of(study, FROZEN_FIELDS)))
    study.refresh_from_db()
    assert study.state == State.OPENING


def test_before_a_plan_is_frozen_the_languages_that_are_left_out_are_named(press):
    study = make_study(languages=("de",))
    add_arabic(study, title="", instructions="")
    page = text_of(press(button(study, "open")))
    offered, left_out = page.split("Not in Arabic")
    assert "<strong>English</strong> (read by: <bdi>nobody yet</bdi>)" in offered
    assert "<strong>German</strong> (read by: <bdi>nobody (machine, unreviewed)</bdi>)" in offered
    assert (
        f'Missing: the title and the instructions. <a href="/studies/{study.pk}/languages/ar/">' in left_out
    )


def test_before_a_plan_is_frozen_it_is_said_that_the_studys_own_words_are_missing(press, pokes):
    study = make_study(language="ar")
    page = text_of(press(button(study, "open")))
    assert "It cannot be opened: its own language is Arabic.</strong> Missing: words for “How well" in page
    answer = press(button(study, "open"), **CONFIRMED)
    assert "is in Arabic, in which it lacks words for" in text_of(answer)
    study.refresh_from_db()
    assert (study.state, pokes) == (State.DRAFT, [])


def test_an_opening_can_be_cancelled_on_the_page_that_waits_for_it(researcher_client, press, pokes):
    study = make_study()
    answer = press(button(study, "open"), **CONFIRMED)
    opening = Opening.objects.get(study=study)
    cancel = f"/work/annotations.opening/{opening.pk}/cancel/"
    assert f'action="{cancel}"' in text_of(answer)
    assert opening.take()
    answer = press(cancel, next=change_page(study))
    assert answer.redirect_chain == [(change_page(study), 302)]
    assert "not open yet" in text_of(answer)
    study.refresh_from_db()
    assert study.state == State.DRAFT
    assert not opening.renew()  # the worker finds out
    assert Event.objects.filter(action=Event.Action.NOT_OPENED).get().details == {"error": "cancelled"}
    run_opening(opening.pk)
    study.refresh_from_db()
    assert study.state == State.DRAFT


def test_the_page_shows_that_a_study_is_held_against_its_plan(researcher_client):
    study = make_open_study()
    verification = request_verification(study=study)
    page = text_of(researcher_client.get(change_page(study)))
    assert "Held against its plan" in page
    assert f'hx-get="/work/annotations.verification/{verification.pk}/"' in page
    run_verification(verification=verification)
    assert "hx-get" not in text_of(researcher_client.get(change_page(study)))
