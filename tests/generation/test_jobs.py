import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from daamweb.projects.services.projects import archive_project, restore_project
from daamweb.work.jobs import sweep_work
from generation import jobs
from generation.models import Generation, GenerationRun, Parse, PromptSet, Word
from generation.prompts.parsing import load_parser
from generation.services import parses
from generation.services.erasing import set_run_aside
from generation.services.generations import claim_generations
from generation.services.imports import import_prompts
from tests.factories import DOG, main_project, make_prompt_set, make_run
from tests.generation.parsers import make_parser

pytestmark = pytest.mark.django_db
State = Generation.State
ParseState = PromptSet.ParseState
GENERATE, PARSE = "generation.jobs.generate_batch", "generation.jobs.run_parse"


@pytest.fixture
def committed(django_capture_on_commit_callbacks, pokes):
    """Run something as if it were a transaction of its own; return the pokes that it sent."""

    def commit(act, *args):
        del pokes[:]
        with django_capture_on_commit_callbacks(execute=True):
            act(*args)
        return list(pokes)

    return commit


@pytest.fixture
def batches(monkeypatch):
    """What was claimed, batch by batch. In place of the engine: a batch is just finished."""
    made: list[list[int]] = []

    def execute_batch(run):
        claimed = list(claim_generations(run=run, limit=run.batch_size))
        for generation in claimed:
            assert generation.mark_made(image="a.png", heat_maps="a.npz")
        if claimed:
            made.append([generation.pk for generation in claimed])
        return len(claimed)

    monkeypatch.setattr("generation.execution.execute_batch", execute_batch)
    return made


def run_of(count: int, batch_size: int = 1) -> GenerationRun:
    run = make_run(make_prompt_set([DOG] * count), finished=False)
    run.batch_size = batch_size
    run.save()
    return run


def long_ago() -> None:
    """Whoever was told of anything was told two leases ago."""
    then = timezone.now() - timedelta(minutes=10)
    GenerationRun.objects.update(poked_at=then)
    Parse.objects.update(poked_at=then)
    Parse.objects.filter(state=Parse.State.RUNNING).update(lease_expires_at=then)
    Generation.objects.filter(state=State.RUNNING).update(lease_expires_at=then)


# --- Generating --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "batch_size", "chains"), [(1, 4, 1), (8, 4, 2), (9, 4, 3), (100, 1, 32)])
def test_starting_a_run_pokes_a_chain_per_batch_up_to_a_limit(committed, count, batch_size, chains):
    run = run_of(count, batch_size)
    assert committed(jobs.start_run, run) == [(GENERATE, (run.pk,))] * chains
    run.refresh_from_db()
    assert run.poked_at


def test_starting_a_finished_run_pokes_nobody(committed):
    assert committed(jobs.start_run, make_run()) == []


def test_nobody_is_poked_when_the_transaction_is_rolled_back(django_capture_on_commit_callbacks, pokes):
    with django_capture_on_commit_callbacks() as callbacks:
        jobs.start_run(run_of(1))
    assert pokes == []  # not before the commit
    assert len(callbacks) == 1


def test_chain_goes_on_until_nothing_is_left(committed, batches):
    run = run_of(5, batch_size=2)
    sent = [committed(jobs.generate_batch, run.pk) for _ in range(4)]
    assert sent == [[(GENERATE, (run.pk,))], [(GENERATE, (run.pk,))], [], []]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert run.generations.filter(state=State.DONE).count() == 5


def test_running_twice_makes_nothing_twice(committed, batches):
    run = run_of(2, batch_size=2)
    committed(jobs.generate_batch, run.pk)
    committed(jobs.generate_batch, run.pk)
    assert len(batches) == 1


def test_deleted_run_is_left_alone(committed, batches, caplog):
    run = run_of(1)
    key = run.pk
    run.delete()
    assert committed(jobs.generate_batch, key) == []
    assert f"Run {key} is erased" in caplog.text
    assert batches == []


def test_of_a_run_that_is_being_erased_nothing_is_made(committed, batches):
    run = run_of(1)
    set_run_aside(run)
    assert committed(jobs.generate_batch, run.pk) == []
    assert batches == []
    assert run not in Generation.to_tell(timezone.now())


def test_sweep_finds_a_run_whose_images_are_not_all_written_down():
    run = run_of(1)
    run.generations.update(state=Generation.State.CANCELLED, finished_at=timezone.now())
    assert run not in Generation.to_tell(timezone.now())
    GenerationRun.objects.filter(pk=run.pk).update(images=2, written=1)
    assert run in Generation.to_tell(timezone.now())


# --- The sweep over runs -----------------------------------------------------------------------------------


def test_sweep_finds_a_run_whose_poke_was_lost(committed):
    run = run_of(1)
    assert committed(sweep_work) == [(GENERATE, (run.pk,))]


def test_sweep_finds_what_a_dead_worker_dropped(committed):
    run = run_of(2, batch_size=2)
    claim_generations(run=run, limit=2)
    GenerationRun.objects.update(poked_at=timezone.now())
    assert committed(sweep_work) == []  # at work, as far as anybody knows
    long_ago()
    assert committed(sweep_work) == [(GENERATE, (run.pk,))]


