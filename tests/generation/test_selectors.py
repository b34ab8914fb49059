import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from generation.models import Generation, GenerationRun
from generation.selectors import (
    RunProgress,
    counted_progress,
    is_worked_on,
    parsed_words,
    run_progress,
    seen_words,
    with_progress,
)
from generation.services.generations import claim_generations
from tests.factories import DOG, make_prompt_set, make_run

pytestmark = pytest.mark.django_db
State = Generation.State


@pytest.fixture
def mixed() -> GenerationRun:
    """One running, two failed, one cancelled, two queued."""
    run = make_run(make_prompt_set([DOG] * 6), finished=False)
    claim_generations(run=run, limit=1)
    failed = run.generations.filter(state=State.QUEUED).order_by("-pk")[:2]
    Generation.objects.filter(pk__in=list(failed.values_list("pk", flat=True))).update(
        state=State.FAILED, error="boom", finished_at=timezone.now()
    )
    assert run.generations.filter(state=State.QUEUED).first().cancel()
    return run


def test_progress_counts_every_state(mixed):
    progress = run_progress(mixed)
    assert progress == RunProgress(queued=2, running=1, done=0, failed=2, cancelled=1)
    assert (progress.total, progress.finished, progress.is_finished) == (6, 3, False)


def test_run_is_finished_when_nothing_waits_or_runs():
    assert run_progress(make_run()).is_finished
    assert RunProgress(queued=0, running=0, done=1, failed=1, cancelled=1).is_finished
    assert not RunProgress(queued=0, running=1, done=1, failed=0, cancelled=0).is_finished
    assert not RunProgress(queued=0, running=0, done=1, failed=0, cancelled=0, unwritten=1).is_finished


def test_how_far_a_run_is_is_read_from_an_index(mixed):
    """A page that waits asks every two seconds, of a run of any size."""
    with CaptureQueriesContext(connection) as captured:
        run_progress(mixed)
    _, query = captured
    index = next(each for each in Generation._meta.indexes if each.name == "generation_run_state")
    named = set(re.findall(r'"(\w+)"', query["sql"])) - {"generation_generation", "images"}
    assert named == {Generation._meta.get_field(name).column for name in index.fields}


def test_progress_of_many_runs_takes_one_query(mixed, django_assert_num_queries):
    make_run(seeds=[0, 1])
    empty = make_run()
    empty.generations.all().delete()
    with django_assert_num_queries(1):
        counted = {run.pk: counted_progress(run) for run in with_progress(GenerationRun.objects.all())}
    assert counted == {run.pk: run_progress(run) for run in GenerationRun.objects.all()}
    assert counted[empty.pk].total == 0


def test_run_is_worked_on_while_a_lease_lasts(mixed):
    assert is_worked_on(mixed)
    Generation.objects.filter(state=State.RUNNING).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert not is_worked_on(mixed)
    assert not is_worked_on(make_run())


def test_words_come_in_the_order_of_the_texts_with_their_heads(django_assert_num_queries):
    prompt_set = make_prompt_set([("b", [("b", "NOUN", "")]), DOG])
    with django_assert_num_queries(1):
        words = parsed_words(prompt_set)
        assert [word.text for word in words] == ["b", "A", "dog", "red", "."]
        assert {word.head for word in words} == {None}


def test_words_beyond_the_encoder_are_told_apart():
    generation = make_run(attended=2).generations.get()  # "A dog" of "A dog on a red sofa."
    seen = [(seen.word.text, seen.is_attended) for seen in seen_words(generation)]
    assert seen == [("A", True), ("dog", True), ("red", False), (".", False)]
