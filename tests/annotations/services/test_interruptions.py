"""Those whom a study interrupts when it closes or stops everybody are written down in slices: the first by
whoever stops it, the others by a worker, or by the command."""

from contextlib import contextmanager
from itertools import count

import pytest
from django.db import connection

from annotations.errors import StudyError
from annotations.jobs import (
    close_here,
    go_on_stopping,
    start_closing,
    start_stopping,
    stop_here,
    sweep_studies,
)
from annotations.models import Assignment, Outcome, Participation, Study, Verification
from annotations.services import closings
from annotations.services.closings import close_study, note_interrupted
from annotations.services.openings import open_study, request_opening
from tests.annotations.services.rows import again, claim, four_images, outcome, person
from tests.annotations.services.test_ratings import send

pytestmark = pytest.mark.django_db
STOPS = {"paused": stop_here, "closed": close_here}
STARTS = {"paused": start_stopping, "closed": start_closing}
GOING_ON = "annotations.jobs.go_on_stopping"


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
    """The study is locked to stop it, with the first slice, then once for each other slice."""
    locked = count()

    def lock(pk, lock_study=closings.lock_study):
        if next(locked) == 1:
            act()
        return lock_study(pk)

    with monkeypatch.context() as patched:
        patched.setattr(closings, "lock_study", lock)
        yield


def stop_and_be_killed(monkeypatch, study: Study, state: str) -> None:
    def be_killed():
        raise KilledError

    with before_the_second_slice(monkeypatch, be_killed), pytest.raises(KilledError):
        STOPS[state](study=study)


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
    ("go_on", "state"), [(open_study, Study.State.OPEN), (close_here, Study.State.CLOSING)]
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


@pytest.fixture
def asked(pokes, django_capture_on_commit_callbacks):
    """What a request, or a job, does and commits; the pokes that it sends."""

    def asked(act, *args, **options) -> list[tuple[str, tuple]]:
        pokes.clear()
        with django_capture_on_commit_callbacks(execute=True):
            act(*args, **options)
        return list(pokes)

    return asked


@pytest.mark.parametrize(("state", "meanwhile"), [("paused", "paused"), ("closed", "closing")])
def test_a_request_writes_down_one_slice_and_a_worker_the_others(asked, three_people, state, meanwhile):
    study = three_people[0].study
    assert asked(STARTS[state], study=study) == [(GOING_ON, (study.pk,))]
    assert study.state == meanwhile
    assert [outcome(each) for each in three_people] == [Outcome.INTERRUPTED, Outcome.NONE, Outcome.NONE]
    sent = asked(go_on_stopping, study.pk)
    assert again(study).state == state
    assert [outcome(each) for each in three_people] == 3 * [Outcome.INTERRUPTED]
    verified = [("annotations.jobs.run_verification", (each.pk,)) for each in Verification.objects.all()]
    assert sent == verified
    at = [again(each).interrupted_at for each in three_people]
    assert asked(go_on_stopping, study.pk) == []
    assert [again(each).interrupted_at for each in three_people] == at


@pytest.mark.parametrize("state", STARTS)
def test_a_worker_that_runs_out_of_time_goes_on_behind_the_others(monkeypatch, asked, three_people, state):
    study = three_people[0].study
    asked(STARTS[state], study=study)
    with monkeypatch.context() as patched:
        patched.setattr(closings, "LONGEST_SECONDS", -1)
        assert asked(go_on_stopping, study.pk) == [(GOING_ON, (study.pk,))]
    assert outcome(three_people[1]) == Outcome.NONE
    asked(go_on_stopping, study.pk)
    assert again(study).state == state
    assert [outcome(each) for each in three_people] == 3 * [Outcome.INTERRUPTED]


def test_a_study_that_is_gone_is_left_alone(asked):
    assert asked(go_on_stopping, 0) == []


@pytest.mark.parametrize("go_on", [request_opening, close_study])
def test_no_request_resumes_or_closes_a_study_that_is_still_stopping(asked, three_people, go_on):
    study = three_people[0].study
    asked(start_stopping, study=study)
    with pytest.raises(StudyError, match="is still stopping; try again in a minute"):
        go_on(study=study)
    go_on_stopping(study.pk)
    go_on(study=study)
    assert again(study).state in (Study.State.OPEN, Study.State.CLOSING)


@pytest.mark.parametrize("state", STARTS)
def test_a_small_study_needs_no_worker_to_stop(asked, state):
    somebody = person(four_images())
    sent = asked(STARTS[state], study=somebody.study)
    assert GOING_ON not in [name for name, _ in sent]
    assert (outcome(somebody), again(somebody.study).state) == (Outcome.INTERRUPTED, state)


def test_a_worker_takes_back_what_a_request_left_of_a_study_that_closes_at_once(monkeypatch, asked):
    monkeypatch.setattr(closings, "TURNS_AT_ONCE", 1)
    study = four_images()
    turns = [claim(person(study)) for _ in range(3)]
    assert asked(start_closing, study=study, at_once=True) == [(GOING_ON, (study.pk,))]
    returned, claimed = Assignment.State.RETURNED, Assignment.State.CLAIMED
    assert again(study).state == Study.State.CLOSING
    assert sorted(again(turn).state for turn in turns) == [claimed, claimed, returned]
    asked(go_on_stopping, study.pk)
    assert again(study).state == Study.State.CLOSED
    assert [again(turn).state for turn in turns] == 3 * [returned]
    assert [outcome(turn.participation) for turn in turns] == 3 * [Outcome.INTERRUPTED]


def test_what_is_being_rated_is_not_taken_back_by_a_worker_unless_that_was_asked(asked, three_people):
    turn = claim(three_people[1])
    assert asked(start_closing, study=turn.study) == [(GOING_ON, (turn.study_id,))]
    assert asked(go_on_stopping, turn.study_id) == []
    assert (again(turn).state, again(turn.study).state) == (Assignment.State.CLAIMED, Study.State.CLOSING)


def test_a_study_that_goes_on_meanwhile_interrupts_nobody_more(monkeypatch, three_people):
    study = three_people[0].study
    with before_the_second_slice(monkeypatch, lambda: again(study).mark_resumed()):
        stop_here(study=study)
    assert again(study).state == Study.State.OPEN
    assert [outcome(each) for each in three_people] == [Outcome.INTERRUPTED, Outcome.NONE, Outcome.NONE]


def test_who_is_given_nothing_more_while_the_others_are_written_down_is_interrupted_once(
    monkeypatch, three_people
):
    last = three_people[2]
    turn = claim(last)
    with before_the_second_slice(monkeypatch, lambda: send(turn)):
        stop_here(study=last.study)
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
    STOPS[state](study=three_people[0].study)
    assert interrupted == [2, 3]
