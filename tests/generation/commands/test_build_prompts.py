from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from generation.models import PromptSet, Word
from generation.services.imports import import_prompts
from tests.factories import main_project
from tests.generation.caption_files import FILES

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> PromptSet:
    name, content, _ = FILES["conllu"]
    return import_prompts(project=main_project(), name="source", content=content, file_name=name).prompt_set


def build(*arguments: str) -> str:
    out = StringIO()
    call_command("build_prompts", *arguments, stdout=out)
    return out.getvalue()


def texts(name: str) -> list[tuple[str, str]]:
    prompts = PromptSet.objects.get(name=name).prompts.order_by("position")
    return list(prompts.values_list("external_id", "text"))


def test_words_are_sampled_and_what_is_missing_is_told(source):
    printed = build(
        "words", "--source", "source", "--prompt-set", "sampled", "--seed", "0",
        "--parts-of-speech", "NOUN,ADJ,VERB", "--per-part-of-speech", "2", "--attention-checks", "3",
    )  # fmt: skip
    lines = [line.split(maxsplit=1) for line in printed.splitlines()]
    assert lines == [
        ["NOUN", "2 of 3"],
        ["ADJ", "1 of 1 (1 fewer than asked for)"],
        ["PUNCT", "1 of 1 (2 fewer than asked for) as attention checks"],
        ["VERB", "0 of 0 (2 fewer than asked for)"],
        ["4", "prompts in 'sampled'."],
    ]
    roles = Word.objects.filter(prompt__prompt_set__name="sampled").exclude(role="")
    assert sorted(roles.values_list("part_of_speech", "role")) == [
        ("ADJ", "target"),
        ("NOUN", "target"),
        ("NOUN", "target"),
        ("PUNCT", "attention_check"),
    ]


def test_seed_makes_the_same_sample_again(source):
    for name, seed in (("a", "5"), ("b", "5")):
        build(
            "words", "--source", "source", "--prompt-set", name, "--seed", seed, "--per-part-of-speech", "1",
        )  # fmt: skip
    assert texts("a") == texts("b")


def test_common_parts_of_speech_are_counted_from_the_source(source):
    printed = build(
        "words", "--source", "source", "--prompt-set", "sampled", "--seed", "0",
        "--common", "1", "--per-part-of-speech", "3", "--attention-checks", "0",
    )  # fmt: skip
    assert printed.splitlines()[0].split() == ["NOUN", "3", "of", "3"]
    assert len(texts("sampled")) == 3


def test_pairs_are_built_and_a_seed_makes_the_same_again():
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert (
            build("cohyponyms", "--prompt-set", name, "--seed", seed, "--count", "10")
            == f"10 prompts in '{name}'.\nNext: python manage.py parse_prompts {name}\n"
        )
    assert texts("a") == texts("b") != texts("c")


def test_share_and_nouns_are_those_asked_for():
    build(
        "cohyponyms", "--prompt-set", "pairs", "--seed", "0", "--count", "4",
        "--cohyponym-share", "1", "--nouns", "cat, dog",
    )  # fmt: skip
    metadata = PromptSet.objects.get().prompts.values_list("metadata", flat=True)
    assert all(values["cohyponyms"] and set(values["nouns"]) == {"cat", "dog"} for values in metadata)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["words", "--source", "other"], "There is no prompt set named 'other'."),
        (["words", "--source", "source", "--common", "99"], "cannot take 99"),
        (["words", "--source", "source", "--parts-of-speech", "NONSENSE"], "unknown part of speech NONSENSE"),
        (["words", "--source", "source", "--per-part-of-speech", "0"], "at least 1 word"),
        (["words"], "the following arguments are required: --source"),
        (["cohyponyms", "--nouns", "unicorn"], "'unicorn' is no noun of the ontology"),
        (["cohyponyms", "--count", "0"], "at least 1 pair"),
        (["cohyponyms", "--cohyponym-share", "2"], "share of cohyponyms"),
        (["nonsense"], "invalid choice: 'nonsense'"),
    ],
)
def test_what_cannot_be_built_is_one_clear_line(source, arguments, reason):
    with pytest.raises(CommandError) as error:
        build(*arguments, "--prompt-set", "built", "--seed", "0")
    assert reason in str(error.value)
    assert PromptSet.objects.get() == source


def test_unparsed_source_and_taken_name_are_refused(source):
    import_prompts(project=main_project(), name="unparsed", content=b"a cat", file_name="a.txt")
    with pytest.raises(CommandError, match=r"no words yet \(not parsed\)"):
        build("words", "--source", "unparsed", "--prompt-set", "built", "--seed", "0")
    with pytest.raises(CommandError, match="named 'source' already"):
        build("cohyponyms", "--prompt-set", "source", "--seed", "0")