def test_clock_that_was_a_day_ahead_hides_no_run_from_the_sweep(committed):
    run = run_of(2, batch_size=2)
    claim_generations(run=run, limit=2)
    tomorrow = timezone.now() + timedelta(days=1)
    GenerationRun.objects.update(poked_at=tomorrow)
    Generation.objects.update(lease_expires_at=tomorrow)
    assert committed(sweep_work) == [(GENERATE, (run.pk,))]
    assert committed(sweep_work) == []


def test_sweep_does_not_pile_pokes(committed):
    """A run that waits behind others is told of once per lease, however often the sweep passes."""
    run = run_of(3)
    committed(jobs.start_run, run)
    assert [committed(sweep_work) for _ in range(3)] == [[], [], []]
    long_ago()
    assert [len(committed(sweep_work)) for _ in range(3)] == [1, 0, 0]


def test_sweep_leaves_finished_runs_alone(committed):
    make_run()
    failed = make_run(finished=False)
    failed.generations.update(state=State.FAILED, error="boom", finished_at=timezone.now())
    assert committed(sweep_work) == []


# --- Parsing -----------------------------------------------------------------------------------------------


@pytest.fixture
def unparsed() -> PromptSet:
    return import_prompts(
        project=main_project(), name="set", content=b"two red cats\n", file_name="a.txt"
    ).prompt_set


@pytest.fixture
def parser(monkeypatch):
    monkeypatch.setattr(parses, "load_parser", lambda name: make_parser())


def test_asking_for_a_parse_queues_it_once(committed, unparsed):
    sent = committed(jobs.request_parse, unparsed)
    parse = Parse.objects.get()
    assert sent == [(PARSE, (parse.pk,))]
    unparsed.refresh_from_db()
    assert unparsed.parse_state == ParseState.QUEUED
    committed(jobs.request_parse, unparsed)
    assert Parse.objects.get() == parse


def test_parsing_twice_parses_once(committed, unparsed, parser):
    [(_, key)] = committed(jobs.request_parse, unparsed)
    jobs.run_parse(*key)
    words = list(Word.objects.values_list("pk", flat=True))
    assert len(words) == 3
    jobs.run_parse(*key)
    assert list(Word.objects.values_list("pk", flat=True)) == words


def test_parse_that_cannot_be_done_is_kept_with_its_reason_and_tried_again_when_asked(
    committed, unparsed, monkeypatch, caplog
):
    monkeypatch.setattr(parses, "load_parser", lambda name: load_parser("no_such_pipeline"))
    [(_, key)] = committed(jobs.request_parse, unparsed)
    jobs.run_parse(*key)
    unparsed.refresh_from_db()
    assert unparsed.parse_state == ParseState.FAILED
    assert "no_such_pipeline" in unparsed.parse_error
    parse = Parse.objects.get()
    assert (parse.state, parse.error) == (Parse.State.FAILED, unparsed.parse_error)
    assert "Traceback" in caplog.text
    [(name, [again])] = committed(lambda: jobs.parse_again(parse, by=None))
    assert (name, Parse.objects.get(pk=again).state) == (PARSE, Parse.State.QUEUED)


def test_whatever_a_parser_raises_is_kept_with_its_name(committed, unparsed, monkeypatch):
    def load_parser(name):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(parses, "load_parser", load_parser)
    [(_, key)] = committed(jobs.request_parse, unparsed)
    jobs.run_parse(*key)
    unparsed.refresh_from_db()
    assert (unparsed.parse_state, unparsed.parse_error) == (ParseState.FAILED, "RuntimeError: out of memory")


def test_parse_of_a_deleted_set_is_left_alone(committed, unparsed, caplog):
    [(_, [key])] = committed(jobs.request_parse, unparsed)
    unparsed.delete()
    with caplog.at_level(logging.INFO):
        jobs.run_parse(key)
    assert f"Parse {key} is gone" in caplog.text


def test_sweep_finds_the_lost_parses_and_does_not_pile_pokes(committed, unparsed):
    [poked] = committed(jobs.request_parse, unparsed)
    assert committed(sweep_work) == []
    long_ago()
    assert committed(sweep_work) == [poked]
    assert committed(sweep_work) == []


def test_parse_that_takes_its_worker_down_is_given_up_with_its_reason(committed, unparsed, monkeypatch):
    def die(name):
        raise KeyboardInterrupt  # as a worker that is killed: nothing is written any more

    monkeypatch.setattr(parses, "load_parser", die)
    [(_, key)] = committed(jobs.request_parse, unparsed)
    for _ in range(Parse.MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            jobs.run_parse(*key)
        long_ago()
    jobs.run_parse(*key)
    unparsed.refresh_from_db()
    assert unparsed.parse_state == ParseState.FAILED
    assert "took it 3 times and never finished" in unparsed.parse_error
    committed(jobs.request_parse, unparsed)
    assert Parse.objects.first().attempts == 0


def test_in_an_archived_project_nothing_is_made_until_it_is_restored(committed, batches, pokes):
    run = make_run(make_prompt_set([DOG]), finished=False)
    parse = parses.queue_parse(prompt_set=make_prompt_set([DOG]))
    archive_project(project=main_project(), by=None)
    for job, row in ((jobs.generate_batch, run), (jobs.run_parse, parse)):
        assert committed(job, row.pk) == []
    assert committed(sweep_work) == []
    assert batches == []
    parse.refresh_from_db()
    assert parse.state == Parse.State.QUEUED
    restore_project(project=main_project(), by=None)
    assert set(committed(sweep_work)) == {(GENERATE, (run.pk,)), (PARSE, (parse.pk,))}
