"""One request stores an answer and brings the next task's page without its frame."""

import re

import pytest

from annotations.models import Assignment, Response
from annotations.services.closings import pause_study
from annotations.services.turns import expire_due_turns
from tests.annotations.views.visits import (
    address,
    begin_earlier,
    held,
    join,
    make_study_of_one_place,
    page_fields,
    run_out,
)
from tests.factories import give_turn, make_open_study, make_participation

pytestmark = pytest.mark.django_db

BY_SCRIPT = {"X-Requested-With": "fetch"}


def send(client, turn: Assignment, **fields):
    """As the page's script sends the turn's first answer."""
    where = address("assignment", turn.study, turn.pk)
    return client.post(where, {**page_fields(), "choice": 4, **fields}, headers=BY_SCRIPT)


def parts(page: str) -> dict[str, str]:
    """What a page is made of, as the script takes it; the tokens, which are new on every page, taken out."""
    page = re.sub(r'(name="(?:page-token|csrfmiddlewaretoken)" value=)"[^"]*"', r"\1", page)
    return {
        "title": re.search("<title>(.*)</title>", page)[1],
        "progress": re.search('<div class="site-progress">.*?</div>', page, re.DOTALL)[0].split(),
        "main": re.search("<main.*?>(.*)</main>", page, re.DOTALL)[1].split(),
    }


def test_an_answer_brings_the_next_task_as_its_own_page_shows_it(client):
    study = make_open_study()
    participation = join(client, study)
    for _ in range(2):
        answer = send(client, held(participation))
        following = address("assignment", study, held(participation).pk)
        assert (answer.status_code, answer["Content-Location"]) == (200, following)
        assert "<html" not in answer.text
        assert "X-Requested-With" in answer["Vary"]
        assert parts(answer.text) == parts(client.get(following).text)
    assert Response.objects.count() == 2


def test_the_page_of_a_turn_can_be_had_without_its_frame(client):
    study = make_open_study()
    participation = join(client, study)
    first = held(participation)
    send(client, first)
    where = address("assignment", study, first.pk)
    answer = client.get(where, headers=BY_SCRIPT)
    assert answer["Content-Location"] == where
    assert "You answered this task before" in answer.text
    assert parts(answer.text) == parts(client.get(where).text)


def test_what_was_sent_twice_brings_the_same_task(client):
    participation = join(client, make_open_study())
    turn = held(participation)
    fields = page_fields()
    first, again = (send(client, turn, **fields) for _ in range(2))
    assert first["Content-Location"] == again["Content-Location"]
    assert Response.objects.count() == 1
    assert participation.assignments.count() == 2


def test_after_the_last_task_the_script_is_told_where_to_go(client):
    study = make_study_of_one_place()
    answer = send(client, held(join(client, study)))
    assert answer.json() == {"next": address("thanks", study)}


def test_an_answer_to_a_paused_study_is_stored_and_leads_to_what_it_says(client):
    study = make_open_study()
    participation = join(client, study)
    pause_study(study=study, stop_everybody=True)
    assert send(client, held(participation)).json() == {"next": address("start", study)}
    assert Response.objects.count() == 1


def test_a_damaged_answer_brings_the_same_task_with_the_reason(client):
    participation = join(client, make_open_study())
    turn = held(participation)
    answer = send(client, turn, choice=9)
    where = address("assignment", turn.study, turn.pk)
    assert (answer.status_code, answer["Content-Location"]) == (422, where)
    assert "is not one of the seven answers" in answer.text
    assert "<html" not in answer.text
    assert not Response.objects.exists()


def test_an_answer_that_is_stale_brings_the_same_task_with_what_is_stored(client):
    participation = join(client, make_open_study())
    turn = held(participation)
    send(client, turn, choice=2)
    answer = send(client, turn, choice=5)
    assert answer.status_code == 409
    assert "Your answer “poor” to this task is stored." in answer.text
    assert 'value="5" data-chosen' in answer.text
    assert participation.assignments.count() == 2


def test_an_answer_that_came_too_late_is_kept_and_says_so_on_a_page_of_its_own(client):
    study = make_study_of_one_place()
    turn = held(join(client, study))
    run_out(turn)
    expire_due_turns(study=study)
    give_turn(turn.task, make_participation(study))
    answer = send(client, turn)
    assert (answer.status_code, "Content-Location" in answer) == (409, False)
    assert "<html" in answer.text
    assert [response.late for response in Response.objects.all()] == [True]


def test_a_revived_answer_leads_to_the_turn_that_is_held(client):
    """Somebody whose time ran out went on with another task, and then sent the first one's page."""
    study = make_open_study()
    participation = join(client, study)
    turn = held(participation)
    run_out(turn)
    expire_due_turns(study=study)
    client.post(address("next", study))
    second = held(participation)
    assert second != turn
    begin_earlier(turn, seconds=20)
    answer = send(client, turn)
    assert answer["Content-Location"] == address("assignment", study, second.pk)
    turn.refresh_from_db()
    assert turn.state == Assignment.State.SUBMITTED
