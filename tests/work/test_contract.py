"""What every kind of leased work promises: done once and whole, whatever happens to those who do it."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection
from django.db.transaction import Atomic
from django.utils import timezone

from daamweb.work.jobs import kinds_of_work, sweep_work
from daamweb.work.models import Work
from tests.work.cases import CASES, WITHOUT_JOB, Case

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rows]
WRITES = ("INSERT", "UPDATE", "DELETE")
DAY = timedelta(days=1)
EACH = pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)


class Killed(BaseException):
    """As a worker that is killed: nobody catches it."""


def test_every_kind_has_its_case():
    """A new kind joins by a line in tests/work/cases.py."""
    assert {kind for kind in kinds_of_work() if kind.JOB} == set(CASES)
    assert {kind for kind in kinds_of_work() if not kind.JOB} == WITHOUT_JOB


@pytest.fixture
def case(kind, monkeypatch) -> Case:
    for name, put_in_place in CASES[kind].replace().items():
        monkeypatch.setattr(name, put_in_place)
    monkeypatch.setattr("generation.services.words.PROMPTS_AT_ONCE", 1)
    # Around everything is the test's own transaction; what ends one outside of it gives back a part here.
    monkeypatch.setattr(
        Atomic, "__init__", lambda self, using, savepoint, durable: made(self, using, True, durable)
    )
    return CASES[kind]


made = Atomic.__init__


def do(case: Case, row: Work) -> None:
    """What a worker does who was told of it."""
    current_app.loader.import_default_modules()
    current_app.tasks[row.JOB](case.told(row).pk)


@contextmanager
def at_write(number: int, act: Callable[[], None], outside: bool = False) -> Iterator[list[str]]:
    """Act before the statement of this number that writes, counted from 0; `outside` of transactions, the
    next one of these. Gives those that were written."""
    written: list[str] = []
    depth = len(connection.savepoint_ids)
    acted = False

    def watch(execute, sql, params, many, context):
        nonlocal acted
        if sql.startswith(WRITES):
            written.append(sql)
            is_outside = len(connection.savepoint_ids) == depth
            if not acted and len(written) > number and (is_outside or not outside):
                acted = True
                act()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield written


def die() -> None:
    raise Killed


def let_lease_run_out(row: Work, by: timedelta = timedelta(seconds=1)) -> None:
    rows = type(row)._default_manager.filter(pk=row.pk, state=Work.State.RUNNING)
    rows.update(lease_expires_at=timezone.now() - by)


def now(row: Work) -> Work:
    return type(row)._default_manager.get(pk=row.pk)


def assert_done(case: Case, row: Work) -> None:
    row = now(row)
    assert (row.state, row.error) == (Work.State.DONE, "")
    case.check(row)


@pytest.fixture
def sweep(django_capture_on_commit_callbacks, pokes):
    """Sweep; return what was poked of a row."""

    def sweep(case: Case, row: Work) -> list[tuple[str, tuple]]:
        del pokes[:]
        with django_capture_on_commit_callbacks(execute=True):
            sweep_work()
        return [poked for poked in pokes if poked == (row.JOB, (case.told(row).pk,))]

    return sweep


@EACH
def test_it_is_done(kind, case):
    row = case.make()
    do(case, row)
    assert_done(case, row)


@EACH
def test_killed_at_each_step_it_is_done_once_by_the_next_worker(kind, case):
    for step in itertools.count():
        # Each time on rows of its own; what is left of the last time is taken back.
        with taken_back():
            row = case.make()
            with at_write(step, die) as written, suppress(Killed):
                do(case, row)
            if len(written) <= step:
                break
            let_lease_run_out(row)
            do(case, row)
            assert_done(case, row)
    assert step > 2  # it took something to kill


@contextmanager
def taken_back() -> Iterator[None]:
    mark = connection.savepoint()
    try:
        yield
    finally:
        connection.savepoint_rollback(mark)


@EACH
def test_taken_twice_it_is_done_by_who_has_it_and_the_first_changes_nothing_any_more(kind, case):
    row = case.make()
    first = now(row)
    assert first.take()
    do(case, row)
    assert now(row).claim == first.claim  # it was left alone
    let_lease_run_out(row)
    do(case, row)
    assert_done(case, row)
    assert not first.renew(done=1)
    assert not first.finish()
    assert not first.fail("too late")
    do(case, row)
    assert_done(case, row)


@EACH
def test_a_poke_that_was_lost_is_made_up_for_once_a_lease(kind, case, sweep):
    row = case.make()
    type(case.told(row))._default_manager.update(poked_at=timezone.now())
    assert sweep(case, row) == []
    type(case.told(row))._default_manager.update(poked_at=timezone.now() - 2 * kind.LEASE)
    assert len(sweep(case, row)) == 1
    assert sweep(case, row) == []
    do(case, row)
    assert_done(case, row)
    type(case.told(row))._default_manager.update(poked_at=None)
    assert sweep(case, row) == []


@EACH
def test_what_takes_its_workers_down_fails_with_a_reason(kind, case, sweep):
    row = case.make()
    for _ in range(kind.MAX_ATTEMPTS):
        with at_write(1, die), suppress(Killed):
            do(case, row)
        assert now(row).state == Work.State.RUNNING
        let_lease_run_out(row)
    do(case, row)
    failed = now(row)
    assert failed.state == Work.State.FAILED
    assert "3 times" in failed.error
    type(case.told(row))._default_manager.update(poked_at=None)
    assert sweep(case, row) == []


@EACH
@pytest.mark.parametrize("off", [DAY, -DAY], ids=["ahead", "back"])
@pytest.mark.parametrize("was_put_off", [False, True], ids=["taken", "put off"])
def test_a_clock_that_was_a_day_wrong_holds_nothing_up(kind, case, sweep, off, was_put_off):
    row = case.make()
    taken = now(row)
    assert taken.take()
    let_lease_run_out(row, by=-off)
    type(case.told(row))._default_manager.update(poked_at=timezone.now() + off)
    assert len(sweep(case, row)) == 1
    if was_put_off:
        assert taken.put_off(timezone.now() + off)
        type(case.told(row))._default_manager.update(poked_at=None)
        assert len(sweep(case, row)) == 1
    do(case, row)
    assert_done(case, row)


def cancel(row: Work) -> Callable[[], object]:
    return lambda: now(row).cancel()


@EACH
def test_cancelled_while_it_runs_it_stays_cancelled(kind, case):
    for step in itertools.count(1):
        with taken_back():
            row = case.make()
            with at_write(step, cancel(row), outside=True):
                do(case, row)
            if now(row).state == Work.State.DONE:
                break
            ended = now(row)
            assert (ended.state, ended.claim) == (Work.State.CANCELLED, None)
            do(case, row)
            assert now(row).state == Work.State.CANCELLED
