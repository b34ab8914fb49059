"""Those whom a study interrupts when it closes or stops everybody are written down in slices."""

from contextlib import contextmanager
from itertools import count

import pytest
from django.db import connection

from annotations.errors import StudyError
from annotations.jobs import sweep_studies
from annotations.models import Outcome, Participation, Study
from annotations.services import closings
from annotations.services.closings import close_study, note_interrupted, pause_study
from annotations.services.openings import open_study
from tests.annotations.services.rows import again, claim, four_images, outcome, person
from tests.annotations.services.test_ratings import send

pytestmark = pytest.mark.django_db
STOPS = {
    "paused": lambda study: pause_study(study=study, stop_everybody=True),
    "closed": lambda study: close_study(study=study),
}


class KilledError(Exception):
    """The worker is gone, in the middle of a slice."""


@pytest.fixture
def three_people(monkeypatch) -> list[Participation]:
    """Of one study, at no task. Each is a slice."""
    for name in ("PEOPLE_AT_ONCE", "FEWEST_AT_ONCE", "MOST_AT_ONCE"):
        monkeypatch.setattr(closings, name, 1)
    study = four_images()
    return [person(study) for _ in range(3)]


@contextmanager
def before_the_second_slice(monkeypatch, act):
    """The study is locked to stop it, then once for each slice."""
    locked = count()

    def lock(pk, lock_study=closings.lock_study):
        if next(locked) == 2:
            act()
        return lock_study(pk)

    with monkeypatch.context() as patched:
        patched.setattr(closings, "lock_study", lock)
        yield


def stop_and_be_killed(monkeypatch, study: Study, state: str) -> None:
    def be_killed():
        raise KilledError

    with before_the_second_slice(monkeypatch, be_killed), pytest.raises(KilledError):
        STOPS[state](study)


@pytest.mark.parametrize("state", STOPS)
def test_the_sweep_goes_on_with_those_whom_a_killed_worker_left(monkeypatch, three_people, state):
    study = three_people[0].study
    stop_and_be_killed(monkeypatch, study, state)
    assert [outcome(each) for each in three_people] == [Outcome.INTERRUPTED, Outcome.NONE, Outcome.NONE]
    first = again(three_people[0]).interrupted_at
    for _ in range(2):
        sweep_studies()
        assert [outcome(each) for each in three_people] == 3 * [Outcome.INTERRUPTED]
        assert again(study).state == state
    assert again(three_people[0]).interrupted_at == first


@pytest.mark.parametrize(
    ("go_on", "state"), [(open_study, Study.State.OPEN), (close_study, Study.State.CLOSING)]
)
def test_a_stopped_study_goes_on_once_everybody_it_stopped_is_written_down(
    monkeypatch, three_people, go_on, state
):
    """Also who is at a task, who would be waited for if the study had not stopped before it closes."""
    study = three_people[0].study
    claim(three_people[2])
    stop_and_be_killed(monkeypatch, study, "paused")
    go_on(study=again(study))
    assert again(study).state == state
    assert [outcome(each) for each in three_people] == 3 * [Outcome.INTERRUPTED]


@pytest.mark.parametrize(("state", "meanwhile"), [("paused", "paused"), ("closed", "closing")])
def test_what_takes_too_long_is_left_to_the_sweep(monkeypatch, three_people, state, meanwhile):
    study = three_people[0].study
    with monkeypatch.context() as patched:
        patched.setattr(closings, "LONGEST_SECONDS", -1)
        STOPS[state](study)
        assert study.state == meanwhile
        with pytest.raises(StudyError):
            open_study(study=study)
    assert [outcome(each) for each in three_people] == 3 * [Outcome.NONE]
    sweep_studies()
    assert again(study).state == state
    assert [outcome(each) for each in three_people] == 3 * [Outcome.INTERRUPTED]


def test_a_study_that_goes_on_meanwhile_interrupts_nobody_more(monkeypatch, three_people):
    study = three_people[0].study
    with before_the_second_slice(monkeypatch, lambda: again(study).mark_resumed()):
        pause_study(study=study, stop_everybody=True)
    assert study.state == Study.State.OPEN
    assert [outcome(each) for each in three_people] == [Outcome.INTERRUPTED, Outcome.NONE, Outcome.NONE]


def test_who_is_given_nothing_more_while_the_others_are_written_down_is_interrupted_once(
    monkeypatch, three_people
):
    last = three_people[2]
    turn = claim(last)
    with before_the_second_slice(monkeypatch, lambda: send(turn)):
        pause_study(study=last.study, stop_everybody=True)
    assert [outcome(each) for each in three_people] == 3 * [Outcome.INTERRUPTED]
    at = again(last).interrupted_at
    note_interrupted(study=last.study)
    assert again(last).interrupted_at == at


@pytest.mark.parametrize("state", STOPS)
@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_the_study_comes_between_two_slices(monkeypatch, three_people, state):
    interrupted = []

    class Watched(closings.Pace):
        @contextmanager
        def slice(self):
            with super().slice():
                yield
            assert not connection.in_atomic_block
            interrupted.append(Participation.objects.of_outcome(Outcome.INTERRUPTED).count())

    monkeypatch.setattr(closings, "Pace", Watched)
    STOPS[state](three_people[0].study)
    assert interrupted == [1, 2, 3]
