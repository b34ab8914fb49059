import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from daamweb.projects.services.projects import archive_project, restore_project
from generation import jobs
from generation.models import Generation, GenerationRun, PromptSet, Word
from generation.prompts.parsing import load_parser
from generation.services import words as words_service
from generation.services.generations import claim_generations
from generation.services.prompt_sets import import_prompts
from tests.factories import DOG, main_project, make_prompt_set, make_run
from tests.generation.parsers import make_parser

pytestmark = pytest.mark.django_db
State = Generation.State
ParseState = PromptSet.ParseState
GENERATE, PARSE = "generation.jobs.generate_batch", "generation.jobs.parse_prompts"


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
        _, claimed = claim_generations(run=run, limit=run.batch_size)
        Generation.objects.filter(pk__in=[generation.pk for generation in claimed]).update(
            state=State.SUCCEEDED, image="a.png", heat_maps="a.npz", finished_at=timezone.now(), claim=None
        )
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
    PromptSet.objects.update(poked_at=then)
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
    assert run.generations.filter(state=State.SUCCEEDED).count() == 5


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
    assert f"Run {key} was deleted" in caplog.text
    assert batches == []


# --- The sweep over runs -----------------------------------------------------------------------------------


def test_sweep_finds_a_run_whose_poke_was_lost(committed):
    run = run_of(1)
    assert committed(jobs.sweep_generations) == [(GENERATE, (run.pk,))]


def test_sweep_finds_what_a_dead_worker_dropped(committed):
    run = run_of(2, batch_size=2)
    claim_generations(run=run, limit=2)
    GenerationRun.objects.update(poked_at=timezone.now())
    assert committed(jobs.sweep_generations) == []  # at work, as far as anybody knows
    long_ago()
    assert committed(jobs.sweep_generations) == [(GENERATE, (run.pk,))]


def test_sweep_does_not_pile_pokes(committed):
    """A run that waits behind others is told of once per lease, however often the sweep passes."""
    run = run_of(3)
    committed(jobs.start_run, run)
    assert [committed(jobs.sweep_generations) for _ in range(3)] == [[], [], []]
    long_ago()
    assert [len(committed(jobs.sweep_generations)) for _ in range(3)] == [1, 0, 0]


def test_sweep_leaves_finished_runs_alone(committed):
    make_run()
    failed = make_run(finished=False)
    failed.generations.update(state=State.FAILED, error="boom")
    assert committed(jobs.sweep_generations) == []


# --- Parsing -----------------------------------------------------------------------------------------------


@pytest.fixture
def unparsed() -> PromptSet:
    return import_prompts(
        project=main_project(), name="set", content=b"two red cats\n", file_name="a.txt"
    ).prompt_set


@pytest.fixture
def parser(monkeypatch):
    monkeypatch.setattr(words_service, "load_parser", lambda name: make_parser())


def test_asking_for_a_parse_queues_it(committed, unparsed):
    assert committed(jobs.request_parse, unparsed) == [(PARSE, (unparsed.pk,))]
    unparsed.refresh_from_db()
    assert unparsed.parse_state == ParseState.QUEUED


def test_parsing_twice_parses_once(committed, unparsed, parser):
    committed(jobs.request_parse, unparsed)
    jobs.parse_prompts(unparsed.pk)
    words = list(Word.objects.values_list("pk", flat=True))
    assert len(words) == 3
    jobs.parse_prompts(unparsed.pk)
    assert list(Word.objects.values_list("pk", flat=True)) == words


def test_parse_that_cannot_be_done_is_kept_with_its_reason(committed, unparsed, monkeypatch, caplog):
    monkeypatch.setattr(words_service, "load_parser", lambda name: load_parser("no_such_pipeline"))
    committed(jobs.request_parse, unparsed)
    jobs.parse_prompts(unparsed.pk)
    unparsed.refresh_from_db()
    assert unparsed.parse_state == ParseState.FAILED
    assert "no_such_pipeline" in unparsed.parse_error
    assert "Traceback" in caplog.text


def test_deleted_set_is_left_alone(unparsed, caplog):
    key = unparsed.pk
    unparsed.delete()
    with caplog.at_level(logging.WARNING):
        jobs.parse_prompts(key)
    assert f"Prompt set {key} was deleted" in caplog.text


def test_sweep_over_parses_finds_the_lost_ones_and_does_not_pile_pokes(committed, unparsed):
    committed(jobs.request_parse, unparsed)
    assert committed(jobs.sweep_parses) == []
    long_ago()
    assert committed(jobs.sweep_parses) == [(PARSE, (unparsed.pk,))]
    assert committed(jobs.sweep_parses) == []


def test_sweep_over_parses_leaves_alone_what_nobody_asked_for(committed, unparsed):
    make_prompt_set()
    PromptSet.objects.create(
        project=main_project(), name="failed", origin="text", parse_state=ParseState.FAILED, parse_error="no"
    )
    assert committed(jobs.sweep_parses) == []


def test_parse_that_takes_its_worker_down_is_given_up_with_its_reason(committed, unparsed, monkeypatch):
    def die(name):
        raise KeyboardInterrupt  # as a worker that is killed: nothing is written any more

    monkeypatch.setattr(words_service, "load_parser", die)
    committed(jobs.request_parse, unparsed)
    for _ in range(words_service.MAX_PARSE_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            jobs.parse_prompts(unparsed.pk)
    jobs.parse_prompts(unparsed.pk)
    unparsed.refresh_from_db()
    assert unparsed.parse_state == ParseState.FAILED
    assert "stopped 3 times" in unparsed.parse_error
    committed(jobs.request_parse, unparsed)
    unparsed.refresh_from_db()
    assert unparsed.parse_attempts == 0


def test_in_an_archived_project_nothing_is_made_until_it_is_restored(committed, batches, pokes):
    run = make_run(make_prompt_set([DOG]), finished=False)
    prompt_set = make_prompt_set([DOG])
    PromptSet.objects.filter(pk=prompt_set.pk).update(parse_state=ParseState.QUEUED)
    archive_project(project=main_project(), by=None)
    for job, row in ((jobs.generate_batch, run), (jobs.parse_prompts, prompt_set)):
        assert committed(job, row.pk) == []
    assert committed(jobs.sweep_generations) == committed(jobs.sweep_parses) == []
    assert batches == []
    assert PromptSet.objects.get(pk=prompt_set.pk).parse_state == ParseState.QUEUED
    restore_project(project=main_project(), by=None)
    assert committed(jobs.sweep_generations) == [(GENERATE, (run.pk,))]
    assert committed(jobs.sweep_parses) == [(PARSE, (prompt_set.pk,))]
