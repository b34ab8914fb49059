"""Prompt sets that are built: sampled words, and pairs of nouns."""

from datetime import timedelta

import pytest
from django.utils import timezone

from generation.errors import PromptSetError
from generation.models import Import, Prompt, PromptSet, Word
from generation.prompts.built import read_built, write_built
from generation.services import imports
from generation.services.built_prompt_sets import (
    build_cohyponyms_prompt_set,
    build_words_prompt_set,
    draw_words,
)
from generation.services.imports import import_prompts
from tests.factories import main_project, make_prompt_set
from tests.generation.caption_files import FILES

pytestmark = pytest.mark.django_db


def import_text(name: str, *lines: str) -> PromptSet:
    return import_prompts(
        project=main_project(), name=name, content="\n".join(lines).encode(), file_name="captions.txt"
    ).prompt_set


def import_conllu(name: str = "annotated") -> PromptSet:
    file_name, content, _ = FILES["conllu"]
    return import_prompts(project=main_project(), name=name, content=content, file_name=file_name).prompt_set


# --- Words -------------------------------------------------------------------------------------------------


def sample(name: str = "sampled", source: PromptSet | None = None, **options):
    options = {"seed": 0, "per_part_of_speech": 1, "attention_checks": 1} | options
    return build_words_prompt_set(name=name, source=source or import_conllu(), **options)


def test_every_sampled_word_is_a_prompt_of_its_own_with_one_word_to_rate():
    prompt_set, drawn = sample(parts_of_speech=["NOUN", "ADJ"])
    prompts = list(prompt_set.prompts.order_by("position"))
    assert len(prompts) == len(drawn.targets) + len(drawn.attention_checks) == 3
    chosen = [prompt.words.exclude(role="").get() for prompt in prompts]
    assert [(word.part_of_speech, word.role) for word in chosen] == [
        ("NOUN", "target"),
        ("ADJ", "target"),
        ("PUNCT", "attention_check"),
    ]
    for prompt, word in zip(prompts, chosen, strict=True):
        original = Prompt.objects.get(
            prompt_set__name="annotated", external_id=prompt.external_id.split("#")[0]
        )
        assert prompt.text == original.text
        assert prompt.external_id == f"{original.external_id}#{word.position}"
        assert prompt.metadata["word"] == word.text == prompt.text[word.start : word.end]


def test_the_other_words_come_along_with_their_heads():
    source = import_conllu()
    prompt_set, _ = sample(source=source, parts_of_speech=["ADJ"], attention_checks=0)
    [prompt] = prompt_set.prompts.all()
    copies = list(prompt.words.select_related("head"))
    originals = list(source.prompts.get(external_id="first").words.select_related("head"))
    assert [str(word) for word in copies] == [str(word) for word in originals]
    assert [word.head and word.head.position for word in copies] == [
        word.head and word.head.position for word in originals
    ]
    assert all(word.head.prompt_id == prompt.pk for word in copies if word.head)
    assert [word.enhanced_relation for word in copies] == [word.enhanced_relation for word in originals]
    assert (prompt_set.parse_state, prompt_set.parser) == (source.parse_state, source.parser)


def test_same_seed_same_words_and_another_seed_others():
    source = make_prompt_set([(f"cat{number}", [(f"cat{number}", "NOUN", "")]) for number in range(50)])

    def texts(name: str, seed: int) -> list[str]:
        prompt_set, _ = sample(name, source, seed=seed, per_part_of_speech=10, common=1, attention_checks=0)
        return list(prompt_set.prompts.order_by("position").values_list("text", flat=True))

    assert texts("a", 3) == texts("b", 3)
    assert texts("c", 4) != texts("a again", 3)


