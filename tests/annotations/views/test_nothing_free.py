"""Nothing free right now is a page that waits; nothing left is the end."""

import pytest
from django.test import Client

from annotations.services.closings import close_study, pause_study
from tests.annotations.services.rows import leave_the_last_task_to_others
from tests.annotations.views.visits import address, held, join, make_study_of_one_place, run_out, send
from tests.factories import make_open_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def searching(client, monkeypatch):
    study = make_open_study(replicas=2)
    client.post(address("start", study))
    searching = study.participations.get()
    leave_the_last_task_to_others(searching, monkeypatch)
    return searching


def test_as_long_as_not_everywhere_was_searched_the_page_waits_and_asks_again(client, searching):
    study = searching.study
    assert client.post(address("next", study)).url == address("waiting", study)
    page = client.get(address("waiting", study))
    assert page.status_code == 200
    assert "Others are at the tasks that are left" in page.text
    assert f'<form method="post" action="{address("next", study)}"' in page.text
    assert 'data-again="10"' in page.text
    assert "js/waiting.js" in page.text
    assert searching.completion_code not in page.text
    searching.refresh_from_db()
    assert searching.finished_at is None
    # The pages that a browser may come back to wait, too.
    assert client.get(address("thanks", study), follow=True).redirect_chain[-1][0] == address(
        "instructions", study
    )


def test_asking_again_comes_to_an_end_where_nothing_is_found(client, searching):
    study = searching.study
    # At most once for each of the six places on the ring, and once more for its empty rest.
    addresses = [client.post(address("next", study)).url for _ in range(7)]
    assert addresses[0] == address("waiting", study)
    assert addresses[-1] == address("thanks", study)
    searching.refresh_from_db()
    assert searching.finished_at is not None
    assert searching.completion_code in client.get(address("thanks", study)).text


def test_a_place_that_became_free_is_found_by_asking_again(client, searching):
    study = searching.study
    assert client.post(address("next", study)).url == address("waiting", study)
    run_out(study.assignments.filter(state="claimed").first())
    addresses = [client.post(address("next", study)).url for _ in range(7)]
    turn = held(searching)
    assert turn.task == study.tasks.last()
    assert addresses[-1] == address("assignment", study, turn.pk)
    assert address("thanks", study) not in addresses


@pytest.mark.parametrize(("change", "status"), [(pause_study, 403), (close_study, 410)])
def test_the_waiting_page_says_that_a_study_stopped(client, searching, change, status):
    change(study=searching.study)
    assert client.get(address("waiting", searching.study)).status_code == status


def test_the_last_task_in_somebody_elses_hands_is_the_end_with_a_way_back(client):
    study = make_study_of_one_place()
    join(Client(), study)
    participation = join(client, study)
    assert held(participation) is None
    page = client.get(address("thanks", study))
    assert "Every task is taken" in page.text
    assert "See whether a task became free" in page.text
    assert f'action="{address("next", study)}"' in page.text


def test_a_task_that_became_free_can_be_taken_after_the_end(client):
    study = make_study_of_one_place()
    lost = held(join(Client(), study))
    participation = join(client, study)
    assert client.post(address("next", study)).url == address("thanks", study)
    run_out(lost)
    turn_address = client.post(address("next", study)).url
    turn = held(participation)
    assert turn_address == address("assignment", study, turn.pk)
    assert turn.place == lost.place
    assert client.get(address("start", study)).url == turn_address
    assert send(client, turn, {"choice": 4}).url == address("thanks", study)
    page = client.get(address("thanks", study))
    assert "Tasks that you answered: 1." in page.text
    assert participation.completion_code in page.text
