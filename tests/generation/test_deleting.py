"""Before something is deleted in the admin, what goes with it is counted, or what stands in the way."""

import html

import pytest
from django.db import connection
from django.urls import reverse

from daamweb.projects.models import Erasure, Role
from daamweb.projects.services.erasures import run_erasure
from generation.models import Generation, GenerationRun, Prompt, PromptSet, Word
from generation.services.erasing import set_run_aside
from tests.factories import make_project, make_prompt_set, make_run, make_study
from tests.generation.admin.pages import change_page

pytestmark = pytest.mark.django_db

CONFIRMED = {"post": "yes"}
SINGLE_PAGES = ["promptset", "prompt", "checkpoint", "generationrun", "generation"]


def delete_page(row) -> str:
    return reverse(f"admin:generation_{row._meta.model_name}_delete", args=[row.pk])


def shown(client, row) -> str:
    return html.unescape(client.get(delete_page(row)).content.decode())


def erase_what_was_asked() -> None:
    for erasure in Erasure.objects.unfinished():
        assert run_erasure(erasure=erasure)


def test_images_go_with_their_run(researcher_client):
    run, other = make_run(seeds=(0, 1, 2)), make_run()
    assert "<li>3 generations</li>" in shown(researcher_client, run).replace("\n", "")
    answer = researcher_client.post(delete_page(run), CONFIRMED, follow=True)
    assert "is out of use, and a worker is erasing it" in answer.content.decode()
    assert run.generations.count() == 3  # nothing large is deleted by a request
    assert "Waits for a worker." in researcher_client.get(change_page(run)).content.decode()
    erase_what_was_asked()
    assert GenerationRun.objects.get() == other
    assert Generation.objects.get().run == other


def test_prompts_and_words_go_with_their_set(researcher_client):
    prompt_set = make_prompt_set()
    page = shown(researcher_client, prompt_set)
    assert "1 prompt" in page
    assert "4 words" in page
    researcher_client.post(delete_page(prompt_set), CONFIRMED)
    assert PromptSet.objects.get().parse_state == PromptSet.ParseState.ERASING
    assert "Waits for a worker." in researcher_client.get(change_page(prompt_set)).content.decode()
    erase_what_was_asked()
    assert not PromptSet.objects.exists()
    assert not Prompt.objects.exists()
    assert not Word.objects.exists()


def test_a_run_that_is_judged_stays(researcher_client):
    study = make_study(run=make_run(seeds=(0, 1)))
    page = shown(researcher_client, study.run)
    assert "Cannot delete generation run" in page
    assert "6 tasks" in page  # three words of each image
    assert "1 study" in page
    assert researcher_client.post(delete_page(study.run), CONFIRMED).status_code == 200
    assert GenerationRun.objects.get() == study.run
    assert Generation.objects.count() == 2


@pytest.mark.parametrize(
    ("what", "keeper"),
    [
        (lambda run: run.prompt_set, "1 generation run"),
        (lambda run: run.prompt_set.prompts.get(), "1 generation"),
        (lambda run: run.checkpoint, "1 generation run"),
    ],
    ids=["prompt set", "prompt", "checkpoint"],
)
def test_what_a_run_was_made_of_stays(researcher_client, what, keeper):
    row = what(make_run())
    assert keeper in shown(researcher_client, row)
    researcher_client.post(delete_page(row), CONFIRMED)
    assert type(row).objects.filter(pk=row.pk).exists()


def test_observers_delete_nothing(member_client):
    run = make_run()
    client = member_client(Role.OBSERVER)
    for row in (run, run.prompt_set, run.generations.get(), run.prompt_set.prompts.get()):
        assert client.get(delete_page(row)).status_code == 403
        assert client.post(delete_page(row), CONFIRMED).status_code == 403
    assert Generation.objects.filter(run=run).exists()


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.OWNER])
def test_researchers_and_owners_delete_what_is_in_their_project(member_client, role):
    run, elsewhere = make_run(), make_run(make_prompt_set(project=make_project()))
    client = member_client(role)
    for row in (run, elsewhere):
        client.post(delete_page(row), CONFIRMED)
    erase_what_was_asked()
    assert GenerationRun.objects.get() == elsewhere


@pytest.mark.parametrize("name", SINGLE_PAGES)
def test_lists_delete_nothing(researcher_client, name):
    run = make_run()
    address = reverse(f"admin:generation_{name}_changelist")
    assert "delete_selected" not in researcher_client.get(address).content.decode()
    row = {"prompt": run.prompt_set.prompts.get(), "generation": run.generations.get()}.get(name, run)
    chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    researcher_client.post(address, chosen)
    assert Generation.objects.filter(run=run).exists()


@pytest.mark.parametrize("what", ["retry", "cancel"])
def test_buttons_pressed_on_a_run_that_is_being_erased_say_so(researcher_client, what):
    run = make_run(finished=False)
    set_run_aside(run)
    answer = researcher_client.post(reverse(f"generation:{what}", args=[run.pk]), follow=True)
    page = html.unescape(answer.content.decode())
    assert page.count(f"“{run}” is being erased.") == 2  # the notice, and what became of the button
    assert 'method="post" action="/generation/' not in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", SINGLE_PAGES)
def test_nothing_is_counted_while_the_database_is_locked(researcher_client, pokes, name):
    run = make_run()
    prompt_set = make_prompt_set()
    row = {
        "promptset": prompt_set, "prompt": prompt_set.prompts.get(), "checkpoint": run.checkpoint,
        "generationrun": run, "generation": run.generations.get(),
    }[name]  # fmt: skip
    locked: list[bool] = []

    def watch(execute, sql, params, many, context):
        if sql.startswith("SELECT COUNT("):
            locked.append(connection.in_atomic_block)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        researcher_client.post(delete_page(row), CONFIRMED)
    assert locked
    assert not any(locked)


def test_what_came_to_be_needed_since_it_was_counted_stays(researcher_client, monkeypatch):
    prompt = make_run().prompt_set.prompts.get()
    monkeypatch.setattr("daamweb.admin_deletion._count_dependents", lambda *args: None)
    answer = researcher_client.post(delete_page(prompt), CONFIRMED, follow=True)
    assert "Nothing was deleted: something came to need it meanwhile." in answer.text
    assert Prompt.objects.get() == prompt
