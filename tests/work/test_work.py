"""One row of leased work: taken, renewed, lost, given back, ended."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotations.models import Operation
from tests.factories import make_study
from tests.work.rows import make_operation, same_row

pytestmark = pytest.mark.django_db
State = Operation.State
MINUTE = timedelta(minutes=1)


@pytest.fixture
def work() -> Operation:
    return make_operation(make_study())


def let_lease_run_out(work: Operation) -> None:
    Operation.objects.filter(pk=work.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


# --- taking and keeping -----------------------------------------------------------------------------------


def test_what_waits_is_taken_by_one_worker_for_a_lease(work):
    other = same_row(work)
    before = timezone.now()
    assert work.take()
    assert (work.state, work.attempts) == (State.RUNNING, 1)
    assert before + work.LEASE <= work.lease_expires_at <= timezone.now() + work.LEASE
    assert not other.take()
    assert same_row(work).claim == work.claim


def test_renewing_prolongs_the_lease_and_tells_how_far_it_is(work):
    work.take()
    Operation.objects.filter(pk=work.pk).update(lease_expires_at=timezone.now() + timedelta(seconds=1))
    assert work.renew(done=3, total=8)
    now = same_row(work)
    assert (work.done, work.total) == (now.done, now.total) == (3, 8)
    assert now.lease_expires_at > timezone.now() + work.LEASE - MINUTE
    assert work.renew()
    assert (same_row(work).done, same_row(work).total) == (3, 8)


def test_a_lease_that_ran_out_goes_to_the_next_worker_and_the_first_one_changes_nothing_any_more(work):
    work.take()
    let_lease_run_out(work)
    second = same_row(work)
    assert second.take()
    assert second.attempts == 2
    assert not work.renew(done=5)
    assert not work.finish()
    assert not work.fail("too late")
    assert not work.put_off(timezone.now())
    now = same_row(work)
    assert (now.state, now.claim, now.done, now.error) == (State.RUNNING, second.claim, 0, "")
    assert second.finish()


def test_a_worker_that_is_slow_keeps_what_nobody_else_has_taken(work):
    work.take()
    let_lease_run_out(work)
    assert work.renew()
    assert not same_row(work).take()


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(hours=1, minutes=1)])
def test_a_lease_of_a_clock_that_was_wrong_has_run_out(work, ahead):
    work.take()
    Operation.objects.filter(pk=work.pk).update(lease_expires_at=timezone.now() + ahead)
    assert same_row(work).take()


def test_a_worker_whose_clock_is_a_day_ahead_holds_nothing_for_a_day(work, monkeypatch):
    real = timezone.now
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: real() + timedelta(days=1))
        assert work.take()
        assert work.renew()
    second = same_row(work)
    assert second.take()
    assert not work.finish()


def test_a_worker_that_was_not_heard_for_half_a_lease_may_have_died(work):
    assert work.silent_since is None
    assert work.take()
    assert work.silent_since is None
    heard = timezone.now() - work.LEASE * 0.6
    Operation.objects.filter(pk=work.pk).update(lease_expires_at=heard + work.LEASE)
    assert same_row(work).silent_since == heard


# --- ending -----------------------------------------------------------------------------------------------


def test_finishing_ends_it_for_good(work):
    work.take()
    assert work.finish()
    assert (work.state, work.lease_expires_at, work.error) == (State.DONE, None, "")
    assert same_row(work).claim is None
    assert timezone.now() - work.finished_at < MINUTE
    assert not work.finish()
    assert not same_row(work).take()
    assert not work.cancel()
    assert not work.requeue()


@pytest.mark.parametrize("end", [lambda work: work.finish(), lambda work: work.fail("no")])
def test_an_end_that_is_taken_back_leaves_it_with_who_had_it(work, end):
    work.take()
    with suppress(RuntimeError), transaction.atomic():
        assert end(work)
        raise RuntimeError("what comes after it in the transaction")
    assert same_row(work).state == State.RUNNING
    assert work.renew()
    assert work.fail("what comes after it")
    assert same_row(work).error == "what comes after it"


def test_failing_keeps_the_error_and_requeueing_begins_anew(work):
    work.take()
    assert work.fail("The platform said no.")
    assert (work.state, work.error) == (State.FAILED, "The platform said no.")
    assert not same_row(work).take()
    assert work.requeue()
    again = same_row(work)
    assert (again.state, again.error, again.attempts, again.finished_at) == (State.QUEUED, "", 0, None)
    assert not work.requeue()
    assert again.take()


def test_failing_without_a_word_is_refused(work):
    work.take()
    with pytest.raises(IntegrityError), transaction.atomic():
        work.fail("")
    assert same_row(work).state == State.RUNNING


def test_what_took_its_worker_down_too_often_fails(work):
    for _ in range(Operation.MAX_ATTEMPTS):
        assert same_row(work).take()
        let_lease_run_out(work)
    last = same_row(work)
    assert not last.take()
    assert last.state == State.FAILED
    assert "took it 3 times and never finished" in last.error
    assert (same_row(work).claim, same_row(work).lease_expires_at) == (None, None)


def test_what_is_put_off_waits_until_then(work):
    work.take()
    assert work.put_off(timezone.now() + MINUTE, "The platform asks to wait.")
    waiting = same_row(work)
    assert (waiting.state, waiting.claim, waiting.error) == (State.QUEUED, None, "The platform asks to wait.")
    assert not waiting.take()
    Operation.objects.update(not_before=timezone.now())
    assert waiting.take()


def test_what_a_wrong_clock_put_off_is_due(work):
    work.take()
    assert work.put_off(timezone.now() + timedelta(days=1))
    assert same_row(work).take()


def test_what_is_put_off_without_a_time_is_due_at_once_whatever_the_clock(work):
    work.take()
    assert work.put_off()
    assert same_row(work).not_before is None
    assert same_row(work).take()


def test_putting_off_counts_as_no_death_of_a_worker(work):
    for _ in range(2 * Operation.MAX_ATTEMPTS):
        again = same_row(work)
        assert again.take()
        assert again.put_off(timezone.now())
    assert same_row(work).attempts == 0


@pytest.mark.parametrize("is_running", [False, True])
def test_cancelling_ends_it_whoever_has_it(work, is_running):
    if is_running:
        work.take()
    assert same_row(work).cancel()
    assert not work.renew()
    assert not work.finish()
    now = same_row(work)
    assert (now.state, now.claim) == (State.CANCELLED, None)
    assert not now.take()
    assert not now.cancel()
