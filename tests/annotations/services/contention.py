"""What the processes of test_locks.py do, by `manage.py shell`: several connections want the same rows."""

import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import connection, transaction
from django.utils import timezone

from annotations.errors import DeclineError, ManyAtOnceError, StudyNotOpenError
from annotations.measured import Measured
from annotations.models import Assignment, Place, Response, Study
from annotations.services.claims import claim_assignment
from annotations.services.closings import close_study, pause_study
from annotations.services.entry_codes import enter, make_entry_codes
from annotations.services.locks import lock_study, share_study
from annotations.services.participations import move_to_device
from annotations.services.ratings import rate
from annotations.services.responses import submit_response
from annotations.services.turns import decline_assignment, return_assignment
from tests.factories import (
    give_turn,
    make_open_study,
    make_participation,
    make_prompt_set,
    make_run,
    make_study,
)

ROUNDS = 10


def queue() -> None:
    """Print in which order three connections had the study: one that shares it, one that wants it alone and
    waits for the first, one that came last and wants to share it."""
    study = make_study()
    print(json.dumps(_line_up(
        ("first", lambda: share_study(study.pk)),
        ("alone", lambda: lock_study(study.pk)),
        ("last", lambda: share_study(study.pk)),
    )))  # fmt: skip


def close_while_an_answer_is_stored() -> None:
    """Print what happened in which order, and whether the answer is older than the closing."""
    study, answer = _study_with_an_answer_to_come()
    order = _line_up(("answered", answer), ("closed", lambda: close_study(study=study)))
    stored = Response.objects.get()
    study.refresh_from_db()
    print(json.dumps([*order, study.state, stored.created_at <= study.closed_at]))


def answer_while_it_closes() -> None:
    """Print what happened in which order, and how many answers were stored."""
    study, answer = _study_with_an_answer_to_come()

    def answer_in_vain() -> None:
        with pytest.raises(StudyNotOpenError):
            answer()

    order = _line_up(("closed", lambda: close_study(study=study)), ("refused", answer_in_vain))
    print(json.dumps([*order, Response.objects.count()]))


def _study_with_an_answer_to_come() -> tuple[Study, Callable[[], object]]:
    """Open, with nobody at a task; whoever was at one gave it back, and answers it all the same."""
    study = make_open_study()
    person = make_participation(study)
    turn = give_turn(study.tasks.first(), person)
    return_assignment(assignment=turn)

    def answer() -> object:
        return submit_response(
            assignment=turn, participation=person, answer={"choice": 4}, token=uuid.uuid4()
        )

    return study, answer


def _line_up(*steps: tuple[str, Callable[[], object]]) -> list[str]:
    """Do each in a connection and a transaction of its own, begun when the one before is done or waits. The
    first one's transaction goes on until all have begun. Return what was done in which order."""
    had: list[str] = []
    all_have_begun = Event()

    def first(name: str, step: Callable[[], object]) -> None:
        with closing(connection), transaction.atomic():
            step()
            had.append(name)
            all_have_begun.wait(10)
            had.append("first ends")

    def other(name: str, step: Callable[[], object]) -> None:
        with closing(connection), transaction.atomic():
            step()
            had.append(name)

    with ThreadPoolExecutor(len(steps)) as pool:
        futures = [pool.submit(first, *steps[0])]
        _wait_until(lambda: len(had) == 1)
        for begun, step in enumerate(steps[1:], start=1):
            futures.append(pool.submit(other, *step))
            _wait_until(lambda begun=begun: len(had) - 1 + _waiting() == begun)
        all_have_begun.set()
        for future in futures:
            future.result(timeout=10)
    return had


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def revive_together() -> None:
    """Again and again, two people answer turns that they gave back, at once, while each one's place is
    reserved for the other. Print for every round how many answers count, and how many places are still
    reserved."""
    print(json.dumps([_revive_together() for _ in range(ROUNDS)]))


