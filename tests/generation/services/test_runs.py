from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from generation.errors import RunError
from generation.models import Checkpoint, Generation, GenerationRun, PromptSet
from generation.selectors import run_progress
from generation.services import runs
from generation.services.built_prompt_sets import build_cohyponyms_prompt_set, build_words_prompt_set
from generation.services.erasing import set_run_aside
from generation.services.runs import (
    WRITTEN_AT_ONCE,
    cancel_waiting,
    create_run,
    hold_run,
    retry_failed,
    write_images,
)
from tests.factories import DOG, main_project, make_prompt_set, make_run

pytestmark = pytest.mark.django_db
State = Generation.State


@pytest.fixture
def checkpoint() -> Checkpoint:
    return Checkpoint.objects.create(name="checkpoint", source="owner/name")


def start(checkpoint: Checkpoint, prompt_set: PromptSet | None = None, **settings) -> GenerationRun:
    return create_run(
        **{"name": "run", "prompt_set": prompt_set or make_prompt_set(), "checkpoint": checkpoint} | settings
    )


def test_one_generation_per_prompt_and_seed(checkpoint):
    prompt_set = make_prompt_set([(text, []) for text in ("a cat", "a dog", "a car")])
    run = start(checkpoint, prompt_set, seeds=[0, 7])
    expected = {(prompt.pk, seed) for prompt in prompt_set.prompts.all() for seed in (0, 7)}
    assert set(run.generations.values_list("prompt", "seed")) == expected
    assert run.generations.count() == 6
    assert set(run.generations.values_list("state", flat=True)) == {State.QUEUED}


def seeds_by_prompt(run: GenerationRun) -> list[list[int]]:
    """In the set's order."""
    return [
        list(run.generations.filter(prompt=prompt).order_by("seed").values_list("seed", flat=True))
        for prompt in run.prompt_set.prompts.order_by("position")
    ]


def test_varied_seeds_give_every_prompt_seeds_of_its_own(checkpoint):
    run = start(checkpoint, make_prompt_set([DOG] * 3), seeds=[5, 7], vary_seeds=True)
    # The spread of the seeds, not 1, is between two prompts: otherwise 7 would come with the third again.
    assert seeds_by_prompt(run) == [[5, 7], [8, 10], [11, 13]]
    assert run.vary_seeds


def test_no_image_is_made_twice_of_a_set_that_repeats_its_prompts(checkpoint):
    words, _ = build_words_prompt_set(name="words", source=make_prompt_set(), seed=0, per_part_of_speech=1)
    pairs = build_cohyponyms_prompt_set(
        project=main_project(), name="pairs", count=8, seed=0, nouns=["cat", "dog", "car"]
    )
    for prompt_set in (words, pairs):
        run = start(checkpoint, prompt_set, name=prompt_set.name)
        images = list(run.generations.values_list("prompt__text", "seed"))
        assert len(set(images)) == len(images) > len({text for text, _ in images})
    same = start(checkpoint, words, name="same", vary_seeds=False)
    assert seeds_by_prompt(same) == [[0]] * 4


def test_different_prompts_have_the_same_seed_unless_told_otherwise(checkpoint):
    different = make_prompt_set([(text, []) for text in ("a cat", "a dog")])
    run = start(checkpoint, different)
    assert (seeds_by_prompt(run), run.vary_seeds) == ([[0], [0]], False)
    assert seeds_by_prompt(start(checkpoint, different, name="varied", vary_seeds=True)) == [[0], [1]]


def test_defaults_are_the_papers(checkpoint):
    run = start(checkpoint)
    run.refresh_from_db()
    assert (run.num_inference_steps, run.guidance_scale, run.scheduler, run.seeds) == (
        30,
        7.5,
        "dpm-solver++",
        [0],
    )


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"name": ""}, "name: A name is needed"),
        ({"name": "x" * 101}, "name: .*100 characters at most"),
        ({"seeds": []}, "at least one seed"),
        ({"seeds": [1, 2, 1]}, "each only once"),
        ({"seeds": [-1]}, "whole numbers from 0"),
        ({"seeds": [2**63]}, "whole numbers from 0"),
        ({"seeds": [2**63 - 1], "vary_seeds": True}, "would go beyond"),
        ({"num_inference_steps": 0}, "Num inference steps: "),
        ({"num_inference_steps": 1001}, "Num inference steps: "),
        ({"guidance_scale": -1.0}, "Guidance scale: "),
        ({"guidance_scale": 101.0}, "Guidance scale: "),
        ({"guidance_scale": float("nan")}, "guidance scale has to be a number"),
        ({"scheduler": "newest"}, "Scheduler: "),
        ({"batch_size": 0}, "Batch size: "),
        ({"batch_size": 65}, "Batch size: "),
    ],
)
def test_bad_settings_are_refused_and_nothing_is_made(checkpoint, bad, reason):
    with pytest.raises(RunError, match=reason):
        start(checkpoint, make_prompt_set([DOG] * 2), **bad)
    assert not GenerationRun.objects.exists()
    assert not Generation.objects.exists()


def test_run_keeps_what_its_checkpoint_was(checkpoint):
    Checkpoint.objects.update(name="renamed", revision="v1", data_type="float16")
    run = start(checkpoint)  # by a form that was opened before
    Checkpoint.objects.update(name="again", source="owner/other", revision="v2", data_type="float32")
    run.refresh_from_db()
    assert (run.checkpoint_name, run.checkpoint_source) == ("renamed", "owner/name")
    assert (run.checkpoint_revision, run.checkpoint_data_type) == ("v1", "float16")


