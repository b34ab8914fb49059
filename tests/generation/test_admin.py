"""The researcher's desk, by the pages and forms that a browser would use."""

import html

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from generation.models import Checkpoint, Generation, GenerationRun, Prompt, PromptSet
from generation.services.prompt_sets import build_words_prompt_set, import_prompts
from tests.factories import DOG, make_prompt_set, make_run
from tests.generation.bad_files import BadFile, bad_rows, whole_files
from tests.generation.caption_files import FILES, TEXTS, every_format

pytestmark = pytest.mark.django_db
State = Generation.State
ParseState = PromptSet.ParseState

IMPORT, WORDS, PAIRS = (
    f"/admin/generation/promptset/{form}/" for form in ("import", "build-words", "build-cohyponyms")
)
START = "/admin/generation/generationrun/start/"
SETS, RUNS = "/admin/generation/promptset/", "/admin/generation/generationrun/"
PAIRS_DATA = {"name": "pairs", "count": 6, "cohyponym_share": 0.5, "nouns": "", "seed": 0}
WORDS_DATA = {
    "name": "sampled", "per_part_of_speech": 1, "common": 14, "parts_of_speech": "", "attention_checks": 1,
    "seed": 0,
}  # fmt: skip


@pytest.fixture
def submit(researcher_client, pokes, django_capture_on_commit_callbacks):
    """Send a form, follow where it leads; the page's text, unescaped."""

    def submit(address: str, data: dict) -> str:
        del pokes[:]
        with django_capture_on_commit_callbacks(execute=True):
            response = researcher_client.post(address, data, follow=True)
        assert response.status_code == 200
        return html.unescape(response.content.decode())

    return submit


@pytest.fixture
def staff_client(client, django_user_model):
    def staff_client(*codenames: str):
        user = django_user_model.objects.create_user(username="staff", password="staff", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=codenames, content_type__app_label="generation")
        )
        client.force_login(user)
        return client

    return staff_client


def page(client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def upload(name: str, content: bytes, **data) -> dict:
    return {"name": "imported", "format": "auto", "file": SimpleUploadedFile(name, content)} | data


def change_page(row) -> str:
    return reverse(f"admin:generation_{row._meta.model_name}_change", args=[row.pk])


def run_data(prompt_set: PromptSet, **data) -> dict:
    checkpoint = Checkpoint.objects.create(name="checkpoint", source="owner/name")
    return {
        "name": "run", "prompt_set": prompt_set.pk, "checkpoint": checkpoint.pk, "seeds": "0, 1",
        "num_inference_steps": 20, "guidance_scale": 5, "scheduler": "ddim", "batch_size": 2,
    } | data  # fmt: skip


# --- Import ------------------------------------------------------------------------------------------------


@every_format
def test_every_format_is_imported_and_handed_to_the_parser(submit, pokes, format):
    file_name, content, _ = FILES[format]
    text = submit(IMPORT, upload(file_name, content))
    prompt_set = PromptSet.objects.get()
    assert list(prompt_set.prompts.values_list("text", flat=True)) == TEXTS
    assert "Prompt set “imported” was made." in text
    assert "2 prompts" in text  # its own page is shown next
    if format == "conllu":
        assert (prompt_set.parse_state, pokes) == (ParseState.PARSED, [])
    else:
        assert prompt_set.parse_state == ParseState.QUEUED
        assert pokes == [("generation.jobs.parse_prompts", (prompt_set.pk,))]


@whole_files
def test_bad_file_is_refused_at_its_field(submit, pokes, bad: BadFile):
    text = submit(IMPORT, upload(bad.name, bad.content))
    assert "Nothing was made." in text
    # a file without any content is found out by Django itself
    reason = bad.reason if bad.content else "The submitted file is empty."
    assert reason.lower() in text.lower()
    assert not PromptSet.objects.exists()
    assert pokes == []


@bad_rows
def test_bad_row_is_shown_with_its_number_and_nothing_is_imported(submit, pokes, bad: BadFile):
    text = submit(IMPORT, upload(bad.name, bad.content))
    assert f"Row {bad.row}: " in text
    assert bad.reason in text
    assert 'value="imported"' in text  # what was typed is still there
    assert not PromptSet.objects.exists()
    assert pokes == []


@bad_rows
def test_bad_rows_are_skipped_on_demand(submit, bad: BadFile):
    text = submit(IMPORT, upload(bad.name, bad.content, skip_invalid="on"))
    assert PromptSet.objects.get().prompts.count() == 1
    assert bad.reason in text  # in the recipe


def test_endless_errors_are_cut_short_and_counted(submit):
    content = b"caption,id\n" + b"a cat,7\n" * 41
    text = submit(IMPORT, upload("captions.csv", content))
    assert text.count("the id '7' is already that of row 2") == 30
    assert "and 10 more bad rows" in text


def test_taken_name_is_refused_at_its_field(submit):
    PromptSet.objects.create(name="imported", origin="text")
    text = submit(IMPORT, upload("captions.txt", b"a cat"))
    assert "There is a prompt set named 'imported' already" in text
    assert PromptSet.objects.count() == 1


def test_import_needs_a_name_and_a_file(submit):
    text = submit(IMPORT, {"format": "auto"})
    assert text.count("This field is required.") == 2


def test_each_format_is_offered_once(researcher_client):
    text = page(researcher_client, IMPORT)
    assert text.count("<option") == len(FILES) + 1
    assert 'enctype="multipart/form-data"' in text
    assert "admin/css/forms.css" in text


# --- Builders ----------------------------------------------------------------------------------------------


def test_words_are_sampled(submit):
    file_name, content, _ = FILES["conllu"]
    source = import_prompts(name="source", content=content, file_name=file_name).prompt_set
    data = {**WORDS_DATA, "source": source.pk, "parts_of_speech": "noun, ADJ", "per_part_of_speech": 2}
    text = submit(WORDS, data)
    built = PromptSet.objects.get(name="sampled")
    assert built.recipe["parts_of_speech"] == ["NOUN", "ADJ"]
    assert built.prompts.count() == 4
    assert "There are fewer words than asked for: ADJ (1 missing)." in text


def test_number_of_attention_checks_may_be_left_to_the_site(submit):
    source = make_prompt_set()
    submit(WORDS, {**WORDS_DATA, "source": source.pk, "attention_checks": ""})
    assert PromptSet.objects.get(name="sampled").recipe["attention_checks"] == 1


def test_only_parsed_sets_can_be_sampled(submit, researcher_client):
    unparsed = import_prompts(name="unparsed", content=b"a cat", file_name="a.txt").prompt_set
    assert "unparsed" not in page(researcher_client, WORDS)
    text = submit(WORDS, {**WORDS_DATA, "source": unparsed.pk})
    assert "Select a valid choice" in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"parts_of_speech": "NONSENSE"}, "unknown part of speech NONSENSE"),
        ({"parts_of_speech": "VERB"}, "has no word of the parts of speech asked for"),
        ({"common": 15}, "less than or equal to 14"),
        ({"per_part_of_speech": 0}, "greater than or equal to 1"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"name": "x" * 101}, "at most 100 characters"),
    ],
)
def test_impossible_samples_are_refused_on_the_form(submit, change, reason):
    source = make_prompt_set()
    text = submit(WORDS, {**WORDS_DATA, "source": source.pk, **change})
    assert reason in text
    assert PromptSet.objects.get() == source


