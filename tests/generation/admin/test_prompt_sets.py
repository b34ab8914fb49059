"""Prompt sets are built, listed, shown and parsed again."""

import dataclasses

import pytest

from daamweb.waiting import buttons
from generation.jobs import parse_again
from generation.models import Import, Parse, PromptSet
from generation.services.erasing import set_prompt_set_aside
from generation.services.imports import import_prompts, run_import
from generation.services.parses import queue_parse
from tests.factories import DOG, main_project, make_prompt_set
from tests.generation.admin.pages import PAIRS, PAIRS_DATA, SETS, WORDS, WORDS_DATA, change_page, page
from tests.generation.caption_files import FILES, TEXTS

pytestmark = pytest.mark.django_db
ParseState = PromptSet.ParseState


# --- Builders ----------------------------------------------------------------------------------------------


def test_words_are_sampled(submit):
    file_name, content, _ = FILES["conllu"]
    source = import_prompts(
        project=main_project(), name="source", content=content, file_name=file_name
    ).prompt_set
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
    unparsed = import_prompts(
        project=main_project(), name="unparsed", content=b"a cat", file_name="a.txt"
    ).prompt_set
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
    assert pokes == [("generation.jobs.run_parse", (built.parses.get().pk,))]


def test_many_pairs_are_handed_to_a_worker_whose_page_is_shown_next(submit, pokes):
    text = submit(PAIRS, {**PAIRS_DATA, "count": 501, "cohyponym_share": 0, "nouns": ""})
    row = Import.objects.get()
    assert "is handed to a worker" in text
    assert f'hx-get="/work/generation.import/{row.pk}/"' in text
    assert pokes == [("generation.jobs.run_import", (row.pk,))]
    assert run_import(row=row)
    made = PromptSet.objects.get()
    assert (made.origin, made.prompts.count(), made.parse_state) == ("cohyponyms", 501, "queued")


def test_few_long_captions_are_handed_to_a_worker_with_their_words(submit, pokes, monkeypatch):
    monkeypatch.setattr("generation.services.imports.MOST_WORDS_AT_ONCE", 7)
    source = make_prompt_set([DOG, DOG])  # four words each
    submit(WORDS, {**WORDS_DATA, "source": source.pk, "per_part_of_speech": 2, "common": 1})
    row = Import.objects.get()
    assert pokes == [("generation.jobs.run_import", (row.pk,))]
    assert not row.prompt_set.prompts.exists()
    assert run_import(row=row)
    made = PromptSet.objects.get(name="sampled")
    assert made.parse_state == ParseState.PARSED
    assert made.prompts.first().words.count() == 4


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
    assert pokes == [("generation.jobs.run_parse", (prompt_set.parses.get().pk,))]


def test_sets_that_cannot_be_parsed_again_are_named_and_the_others_are_parsed(submit, pokes):
    prompt_set, erased = make_prompt_set(), make_prompt_set()
    set_prompt_set_aside(erased)
    text = submit(SETS, {"action": "parse_again", "_selected_action": [prompt_set.pk, erased.pk]})
    assert f"The prompt set '{erased.name}' is being erased." in text
    assert "1 prompt set handed to a worker." in text
    assert pokes == [("generation.jobs.run_parse", (prompt_set.parses.get().pk,))]


@pytest.fixture
def failed_parse() -> Parse:
    parse = queue_parse(prompt_set=make_prompt_set())
    assert parse.take()
    assert parse.fail("no parser there")
    return parse


def test_a_parse_that_failed_is_not_tried_again_once_its_set_is_being_erased(
    failed_parse, researcher_client, submit, pokes
):
    address = f"/work/generation.parse/{failed_parse.pk}/"
    assert "Try again" in page(researcher_client, address)
    set_prompt_set_aside(failed_parse.prompt_set)
    assert "Try again" not in page(researcher_client, address)
    submit(f"{address}again/", {})
    assert (pokes, Parse.objects.get()) == ([], failed_parse)


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [(set_prompt_set_aside, "is being erased."), (lambda made: made.delete(), "was deleted.")],
    ids=["set aside", "deleted"],
)
def test_a_set_that_is_erased_while_somebody_asks_for_its_parse_is_said(
    failed_parse, submit, monkeypatch, meanwhile, said
):
    def press(row, by):
        again = Parse.objects.select_related("prompt_set").get(pk=row.pk)
        meanwhile(PromptSet.objects.get())
        return parse_again(again, by=by)

    name = failed_parse.prompt_set.name
    offered = dataclasses.replace(buttons.buttons_of(failed_parse), again=press)
    monkeypatch.setitem(buttons._offered, Parse, offered)
    text = submit(f"/work/generation.parse/{failed_parse.pk}/again/", {"next": SETS})
    assert f"The prompt set '{name}' {said}" in text


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
    prompt = import_prompts(
        project=main_project(), name="source", content=content, file_name=file_name
    ).prompt_set.prompts.first()
    with django_assert_max_num_queries(10):
        text = page(researcher_client, change_page(prompt))
    assert "nmod:on" in text
    assert "dog (NOUN)" in text
    assert researcher_client.post(change_page(prompt), {"text": "other"}).status_code == 403
    assert page(researcher_client, f"/admin/generation/prompt/?prompt_set__id__exact={prompt.prompt_set_id}")
    prompt.refresh_from_db()
    assert prompt.text == TEXTS[0]
