import pytest

from generation.errors import PromptSetError
from generation.models import Prompt, PromptSet, Word
from generation.prompts.parsing import ParserNotFound
from generation.services import parses as service
from generation.services.built_prompt_sets import build_words_prompt_set
from generation.services.imports import import_prompts
from generation.services.parses import parse_prompt_set, queue_parse
from tests.factories import main_project, make_run, make_study
from tests.generation.parsers import make_parser

pytestmark = pytest.mark.django_db
ParseState = PromptSet.ParseState


@pytest.fixture
def parser(monkeypatch):
    parser = make_parser()
    monkeypatch.setattr(service, "load_parser", lambda name: parser)
    return parser


@pytest.fixture
def unparsed() -> PromptSet:
    return import_prompts(
        project=main_project(), name="set", content=b"two red cats\na dog .\n", file_name="a.txt"
    ).prompt_set


# --- Parsing -----------------------------------------------------------------------------------------------


def test_parsing_gives_every_prompt_its_words(parser, unparsed):
    assert parse_prompt_set(prompt_set=unparsed) == 6
    first, second = unparsed.prompts.order_by("position")
    words = list(first.words.select_related("head"))
    assert [(word.text, word.part_of_speech) for word in words] == [
        ("two", "NUM"),
        ("red", "ADJ"),
        ("cats", "NOUN"),
    ]
    assert [word.head and word.head.text for word in words] == ["cats", "cats", None]
    assert [(word.relation, word.enhanced_relation) for word in words][2] == ("root", "root")
    assert [second.text[word.start : word.end] for word in second.words.all()] == ["a", "dog", "."]
    unparsed.refresh_from_db()
    assert (unparsed.parse_state, unparsed.parser, unparsed.parse_error) == (
        ParseState.PARSED,
        "en_test 1",
        "",
    )


def test_the_projects_own_parser_finds_nouns_and_their_heads(unparsed):
    parse_prompt_set(prompt_set=unparsed)
    words = {word.text: word for word in Word.objects.select_related("head")}
    assert words["cats"].part_of_speech == words["dog"].part_of_speech == "NOUN"
    assert words["cats"].lemma == "cat"
    assert (words["red"].relation, words["red"].head.text) == ("amod", "cats")


def test_progress_is_told_slice_by_slice(parser, unparsed, monkeypatch):
    told = []
    parse_prompt_set(prompt_set=unparsed, tell=lambda done, total: told.append((done, total)))
    assert told == [(2, 2)]
    del told[:]
    monkeypatch.setattr("generation.services.words.PROMPTS_AT_ONCE", 1)
    parse_prompt_set(prompt_set=unparsed, tell=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_parsing_again_replaces_the_words(parser, unparsed, monkeypatch):
    parse_prompt_set(prompt_set=unparsed)
    before = set(Word.objects.values_list("pk", flat=True))
    monkeypatch.setattr(service, "load_parser", lambda name: make_parser("2"))
    assert parse_prompt_set(prompt_set=unparsed) == 6
    assert Word.objects.count() == 6
    assert not before & set(Word.objects.values_list("pk", flat=True))
    unparsed.refresh_from_db()
    assert unparsed.parser == "en_test 2"


def test_parsing_takes_few_queries(parser, django_assert_max_num_queries):
    lines = "\n".join(f"a red cat number {number}" for number in range(200))
    prompt_set = import_prompts(
        project=main_project(), name="many", content=lines.encode(), file_name="a.txt"
    ).prompt_set
    with django_assert_max_num_queries(110):
        parse_prompt_set(prompt_set=prompt_set)


def test_unknown_parser_is_kept_as_the_reason(unparsed):
    with pytest.raises(ParserNotFound):
        parse_prompt_set(prompt_set=unparsed, parser="no_such_pipeline")
    unparsed.refresh_from_db()
    assert unparsed.parse_state == ParseState.FAILED
    assert "no_such_pipeline" in unparsed.parse_error


def test_failing_to_parse_again_keeps_the_words_and_tells_the_reason(unparsed, monkeypatch):
    monkeypatch.setattr(service, "load_parser", lambda name: make_parser())
    parse_prompt_set(prompt_set=unparsed)
    monkeypatch.undo()
    with pytest.raises(ParserNotFound):
        parse_prompt_set(prompt_set=unparsed, parser="no_such_pipeline")
    unparsed.refresh_from_db()
    assert unparsed.parse_state == ParseState.PARSED
    assert unparsed.parser == "en_test 1"
    assert "no_such_pipeline" in unparsed.parse_error
    assert Word.objects.count() == 6


def test_words_that_a_study_uses_are_not_replaced(parser, unparsed):
    parse_prompt_set(prompt_set=unparsed)
    study = make_study("attribution", make_run(unparsed))
    before = set(Word.objects.values_list("pk", flat=True))
    with pytest.raises(PromptSetError, match="used by a study"):
        parse_prompt_set(prompt_set=unparsed)
    assert set(Word.objects.values_list("pk", flat=True)) == before
    assert study.tasks.exists()
    unparsed.refresh_from_db()
    assert unparsed.parse_state == ParseState.PARSED
    assert "used by a study" in unparsed.parse_error


def test_words_chosen_by_a_builder_are_not_replaced(parser, unparsed):
    parse_prompt_set(prompt_set=unparsed)
    built, _ = build_words_prompt_set(
        name="built", source=unparsed, seed=0, per_part_of_speech=1, attention_checks=0
    )
    with pytest.raises(PromptSetError, match="would lose the choice"):
        parse_prompt_set(prompt_set=built)
    assert Word.objects.filter(prompt__prompt_set=built, role=Word.Role.TARGET).exists()


def test_set_without_prompts_is_parsed_at_once(parser):
    empty = PromptSet.objects.create(project=main_project(), name="empty", origin="text")
    assert parse_prompt_set(prompt_set=empty) == 0
    empty.refresh_from_db()
    assert empty.parse_state == ParseState.PARSED
    assert not Prompt.objects.exists()


def test_queueing_forgets_the_last_error(unparsed):
    PromptSet.objects.update(parse_state=ParseState.FAILED, parse_error="no parser")
    queue_parse(prompt_set=unparsed)
    unparsed.refresh_from_db()
    assert (unparsed.parse_state, unparsed.parse_error) == (ParseState.QUEUED, "")


def test_words_that_a_file_brought_are_not_replaced(parser):
    content = b"1\tcats\tcat\tNOUN\t_\t_\t0\troot\t_\t_\n"
    prompt_set = import_prompts(
        project=main_project(), name="gold", content=content, file_name="a.conllu"
    ).prompt_set
    with pytest.raises(PromptSetError, match="brought its own words"):
        parse_prompt_set(prompt_set=prompt_set)
    queue_parse(prompt_set=prompt_set)  # as the admin's action does
    with pytest.raises(PromptSetError, match="brought its own words"):
        parse_prompt_set(prompt_set=prompt_set)
    prompt_set.refresh_from_db()
    assert prompt_set.parse_state == PromptSet.ParseState.PARSED
    assert Word.objects.get().lemma == "cat"
