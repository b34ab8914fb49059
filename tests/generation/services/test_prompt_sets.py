"""Prompt sets of files."""

import hashlib

import pytest

from generation.errors import PromptSetError
from generation.models import PromptSet, Word
from generation.prompts.captions import CaptionFileError
from generation.services import prompt_sets
from generation.services.imports import import_prompts
from tests.factories import main_project
from tests.generation.bad_files import BadFile, bad_rows, whole_files
from tests.generation.caption_files import FILES, TEXTS, every_format

pytestmark = pytest.mark.django_db


def import_text(name: str, *lines: str) -> PromptSet:
    return import_prompts(
        project=main_project(), name=name, content="\n".join(lines).encode(), file_name="captions.txt"
    ).prompt_set


def import_conllu(name: str = "annotated") -> PromptSet:
    file_name, content, _ = FILES["conllu"]
    return import_prompts(project=main_project(), name=name, content=content, file_name=file_name).prompt_set


@every_format
@pytest.mark.parametrize("named", [True, False], ids=["format named", "format found"])
def test_every_format_is_imported_in_the_order_of_the_file(format, named):
    file_name, content, ids = FILES[format]
    result = import_prompts(
        project=main_project(),
        name="set",
        content=content,
        file_name=file_name,
        format=format if named else "auto",
    )
    assert (result.captions, result.errors, result.format) == (2, (), format)
    prompts = result.prompt_set.prompts.order_by("position")
    assert [prompt.text for prompt in prompts] == TEXTS
    assert [prompt.external_id for prompt in prompts] == ids
    assert [prompt.position for prompt in prompts] == [0, 1]


def test_recipe_says_which_file_it_was():
    content = FILES["csv"][1]
    prompt_set = import_prompts(
        project=main_project(), name="set", content=content, file_name="captions.csv"
    ).prompt_set
    assert prompt_set.origin == "csv"
    assert prompt_set.recipe == {
        "file": "captions.csv",
        "sha256": hashlib.sha256(content).hexdigest(),
        "skipped_rows": [],
    }
    assert prompt_set.parse_state == PromptSet.ParseState.NOT_ASKED


def test_other_columns_are_kept():
    file_name, content, _ = FILES["csv"]
    prompt_set = import_prompts(
        project=main_project(), name="set", content=content, file_name=file_name
    ).prompt_set
    assert prompt_set.prompts.first().metadata == {"photographer": "Ann"}


@whole_files
@pytest.mark.parametrize("skip_invalid", [False, True])
def test_bad_file_is_refused_with_its_reason(bad: BadFile, skip_invalid):
    with pytest.raises(CaptionFileError) as refusal:
        import_prompts(
            project=main_project(),
            name="set",
            content=bad.content,
            file_name=bad.name,
            skip_invalid=skip_invalid,
        )
    assert bad.reason in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not PromptSet.objects.exists()


@bad_rows
def test_bad_row_is_reported_and_nothing_is_imported(bad: BadFile):
    result = import_prompts(project=main_project(), name="set", content=bad.content, file_name=bad.name)
    assert result.prompt_set is None
    [error] = result.errors
    assert error.row == bad.row
    assert bad.reason in error.reason
    assert "\n" not in error.reason
    assert len(error.reason) < 300
    assert not PromptSet.objects.exists()


@bad_rows
def test_skip_invalid_imports_the_good_rows_and_notes_the_bad_ones(bad: BadFile):
    result = import_prompts(
        project=main_project(), name="set", content=bad.content, file_name=bad.name, skip_invalid=True
    )
    assert len(result.errors) == 1
    assert result.prompt_set.prompts.count() == result.captions == 1
    [skipped] = result.prompt_set.recipe["skipped_rows"]
    assert skipped["row"] == bad.row
    assert bad.reason in skipped["reason"]


def test_file_without_any_good_row_is_refused_even_if_bad_ones_may_be_skipped():
    for dry_run in (True, False):
        with pytest.raises(PromptSetError, match="no valid caption is left"):
            import_prompts(
                project=main_project(),
                name="set",
                content=b"x" * 5000,
                file_name="a.txt",
                skip_invalid=True,
                dry_run=dry_run,
            )


def test_dry_run_imports_nothing_and_reports_the_same():
    content = b"a cat\n\xff\n"
    for skip_invalid in (True, False):
        result = import_prompts(
            project=main_project(),
            name="set",
            content=content,
            file_name="a.txt",
            dry_run=True,
            skip_invalid=skip_invalid,
        )
        assert (result.prompt_set, result.captions, len(result.errors)) == (None, 1, 1)
        with pytest.raises(PromptSetError, match=r"Nothing was imported: bad rows \(1\)"):
            result.imported()
    assert not PromptSet.objects.exists()


def test_conllu_brings_its_words():
    prompt_set = import_conllu()
    assert (prompt_set.parse_state, prompt_set.parser) == (PromptSet.ParseState.PARSED, "conllu file")
    words = list(prompt_set.prompts.get(external_id="first").words.select_related("head"))
    assert [word.text for word in words] == ["A", "dog", "on", "a", "red", "sofa", "."]
    assert [TEXTS[0][word.start : word.end] for word in words] == [word.text for word in words]
    assert [word.head and word.head.text for word in words] == [
        "dog", None, "sofa", "sofa", "sofa", "dog", "dog",
    ]  # fmt: skip
    sofa = words[5]
    assert (sofa.lemma, sofa.part_of_speech, sofa.tag) == ("sofa", "NOUN", "NN")
    assert (sofa.relation, sofa.enhanced_relation) == ("nmod", "nmod:on")
    assert {word.role for word in words} == {""}


def test_long_labels_of_other_treebanks_are_kept_whole():
    tag = "ncn+" * 40
    line = f"1\tcats\tcat\tNOUN\t{tag}\t_\t0\troot\t_\t_\n"
    prompt_set = import_prompts(
        project=main_project(), name="set", content=line.encode(), file_name="a.conllu"
    ).prompt_set
    assert Word.objects.get(prompt__prompt_set=prompt_set).tag == tag


def test_many_captions_take_few_queries(django_assert_max_num_queries):
    main_project()
    with django_assert_max_num_queries(120):  # in ten slices
        prompt_set = import_text("many", *(f"caption number {number}" for number in range(2000)))
    assert prompt_set.prompts.count() == 2000


@pytest.mark.parametrize(
    ("name", "reason"),
    [("", "A name is needed"), ("  ", "A name is needed"), ("x" * 101, "100 characters at most")],
)
def test_name_has_to_be_a_name(name, reason):
    with pytest.raises(PromptSetError, match=reason):
        import_text(name, "a cat")


def test_name_can_be_taken_only_once():
    import_text("mine", "a cat")
    with pytest.raises(PromptSetError, match="There is a prompt set named 'mine' already"):
        import_text("mine", "a dog")
    assert PromptSet.objects.get().prompts.get().text == "a cat"


def test_name_taken_by_somebody_else_at_the_same_moment_is_refused_as_well(monkeypatch):
    import_text("mine", "a cat")
    monkeypatch.setattr(prompt_sets, "check_new_name", lambda project, name: None)
    with pytest.raises(PromptSetError, match="There is a prompt set named 'mine' already"):
        import_text("mine", "a dog")
