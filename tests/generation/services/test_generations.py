import hashlib
import uuid
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from generation.models import Generation, GenerationRun
from generation.services.generations import (
    GenerationResult,
    claim_generations,
    fail_claimable,
    finish_generation,
)
from generation.services.runs import cancel_waiting, retry_failed
from tests.factories import DOG, heat_map_bytes, image_bytes, make_prompt_set, make_run

pytestmark = pytest.mark.django_db
State = Generation.State


def result(seed: int = 0) -> GenerationResult:
    return GenerationResult(
        image=image_bytes(seed),
        heat_maps=heat_map_bytes(DOG[0]),
        width=64,
        height=64,
        checkpoint_revision="abc",
        versions={"torch": "2"},
        seconds=1.5,
    )


@pytest.fixture
def run() -> GenerationRun:
    return make_run(make_prompt_set([DOG] * 4), finished=False)


def expire() -> None:
    Generation.objects.filter(state=State.RUNNING).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )


def stored_files(media_folder) -> list[str]:
    return sorted(path.name for path in media_folder.rglob("*") if path.is_file())


# --- Claiming ----------------------------------------------------------------------------------------------


def test_claim_takes_as_many_as_asked_for_and_leases_them(run, monkeypatch):
    monkeypatch.setattr(Generation, "LEASE", timedelta(minutes=7))
    claimed = claim_generations(run=run, limit=3)
    assert [generation.pk for generation in claimed] == list(
        run.generations.order_by("pk").values_list("pk", flat=True)[:3]
    )
    for generation in claimed:
        assert (generation.state, generation.claim, generation.attempts) == (State.RUNNING, claimed.claim, 1)
        assert timedelta(minutes=6) < generation.lease_expires_at - timezone.now() <= timedelta(minutes=7)


def test_two_workers_never_get_the_same_one(run):
    mine = claim_generations(run=run, limit=3)
    theirs = claim_generations(run=run, limit=3)
    assert (len(mine), len(theirs)) == (3, 1)
    assert not {generation.pk for generation in mine} & {generation.pk for generation in theirs}
    assert mine.claim != theirs.claim
    assert list(claim_generations(run=run, limit=3)) == []


def test_one_that_another_worker_took_in_between_is_left_to_it(run, monkeypatch):
    """Between reading the waiting ones and claiming them, somebody else gets the first."""
    first = run.generations.order_by("pk").first()
    take = Generation.take

    def take_late(generation, claim):
        if generation.pk == first.pk:
            assert take(Generation.objects.get(pk=generation.pk), uuid.uuid4())
        return take(generation, claim)

    monkeypatch.setattr(Generation, "take", take_late)
    claimed = claim_generations(run=run, limit=2)
    assert first.pk not in {generation.pk for generation in claimed}
    assert len(claimed) == 2


def test_other_runs_are_not_touched(run):
    other = make_run(finished=False)
    claim_generations(run=run, limit=10)
    assert other.generations.get().state == State.QUEUED


def test_dropped_one_is_taken_over_after_its_lease(run):
    [generation] = claim_generations(run=run, limit=1)
    run.generations.exclude(pk=generation.pk).delete()
    assert list(claim_generations(run=run, limit=1)) == []
    expire()
    [again] = claim_generations(run=run, limit=1)
    assert (again.pk, again.attempts) == (generation.pk, 2)
    assert again.claim != generation.claim


def test_one_that_took_its_worker_down_is_tried_last_and_alone(run):
    batch = claim_generations(run=run, limit=1)
    batch.mark_loaded("abc")
    expire()
    fresh = claim_generations(run=run, limit=10)
    [dropped] = batch
    assert len(fresh) == 3
    assert dropped.pk not in {generation.pk for generation in fresh}
    [again] = claim_generations(run=run, limit=10)
    assert again.pk == dropped.pk


@pytest.mark.parametrize("revision", ["abc", ""], ids=["loaded", "not loaded"])
def test_several_that_took_their_worker_down_are_tried_one_at_a_time(run, revision):
    batch = claim_generations(run=run, limit=4)
    assert len(batch) == 4
    batch.mark_loaded(revision)
    expire()
    assert [len(claim_generations(run=run, limit=4)) for _ in range(5)] == [1, 1, 1, 1, 0]