def test_pairs_are_built_and_handed_to_the_parser(submit, pokes):
    submit(PAIRS, {**PAIRS_DATA, "nouns": "cat, dog, car"})
    built = PromptSet.objects.get()
    assert built.prompts.count() == 6
    assert built.recipe["nouns"] == ["cat", "dog", "car"]
    assert pokes == [("generation.jobs.parse_prompts", (built.pk,))]


def test_noun_that_is_not_in_the_ontology_is_refused_on_the_form(submit, pokes):
    text = submit(PAIRS, {**PAIRS_DATA, "nouns": "cat, unicorn"})
    assert "'unicorn' is no noun of the ontology" in text
    assert not PromptSet.objects.exists()
    assert pokes == []


# --- Prompt sets and prompts -------------------------------------------------------------------------------


def test_list_of_sets_offers_the_forms(researcher_client):
    make_prompt_set([DOG, DOG])
    text = page(researcher_client, SETS)
    for form in ("import/", "build-words/", "build-cohyponyms/"):
        assert f'href="{form}"' in text
    assert "Add prompt set" not in text
    assert '<td class="field-prompt_count">2</td>' in text


def test_parsing_again_is_asked_of_a_worker(submit, pokes):
    prompt_set = make_prompt_set()
    text = submit(SETS, {"action": "parse_again", "_selected_action": [prompt_set.pk]})
    assert "1 prompt set handed to a worker." in text
    prompt_set.refresh_from_db()
    assert prompt_set.parse_state == ParseState.QUEUED
    assert pokes == [("generation.jobs.parse_prompts", (prompt_set.pk,))]


def test_set_shows_its_recipe_and_why_it_could_not_be_parsed(researcher_client):
    prompt_set = make_prompt_set()
    PromptSet.objects.update(
        recipe={"file": "captions.json"}, parse_state=ParseState.FAILED, parse_error="no parser there"
    )
    text = page(researcher_client, change_page(prompt_set))
    assert "captions.json" in text
    assert "no parser there" in text