def _revive_together() -> list[int]:
    words = [("dog", "NOUN", ""), ("cat", "NOUN", "")]
    study = make_open_study(run=make_run(make_prompt_set([("dog cat", words)])), replicas=1)
    people = [make_participation(study), make_participation(study)]
    turns = [give_turn(task, person) for task, person in zip(study.tasks.all(), people, strict=True)]
    until = timezone.now() + timedelta(minutes=2)
    for turn, other in zip(turns, reversed(people), strict=True):
        return_assignment(assignment=turn)
        Place.objects.filter(pk=turn.place_id).update(reserved_for=other, reserved_until=until)
    _together(*(lambda turn=turn: _answer(turn) for turn in turns))
    in_time = Response.objects.filter(assignment__study=study, late=False)
    return [in_time.count(), Place.objects.filter(study=study, reserved_for__isnull=False).count()]


def begin_together() -> None:
    """Thirty people of one address, who have answered nothing, ask for a task at once, four at a time. Print
    how many have one, how many were told to wait, and how many places are open then."""
    words = [(f"word{number}", "NOUN", "") for number in range(25)]
    run = make_run(make_prompt_set([(" ".join(word for word, _, _ in words), words)]))
    study = make_open_study(run=run, replicas=2, unanswered_share=0.2)
    people = [make_participation(study) for _ in range(30)]
    together = Barrier(4)

    def begin(some) -> int:
        waited = 0
        with closing(connection):
            connection.ensure_connection()
            together.wait(10)
            for person in some:
                try:
                    claim_assignment(participation=person, address="198.51.100.7")
                except ManyAtOnceError:
                    waited += 1
        return waited

    with ThreadPoolExecutor(4) as pool:
        waited = sum(pool.map(begin, [people[each::4] for each in range(4)], timeout=60))
    at_a_task = Assignment.objects.filter(study=study, state=Assignment.State.CLAIMED).count()
    print(json.dumps([at_a_task, waited, Place.objects.open().filter(study=study).count()]))


def enter_together() -> None:
    """Again and again, four browsers enter one unused code at once. Print for every round how many
    participations there are, and how many devices go on."""
    print(json.dumps([_enter_together() for _ in range(ROUNDS)]))


def _enter_together() -> list[int]:
    study = make_open_study(access="codes")
    (made,) = make_entry_codes(study=study, count=1)
    together = Barrier(4)

    def enter_once(_) -> str:
        with closing(connection):
            connection.ensure_connection()
            together.wait(10)
            return move_to_device(participation_id=enter(study=study, code=made.code).pk)

    with ThreadPoolExecutor(4) as pool:
        devices = list(pool.map(enter_once, range(4), timeout=30))
    person = study.participations.get()
    return [len(set(devices)), devices.count(person.device)]


def _answer(turn: Assignment) -> None:
    submit_response(
        assignment=turn, participation=turn.participation, answer={"choice": 4}, token=uuid.uuid4()
    )


def _together(*steps: Callable[[], object]) -> None:
    """Do each in a connection of its own, all at once."""
    barrier = Barrier(len(steps))

    def do(step: Callable[[], object]) -> None:
        with closing(connection):
            connection.ensure_connection()
            barrier.wait(10)
            step()

    with ThreadPoolExecutor(len(steps)) as pool:
        list(pool.map(do, steps, timeout=30))


def decline_twice_and_answer_together() -> None:
    """Print for every round how often the turn was declined by its person's counter, whether it is declined,
    and whether its answer is late."""
    print(json.dumps([_decline_and_answer() for _ in range(ROUNDS)]))


def _decline_and_answer() -> list[int]:
    study = make_open_study()
    person = make_participation(study)
    turn = give_turn(study.tasks.first(), person)

    def decline() -> None:
        with suppress(DeclineError):
            decline_assignment(assignment=turn, participation=person)

    _together(decline, lambda: _answer(turn), decline)
    turn.refresh_from_db()
    person.refresh_from_db()
    return [person.declined, turn.declined, turn.responses.get().late]


def stop_everybody_while_somebody_answers() -> None:
    """Print the outcomes of those who answered just when everybody was stopped."""
    print(json.dumps([_stop_and_answer() for _ in range(ROUNDS)]))


def _stop_and_answer() -> str:
    study = make_open_study()
    person = make_participation(study)
    turn = give_turn(study.tasks.first(), person)
    once = {"token": uuid.uuid4(), "base": None, "measured": Measured()}
    _together(
        lambda: rate(assignment=turn, participation=person, answer={"choice": 4}, **once),
        lambda: pause_study(study=study, stop_everybody=True),
    )
    person.refresh_from_db()
    return person.outcome