def test_worker_that_stops_again_and_again_fails_the_image_and_no_other(run):
    culprit = run.generations.order_by("pk").first()
    Generation.objects.filter(pk=culprit.pk).update(
        state=State.RUNNING,
        claim=uuid.uuid4(),
        attempts=Generation.MAX_ATTEMPTS,
        lease_expires_at=timezone.now() - timedelta(seconds=1),
        checkpoint_revision="abc",
    )
    assert len(claim_generations(run=run, limit=10)) == 3
    assert len(claim_generations(run=run, limit=10)) == 0
    culprit.refresh_from_db()
    assert (culprit.state, culprit.claim, culprit.lease_expires_at) == (State.FAILED, None, None)
    assert "A worker took it 3 times and never finished" in culprit.error
    assert culprit.finished_at


@pytest.mark.parametrize("batch_size", [1, 3])
def test_worker_that_dies_while_it_loads_the_checkpoint_fails_all_that_waits_after_three(run, batch_size):
    """Field case: each of the images would meet the same."""
    claimed = []
    for _ in range(5):
        claimed.append([generation.pk for generation in claim_generations(run=run, limit=batch_size)])
        expire()
    first = run.generations.order_by("pk").first()
    assert [batch[0] for batch in claimed[:3]] == [first.pk] * 3  # no other's attempts are spent
    assert claimed[3:] == [[], []]
    assert set(run.generations.values_list("state", flat=True)) == {State.FAILED}
    for generation in run.generations.exclude(pk=first.pk):
        assert "could not be loaded: the worker stopped 3 times while it loaded it" in generation.error
        assert run.checkpoint_name in generation.error
    assert retry_failed(run=run) == 4
    assert len(claim_generations(run=run, limit=1)) == 1


def test_reporting_renews_the_leases_of_one_worker_only_and_tells_the_sweep(run):
    mine, theirs = claim_generations(run=run, limit=2), claim_generations(run=run, limit=2)
    expire()
    assert run.poked_at is None
    assert mine.renew()
    now = timezone.now()
    assert run.generations.filter(claim=mine.claim, lease_expires_at__gt=now).count() == 2
    assert run.generations.filter(claim=theirs.claim, lease_expires_at__gt=now).count() == 0
    run.refresh_from_db()
    assert run.poked_at


@pytest.mark.parametrize("days", [1, -1], ids=["ahead", "back"])
def test_clock_that_was_a_day_wrong_leaves_nothing_running(run, days):
    batch = claim_generations(run=run, limit=4)
    Generation.objects.update(lease_expires_at=timezone.now() + timedelta(days=days))
    [again] = claim_generations(run=run, limit=4)
    assert again.attempts == 2
    assert batch.renew()  # of the others


# --- Cancelling --------------------------------------------------------------------------------------------


def test_cancelling_a_run_leaves_what_workers_have_begun_and_can_be_taken_back(run):
    [begun] = claim_generations(run=run, limit=1)
    assert cancel_waiting(run=run) == 3
    assert run.generations.filter(state=State.CANCELLED, finished_at__isnull=False).count() == 3
    assert len(claim_generations(run=run, limit=4)) == 0
    assert cancel_waiting(run=run) == 0
    assert finish_generation(generation=begun, result=result())
    assert retry_failed(run=run) == 3
    assert len(claim_generations(run=run, limit=4)) == 3


def test_cancelling_a_run_cancels_what_a_dead_worker_had_too(run):
    claim_generations(run=run, limit=2)
    assert not run.generations.exclude(state=State.QUEUED).waiting().exists()
    expire()
    assert run.generations.exclude(state=State.QUEUED).waiting().count() == 2
    assert cancel_waiting(run=run) == 4
    assert len(claim_generations(run=run, limit=4)) == 0


# --- Finishing ---------------------------------------------------------------------------------------------


