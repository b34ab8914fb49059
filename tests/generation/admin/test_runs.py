"""Runs are started, followed and retried."""

import pytest
from django.urls import reverse

from generation.models import Checkpoint, Generation, GenerationRun, PromptSet
from generation.services.built_prompt_sets import build_words_prompt_set
from tests.edits import shown_at
from tests.factories import DOG, main_project, make_prompt_set, make_run
from tests.generation.admin.pages import RUNS, START, change_page, page, run_data

pytestmark = pytest.mark.django_db
State = Generation.State


# --- Runs --------------------------------------------------------------------------------------------------


def test_run_is_started_and_workers_are_told(submit, pokes):
    prompt_set = make_prompt_set([DOG] * 3)
    text = submit(START, run_data(prompt_set))
    run = GenerationRun.objects.get()
    assert "Generation run “run” was made." in text
    assert (run.seeds, run.num_inference_steps, run.guidance_scale, run.scheduler, run.batch_size) == (
        [0, 1], 20, 5.0, "ddim", 2,
    )  # fmt: skip
    assert run.generations.count() == 6
    assert pokes == [("generation.jobs.generate_batch", (run.pk,))] * 3
    assert "0 of 6" in text


@pytest.mark.parametrize(
    ("choice", "seeds"), [("vary", [0, 1]), ("same", [0, 0]), ("", [0, 1])], ids=["vary", "same", "by itself"]
)
def test_seeds_are_varied_as_chosen(researcher_client, submit, choice, seeds):
    sampled, _ = build_words_prompt_set(
        name="sampled", source=make_prompt_set(), seed=0, parts_of_speech=["NOUN"], per_part_of_speech=1
    )
    text = submit(START, run_data(sampled, seeds="0", vary_seeds=choice))
    run = GenerationRun.objects.get()
    generations = run.generations.order_by("prompt__position")
    assert list(generations.values_list("seed", flat=True)) == seeds
    assert ("varied by prompt" in text) == run.vary_seeds  # on the page that waits for the images
    assert "Every prompt gets seeds of its own" in page(
        researcher_client, f"/admin/generation/generationrun/{run.pk}/change/"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"seeds": "one"}, "Give whole numbers with commas between"),
        ({"seeds": ""}, "This field is required."),
        ({"seeds": " , "}, "This field is required."),
        ({"seeds": "1,1"}, "each only once"),
        ({"seeds": "-1"}, "Seeds are whole numbers from 0"),
        ({"num_inference_steps": 0}, "greater than or equal to 1"),
        ({"guidance_scale": 101}, "less than or equal to 100"),
        ({"guidance_scale": "nan"}, "Enter a number."),
        ({"scheduler": "newest"}, "Select a valid choice."),
        ({"batch_size": 65}, "less than or equal to 64"),
        ({"checkpoint": 0}, "Select a valid choice."),
    ],
)
def test_bad_settings_are_refused_on_the_form(submit, pokes, change, reason):
    text = submit(START, run_data(make_prompt_set(), **change))
    assert "Nothing was made." in text
    assert reason in text
    assert not GenerationRun.objects.exists()
    assert pokes == []


def test_empty_set_and_taken_name_are_refused_on_the_form(submit, pokes):
    data = run_data(PromptSet.objects.create(project=main_project(), name="empty", origin="text"))
    assert "'empty' has no prompts" in submit(START, data)
    taken = make_run(finished=False)
    text = submit(START, data | {"name": taken.name, "prompt_set": taken.prompt_set_id})
    assert f"There is a run named '{taken.name}' already" in text
    assert GenerationRun.objects.count() == 1
    assert pokes == []


def test_progress_of_all_runs_takes_as_many_queries_as_of_one(
    researcher_client, django_assert_max_num_queries
):
    for _ in range(12):
        run = make_run(make_prompt_set([DOG] * 2), finished=False)
        run.generations.filter(pk=run.generations.first().pk).fail_claimable("boom")
    with django_assert_max_num_queries(10):
        text = page(researcher_client, RUNS)
    assert text.count('<progress max="2" value="1"></progress> 0 of 2, 1 failed') == 12
    assert reverse("generation:run", args=[run.pk]) in text
    assert "0 of 2, 1 failed" in page(researcher_client, change_page(run))


def test_failed_images_are_retried_by_the_action(submit, pokes):
    run = make_run(make_prompt_set([DOG] * 2), finished=False)
    run.generations.fail_claimable("boom")
    other = make_run()
    text = submit(RUNS, {"action": "retry", "_selected_action": [run.pk, other.pk]})
    assert "2 failed or cancelled images queued again." in text
    assert set(run.generations.values_list("state", flat=True)) == {State.QUEUED}
    assert pokes == [("generation.jobs.generate_batch", (run.pk,))] * 2


def test_settings_of_a_run_are_shown_and_cannot_be_rewritten(researcher_client):
    run = make_run(finished=False)
    typed = {"name": "renamed", "num_inference_steps": 1, "seeds": "[9]"}
    shown = shown_at(researcher_client, change_page(run))
    researcher_client.post(change_page(run), {**typed, "shown": shown})
    run.refresh_from_db()
    assert (run.name, run.num_inference_steps, run.seeds) == ("renamed", 30, [0])


def test_run_shows_what_its_checkpoint_was_and_it_cannot_be_rewritten(researcher_client):
    run = make_run(finished=False)
    GenerationRun.objects.update(checkpoint_name="<b>name</b>", checkpoint_revision="v1")
    Checkpoint.objects.update(name="renamed", source="owner/renamed")
    for address in (RUNS, change_page(run)):
        text = researcher_client.get(address).content.decode()
        assert "&lt;b&gt;name&lt;/b&gt;" in text
        assert "renamed" not in text
    changes = {f"checkpoint_{name}": "other" for name in Checkpoint.KEPT}
    shown = shown_at(researcher_client, change_page(run))
    researcher_client.post(change_page(run), {"name": "run", "checkpoint": "", **changes, "shown": shown})
    run.refresh_from_db()
    assert (run.name, run.checkpoint_name, run.checkpoint_source) == ("run", "<b>name</b>", "tiny")
    assert (run.checkpoint_revision, run.checkpoint_data_type) == ("v1", "float32")


def test_generations_are_listed_and_cannot_be_rewritten(researcher_client, django_assert_max_num_queries):
    run = make_run(make_prompt_set([DOG] * 20), finished=False)
    make_run()
    Generation.objects.filter(pk=run.generations.first().pk).fail_claimable("out of memory")
    failed = run.generations.get(state=State.FAILED)
    with django_assert_max_num_queries(10):
        text = page(researcher_client, "/admin/generation/generation/")
    assert text.count(">Look</a>") == 1
    assert "out of memory" in page(researcher_client, change_page(failed))
    assert researcher_client.post(change_page(failed), {"state": "queued"}).status_code == 403
    only_failed = page(
        researcher_client, f"/admin/generation/generation/?run__id__exact={run.pk}&state__exact=failed"
    )
    assert "1 generation\n" in only_failed
