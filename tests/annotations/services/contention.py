"""What the processes of test_locks.py do, by `manage.py shell`: several connections want the same rows."""

import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier, Event

from django.db import connection, transaction
from django.utils import timezone

from annotations.models import Place, Response
from annotations.services.locks import lock_study, share_study
from annotations.services.responses import submit_response
from annotations.services.turns import return_assignment
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
    had: list[str] = []
    may_end = Event()

    def first() -> None:
        with closing(connection), transaction.atomic():
            share_study(study.pk)
            had.append("first")
            may_end.wait(10)

    def alone() -> None:
        with closing(connection), transaction.atomic():
            lock_study(study.pk)
            had.append("alone")

    def last() -> None:
        with closing(connection), transaction.atomic():
            share_study(study.pk)
            had.append("last")

    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(first)]
        _wait_until(lambda: had == ["first"])
        futures.append(pool.submit(alone))
        _wait_until(lambda: _waiting() == 1)
        futures.append(pool.submit(last))
        _wait_until(lambda: _waiting() == 2 or "last" in had)
        may_end.set()
        for future in futures:
            future.result(timeout=10)
    print(json.dumps(had))


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
    together = Barrier(2)

    def answer(turn) -> None:
        with closing(connection):
            connection.ensure_connection()
            together.wait(10)
            submit_response(
                assignment=turn, participation=turn.participation, answer={"choice": 4}, token=uuid.uuid4()
            )

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(answer, turns, timeout=30))
    in_time = Response.objects.filter(assignment__study=study, late=False)
    return [in_time.count(), Place.objects.filter(study=study, reserved_for__isnull=False).count()]