def test_prompt_shows_its_words_and_can_not_be_rewritten(researcher_client, django_assert_max_num_queries):
    file_name, content, _ = FILES["conllu"]
    prompt = import_prompts(name="source", content=content, file_name=file_name).prompt_set.prompts.first()
    with django_assert_max_num_queries(10):
        text = page(researcher_client, change_page(prompt))
    assert "nmod:on" in text
    assert "dog (NOUN)" in text
    assert researcher_client.post(change_page(prompt), {"text": "other"}).status_code == 403
    assert page(researcher_client, f"/admin/generation/prompt/?prompt_set__id__exact={prompt.prompt_set_id}")
    prompt.refresh_from_db()
    assert prompt.text == TEXTS[0]


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
def test_seeds_are_varied_as_chosen(submit, choice, seeds):
    sampled, _ = build_words_prompt_set(
        name="sampled", source=make_prompt_set(), seed=0, parts_of_speech=["NOUN"], per_part_of_speech=1
    )
    text = submit(START, run_data(sampled, seeds="0", vary_seeds=choice))
    run = GenerationRun.objects.get()
    generations = run.generations.order_by("prompt__position")
    assert list(generations.values_list("seed", flat=True)) == seeds
    assert "Every prompt gets seeds of its own" in text  # what the setting on the run's page means


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
    data = run_data(PromptSet.objects.create(name="empty", origin="text"))
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
        run.generations.filter(pk=run.generations.first().pk).update(state=State.FAILED, error="boom")
    with django_assert_max_num_queries(10):
        text = page(researcher_client, RUNS)
    assert text.count('<progress max="2" value="1"></progress> 0 of 2, 1 failed') == 12
    assert reverse("generation:run", args=[run.pk]) in text
    assert "0 of 2, 1 failed" in page(researcher_client, change_page(run))


def test_failed_images_are_retried_by_the_action(submit, pokes):
    run = make_run(make_prompt_set([DOG] * 2), finished=False)
    run.generations.update(state=State.FAILED, error="boom")
    other = make_run()
    text = submit(RUNS, {"action": "retry", "_selected_action": [run.pk, other.pk]})
    assert "2 failed images queued again." in text
    assert set(run.generations.values_list("state", flat=True)) == {State.QUEUED}
    assert pokes == [("generation.jobs.generate_batch", (run.pk,))] * 2


def test_settings_of_a_run_are_shown_and_cannot_be_rewritten(researcher_client):
    run = make_run(finished=False)
    researcher_client.post(change_page(run), {"name": "renamed", "num_inference_steps": 1, "seeds": "[9]"})
    run.refresh_from_db()
    assert (run.name, run.num_inference_steps, run.seeds) == ("renamed", 30, [0])


def test_generations_are_listed_and_cannot_be_rewritten(researcher_client, django_assert_max_num_queries):
    run = make_run(make_prompt_set([DOG] * 20), finished=False)
    make_run()
    Generation.objects.filter(pk=run.generations.first().pk).update(state=State.FAILED, error="out of memory")
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


# --- Checkpoints -------------------------------------------------------------------------------------------


def test_checkpoint_can_be_corrected_until_something_was_made_with_it(researcher_client):
    checkpoint = Checkpoint.objects.create(name="sd", source="owner/wrong")
    data = {"name": "sd", "source": "owner/right", "revision": "", "data_type": "float16"}
    researcher_client.post(change_page(checkpoint), data)
    checkpoint.refresh_from_db()
    assert (checkpoint.source, checkpoint.data_type) == ("owner/right", "float16")
    used = make_run(finished=False).checkpoint
    researcher_client.post(change_page(used), {**data, "name": "renamed"})
    used.refresh_from_db()
    assert (used.name, used.source, used.data_type) == ("renamed", "tiny", "float32")


# --- Rights ------------------------------------------------------------------------------------------------


def test_staff_without_rights_see_neither_lists_nor_forms(staff_client):
    make_run()
    client = staff_client()
    for address in (SETS, RUNS, IMPORT, WORDS, PAIRS, START):
        assert client.get(address).status_code == 403, address
    assert client.post(PAIRS, PAIRS_DATA).status_code == 403
    assert PromptSet.objects.count() == 1


def test_staff_who_may_look_are_offered_nothing_that_changes(staff_client, pokes):
    run = make_run(finished=False)
    run.generations.update(state=State.FAILED, error="boom")
    client = staff_client("view_promptset", "view_generationrun")
    for address, form in ((SETS, "import/"), (RUNS, "start/")):
        text = page(client, address)
        assert f'href="{form}"' not in text
        assert "parse_again" not in text
        assert "Try failed images again" not in text
    for address, action in ((SETS, "parse_again"), (RUNS, "retry")):
        rows = {SETS: run.prompt_set, RUNS: run}
        client.post(address, {"action": action, "_selected_action": [rows[address].pk]})
    assert run.generations.get().state == State.FAILED
    assert PromptSet.objects.get().parse_state == ParseState.PARSED
    assert client.get(START).status_code == 403
    assert pokes == []


def test_staff_who_may_only_add_are_not_led_to_a_page_they_may_not_see(
    staff_client, pokes, django_capture_on_commit_callbacks
):
    client = staff_client("add_promptset")
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(PAIRS, PAIRS_DATA)
    assert (response.status_code, response.url) == (302, "/admin/")
    assert PromptSet.objects.get().prompts.count() == 6


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