def test_finished_generation_has_its_files_and_where_they_come_from(run, media_folder):
    [generation] = claim_generations(run=run, limit=1)
    made = result()
    assert finish_generation(generation=generation, result=made)
    generation.refresh_from_db()
    assert (generation.state, generation.claim, generation.lease_expires_at) == (State.DONE, None, None)
    with generation.image.open("rb") as file:
        assert file.read() == made.image
    with generation.heat_maps.open("rb") as file:
        assert file.read() == made.heat_maps
    assert generation.image_sha256 == hashlib.sha256(made.image).hexdigest()
    assert generation.heat_maps_sha256 == hashlib.sha256(made.heat_maps).hexdigest()
    assert (generation.width, generation.height, generation.seconds) == (64, 64, 1.5)
    assert (generation.checkpoint_revision, generation.versions) == ("abc", {"torch": "2"})
    assert generation.finished_at <= timezone.now()
    assert generation.load_heat_maps().prompt == DOG[0]
    assert len(stored_files(media_folder)) == 2


def test_finishing_twice_stores_once(run, media_folder):
    [generation] = claim_generations(run=run, limit=1)
    assert finish_generation(generation=generation, result=result(1))
    kept = stored_files(media_folder)
    assert not finish_generation(generation=generation, result=result(2))
    assert stored_files(media_folder) == kept
    generation.refresh_from_db()
    assert generation.image_sha256 == hashlib.sha256(image_bytes(1)).hexdigest()
    assert default_storage.exists(generation.image.name)


def test_late_worker_whose_generation_nobody_took_may_still_finish(run):
    [generation] = claim_generations(run=run, limit=1)
    expire()
    assert finish_generation(generation=generation, result=result())


def test_stale_worker_cannot_write_and_its_files_are_removed(run, media_folder):
    [generation] = claim_generations(run=run, limit=1)
    run.generations.exclude(pk=generation.pk).delete()
    expire()
    [taken] = claim_generations(run=run, limit=1)
    assert taken.pk == generation.pk
    assert not finish_generation(generation=generation, result=result(1))
    assert stored_files(media_folder) == []
    now = Generation.objects.get(pk=generation.pk)
    assert (now.state, now.claim) == (State.RUNNING, taken.claim)
    assert finish_generation(generation=taken, result=result(2))
    assert not finish_generation(generation=generation, result=result(1))
    generation.refresh_from_db()
    assert generation.image_sha256 == hashlib.sha256(image_bytes(2)).hexdigest()
    assert len(stored_files(media_folder)) == 2


def test_stale_worker_cannot_fail_or_renew_either(run):
    stale = claim_generations(run=run, limit=1)
    [generation] = stale
    run.generations.exclude(pk=generation.pk).delete()
    expire()
    [taken] = claim_generations(run=run, limit=1)
    assert not stale.renew()
    assert not stale.mark_loaded("abc")
    assert not generation.fail("boom")
    now = Generation.objects.get(pk=generation.pk)
    assert (now.state, now.error, now.checkpoint_revision) == (State.RUNNING, "", "")
    assert taken.fail("boom")
    assert not taken.fail("boom again")
    generation.refresh_from_db()
    assert (generation.state, generation.error) == (State.FAILED, "boom")


def test_worker_finishes_nothing_of_a_deleted_run(run, media_folder):
    [generation] = claim_generations(run=run, limit=1)
    run.delete()
    assert not finish_generation(generation=generation, result=result())
    assert stored_files(media_folder) == []


# --- Failing what waits ------------------------------------------------------------------------------------


def test_failing_what_waits_leaves_what_others_have_in_hand(run):
    [theirs] = claim_generations(run=run, limit=1)
    assert fail_claimable(run=run, error="no checkpoint") == 3
    assert run.generations.filter(state=State.FAILED, error="no checkpoint").count() == 3
    assert run.generations.get(pk=theirs.pk).claim == theirs.claim
    assert fail_claimable(run=run, error="again") == 0


def test_failing_what_waits_includes_what_a_dead_worker_dropped(run):
    claim_generations(run=run, limit=1)
    expire()
    assert fail_claimable(run=run, error="no checkpoint") == 4
    assert not run.generations.exclude(claim=None).exists()