def test_recipe_is_enough_to_build_the_set_again():
    source = import_conllu()
    prompt_set, drawn = sample(source=source, parts_of_speech=["NOUN", "VERB"], per_part_of_speech=2, seed=9)
    recipe = prompt_set.recipe
    assert prompt_set.origin == recipe["builder"] == "words"
    assert recipe["shortfalls"] == drawn.shortfalls == {"VERB": 2}
    assert recipe["available"]["NOUN"] == 3
    again, _ = build_words_prompt_set(
        name="again",
        source=PromptSet.objects.get(name=recipe["source"]),
        **{
            key: recipe[key]
            for key in ("seed", "per_part_of_speech", "common", "parts_of_speech", "attention_checks")
        },
    )
    assert list(again.prompts.values_list("external_id")) == list(
        prompt_set.prompts.values_list("external_id")
    )


def test_one_attention_check_for_every_twenty_words_unless_told_otherwise():
    source = make_prompt_set(
        [(f"cat{number} .", [(f"cat{number}", "NOUN", ""), (".", "PUNCT", "")]) for number in range(100)]
    )

    def checks(name: str, **options) -> int:
        _, drawn = sample(name, source, attention_checks=None, **options)
        return len(drawn.attention_checks)

    assert checks("a", per_part_of_speech=60, common=1) == 3
    assert checks("b", per_part_of_speech=60, parts_of_speech=["NOUN"]) == 3
    assert checks("c", per_part_of_speech=2, common=1) == 1
    assert checks("d", per_part_of_speech=200) == 5  # of the 100 words that were found, not of 14 × 200


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"parts_of_speech": ["NONSENSE"]}, "unknown part of speech NONSENSE"),
        ({"parts_of_speech": ["VERB"]}, "has no word of the parts of speech asked for"),
        ({"common": 99}, "cannot take 99"),
        ({"per_part_of_speech": 0}, "at least 1 word"),
        ({"attention_checks": -1}, "attention checks cannot be -1"),
        ({"seed": -1}, "whole number from 0"),
    ],
)
def test_impossible_samples_are_refused_and_nothing_is_made(options, reason):
    source = import_conllu()
    with pytest.raises(PromptSetError, match=reason):
        sample(source=source, **options)
    assert PromptSet.objects.get() == source


def test_set_without_words_cannot_be_sampled():
    source = import_text("unparsed", "a cat")
    with pytest.raises(PromptSetError, match=r"'unparsed' has no words yet \(not parsed\).*parse_prompts"):
        sample(source=source)


def test_longest_ids_can_be_sampled():
    line = "1\tcats\tcat\tNOUN\t_\t_\t0\troot\t_\t_\n"
    identifier = "x" * 200
    source = import_prompts(
        project=main_project(),
        name="source",
        content=f"# sent_id = {identifier}\n{line}".encode(),
        file_name="a.conllu",
    ).prompt_set
    prompt_set, _ = sample(source=source, attention_checks=0)
    assert prompt_set.prompts.get().external_id == f"{identifier}#0"


def test_what_is_built_is_stored_in_slices_and_open_to_nobody_before_the_last(monkeypatch):
    monkeypatch.setattr("generation.services.words.WORDS_AT_ONCE", 2)
    store, seen = imports._store, []

    def look(*args):
        seen.append(Prompt.objects.filter(prompt_set__name="sampled").count())
        assert PromptSet.objects.get(name="sampled").parse_state == PromptSet.ParseState.IMPORTING
        return store(*args)

    monkeypatch.setattr(imports, "_store", look)
    source = make_prompt_set([(f"cat{number}", [(f"cat{number}", "NOUN", "")]) for number in range(5)])
    built, _ = sample(source=source, per_part_of_speech=5, common=1, attention_checks=0)
    assert seen == [0, 2, 4]
    assert built.parse_state == PromptSet.ParseState.PARSED


def test_what_fails_on_the_way_leaves_nothing_that_counts(monkeypatch):
    def fail(**rows):
        raise PromptSetError("no")

    source = import_conllu()
    monkeypatch.setattr(imports, "store_words", fail)
    with pytest.raises(PromptSetError):
        sample(source=source)
    assert PromptSet.objects.get() == source