def test_run_of_a_checkpoint_that_is_gone_is_refused(checkpoint):
    Checkpoint.objects.all().delete()
    with pytest.raises(RunError, match="'checkpoint' has been deleted"):
        start(checkpoint)
    assert not GenerationRun.objects.exists()


def test_empty_prompt_set_is_refused(checkpoint):
    empty = PromptSet.objects.create(project=main_project(), name="empty", origin="text")
    with pytest.raises(RunError, match="'empty' has no prompts"):
        start(checkpoint, empty)
    assert not GenerationRun.objects.exists()


def test_name_can_be_taken_only_once(checkpoint):
    start(checkpoint)
    with pytest.raises(RunError, match="There is a run named 'run' already"):
        start(checkpoint)
    assert GenerationRun.objects.count() == 1


def test_thousands_of_generations_take_few_queries(checkpoint, django_assert_max_num_queries):
    prompt_set = make_prompt_set([(f"cat {number}", []) for number in range(100)])
    with django_assert_max_num_queries(40):
        run = start(checkpoint, prompt_set, seeds=range(20))
    assert run.generations.count() == WRITTEN_AT_ONCE
    with django_assert_max_num_queries(70):
        write_images(run=run)
    assert run.generations.count() == 2000


@pytest.mark.parametrize("at_once", [1, 2, 3, 4, 7])
def test_images_are_written_down_in_slices_by_any_number_of_workers(checkpoint, monkeypatch, at_once):
    prompt_set = make_prompt_set([(f"cat {number}", []) for number in range(5)])
    whole = start(checkpoint, prompt_set, seeds=[0, 5, 1], vary_seeds=True)
    monkeypatch.setattr(runs, "WRITTEN_AT_ONCE", at_once)
    run = start(checkpoint, prompt_set, name="again", seeds=[0, 5, 1], vary_seeds=True)
    assert (run.images, run.written, run.generations.count()) == (15, at_once, at_once)
    assert not run_progress(run).is_finished
    other = GenerationRun.objects.get(pk=run.pk)
    write_images(run=run)
    write_images(run=other)
    assert run_progress(run).total == 15
    assert [
        list(each.generations.order_by("pk").values_list("prompt", "seed")) for each in (run, whole)
    ] == 2 * [list(whole.generations.order_by("pk").values_list("prompt", "seed"))]


def test_what_is_not_written_down_whole_is_nothing_to_cancel_or_build_on(checkpoint, monkeypatch):
    monkeypatch.setattr(runs, "WRITTEN_AT_ONCE", 1)
    run = start(checkpoint, make_prompt_set([DOG] * 3))
    with pytest.raises(RunError, match="written down by a worker at the moment"):
        cancel_waiting(run=run)
    with transaction.atomic(), pytest.raises(RunError, match="written down by a worker at the moment"):
        hold_run(run)


def test_nothing_of_a_run_that_is_being_erased_is_tried_again():
    run = make_run(finished=False)
    run.generations.fail_claimable("boom")
    set_run_aside(run)
    with pytest.raises(RunError, match="is being erased"):
        retry_failed(run=run)
    assert run.generations.get().state == State.FAILED


def test_failed_generations_and_only_these_are_queued_again(django_assert_max_num_queries):
    run = make_run(make_prompt_set([DOG] * 4), finished=False)
    failed, dropped, done, waiting = run.generations.order_by("pk")
    Generation.objects.filter(pk=failed.pk).update(
        state=State.FAILED, error="boom", attempts=3, finished_at=timezone.now()
    )
    Generation.objects.filter(pk=done.pk).update(
        state=State.DONE, image="a.png", heat_maps="a.npz", finished_at=timezone.now()
    )
    other = make_run(finished=False)
    other.generations.update(state=State.FAILED, error="boom", finished_at=timezone.now())
    with django_assert_max_num_queries(13):  # three slices at most, and what was done is written down
        assert retry_failed(run=run) == 1
    failed.refresh_from_db()
    assert (failed.state, failed.error, failed.attempts, failed.finished_at) == (State.QUEUED, "", 0, None)
    states = dict(run.generations.values_list("pk", "state"))
    assert (states[done.pk], states[dropped.pk], states[waiting.pk]) == (
        State.DONE,
        State.QUEUED,
        State.QUEUED,
    )
    assert other.generations.get().state == State.FAILED
    assert retry_failed(run=run) == 0


def test_poke_is_noted_once_per_lease():
    run = make_run(finished=False)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    assert run.mark_poked(unless_since=an_hour_ago)  # never poked before
    assert not run.mark_poked(unless_since=an_hour_ago)
    GenerationRun.objects.update(poked_at=timezone.now() - timedelta(hours=2))
    assert run.mark_poked(unless_since=an_hour_ago)
    assert run.mark_poked()  # by a worker that knows of it
    GenerationRun.objects.update(poked_at=timezone.now() + timedelta(days=1))
    assert run.mark_poked(unless_since=an_hour_ago)  # by a clock that was wrong


def test_deleted_run_is_not_poked():
    run = make_run(finished=False)
    GenerationRun.objects.all().delete()
    assert not run.mark_poked()
