"""Who may see and do what."""

import pytest

from daamweb.projects.models import Role
from generation.models import Generation, Prompt, PromptSet
from tests.factories import main_project, make_run
from tests.generation.admin.pages import IMPORT, PAIRS, PAIRS_DATA, RUNS, SETS, START, WORDS, page

pytestmark = pytest.mark.django_db
State = Generation.State
ParseState = PromptSet.ParseState


def test_who_is_in_no_project_sees_neither_lists_nor_forms(member_client):
    make_run()
    client = member_client(None)
    for address in (SETS, RUNS, IMPORT, WORDS, PAIRS, START):
        assert client.get(address).status_code == 403, address
    assert client.post(PAIRS, PAIRS_DATA).status_code == 403
    assert PromptSet.objects.count() == 1


def test_observers_are_offered_nothing_that_changes(member_client, pokes):
    run = make_run(finished=False)
    run.generations.fail_claimable("boom")
    client = member_client(Role.OBSERVER)
    for address, form in ((SETS, "import/"), (RUNS, "start/")):
        text = page(client, address)
        assert f'href="{form}"' not in text
        assert "parse_again" not in text
        assert "Make failed and cancelled images" not in text
    for address, action in ((SETS, "parse_again"), (RUNS, "retry")):
        rows = {SETS: run.prompt_set, RUNS: run}
        client.post(address, {"action": action, "_selected_action": [rows[address].pk]})
    assert run.generations.get().state == State.FAILED
    assert PromptSet.objects.get().parse_state == ParseState.PARSED
    for address in (IMPORT, WORDS, PAIRS, START):
        assert client.get(address).status_code == 403
    assert client.post(PAIRS, PAIRS_DATA).status_code == 403
    assert pokes == []


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.OWNER])
def test_researchers_and_owners_make_prompt_sets_in_their_project(
    member_client, pokes, django_capture_on_commit_callbacks, role
):
    client = member_client(role)
    assert f'href="{PAIRS.rpartition("promptset/")[2]}"' in page(client, SETS)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(PAIRS, PAIRS_DATA)
    made = PromptSet.objects.get()
    assert (response.status_code, response.url) == (302, f"{SETS}{made.pk}/change/")
    assert (made.project, made.prompts.count()) == (main_project(), 6)


def test_pages_have_the_sites_icon(researcher_client):
    for address in ("/admin/", SETS, IMPORT):
        assert '<link rel="icon"' in page(researcher_client, address), address


def test_strangers_are_asked_to_log_in(client):
    for address in (SETS, IMPORT, START):
        response = client.get(address)
        assert (response.status_code, response.url) == (302, f"/admin/login/?next={address}")


def test_prompts_and_generations_come_from_services_only(researcher_client):
    for model in ("prompt", "promptset", "generation", "generationrun"):
        assert researcher_client.get(f"/admin/generation/{model}/add/").status_code == 403
    assert not Prompt.objects.exists()