def test_worker_stores_what_a_request_would_and_goes_on_where_another_was_killed(monkeypatch):
    monkeypatch.setattr("generation.services.words.PROMPTS_AT_ONCE", 2)
    options = {"seed": 0, "per_part_of_speech": 2, "attention_checks": 1}
    source = import_conllu()
    here, _ = build_words_prompt_set(name="here", source=source, **options)
    built, _ = draw_words(source=source, **options)
    assert read_built(write_built(built)) == built
    monkeypatch.setattr(imports, "MOST_WORDS_AT_ONCE", 2)
    row = imports.request_built(project=main_project(), name="there", built=built, by=None)
    store = imports._store

    def die_at_the_second(row, *args):
        if row.position:
            raise SystemExit
        return store(row, *args)

    with monkeypatch.context() as patch:
        patch.setattr(imports, "_store", die_at_the_second)
        with pytest.raises(SystemExit):
            imports.run_import(row=row)
    Import.objects.filter(pk=row.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert imports.run_import(row=Import.objects.get(pk=row.pk))
    there = PromptSet.objects.get(name="there")
    for field in ("origin", "recipe", "parser", "parse_state"):
        assert getattr(there, field) == getattr(here, field)

    def content(prompt_set: PromptSet) -> list[tuple]:
        fields = ("position", "external_id", "text", "metadata")
        words = ("prompt__position", "position", "start", "end", "text", "lemma", "head__position", "role")
        rows = Word.objects.filter(prompt__prompt_set=prompt_set).order_by("prompt__position", "position")
        prompts = prompt_set.prompts.order_by("position")
        return [*map(str, prompts.values_list(*fields)), *map(str, rows.values_list(*words))]

    assert content(there) == content(here)


def test_sampling_takes_few_queries(django_assert_max_num_queries):
    source = make_prompt_set([(f"cat{number}", [(f"cat{number}", "NOUN", "")]) for number in range(200)])
    with django_assert_max_num_queries(50):
        sample(source=source, per_part_of_speech=200, common=1, attention_checks=0)


# --- Cohyponyms --------------------------------------------------------------------------------------------


def test_pairs_of_nouns_half_of_them_siblings():
    prompt_set = build_cohyponyms_prompt_set(project=main_project(), name="pairs", count=20, seed=0)
    prompts = list(prompt_set.prompts.order_by("position"))
    assert len(prompts) == 20
    assert sum(prompt.metadata["cohyponyms"] for prompt in prompts) == 10
    for prompt in prompts:
        first, second = prompt.metadata["nouns"]
        assert prompt.text in {f"{a} {first} and {b} {second}" for a in ("a", "an") for b in ("a", "an")}
        assert (prompt.metadata["hypernym"] is not None) == prompt.metadata["cohyponyms"]
    assert prompt_set.recipe == {
        "builder": "cohyponyms", "seed": 0, "count": 20, "cohyponym_share": 0.5, "nouns": None,
    }  # fmt: skip
    assert prompt_set.parse_state == PromptSet.ParseState.NOT_ASKED


def test_same_seed_same_pairs_and_another_seed_others():
    def texts(name: str, seed: int) -> list[str]:
        prompt_set = build_cohyponyms_prompt_set(project=main_project(), name=name, count=20, seed=seed)
        return list(prompt_set.prompts.order_by("position").values_list("text", flat=True))

    assert texts("a", 1) == texts("b", 1)
    assert texts("c", 2) != texts("d", 1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"nouns": ["unicorn"]}, "'unicorn' is no noun of the ontology"),
        ({"count": 0}, "at least 1 pair"),
        ({"cohyponym_share": 2.0}, "share of cohyponyms"),
        ({"seed": -1}, "whole number from 0"),
    ],
)
def test_impossible_pairs_are_refused_and_nothing_is_made(options, reason):
    with pytest.raises(PromptSetError, match=reason):
        build_cohyponyms_prompt_set(
            project=main_project(), **({"name": "pairs", "count": 4, "seed": 0} | options)
        )
    assert not PromptSet.objects.exists()
