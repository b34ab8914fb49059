import pytest

from generation.errors import PromptSetError
from generation.models import PromptSet, Word
from generation.prompts.words import ParsedWord
from generation.services.words import check_whole, hold_words, packed, store_words
from tests.factories import make_prompt_set

pytestmark = pytest.mark.django_db


def parsed_word(text: str, start: int, head: int | None) -> ParsedWord:
    return ParsedWord(start, start + len(text), text, text, "NOUN", "", head, "dep")


# --- Storing -----------------------------------------------------------------------------------------------


def test_heads_are_the_words_of_the_same_prompt():
    prompts = list(make_prompt_set([("a b c", []), ("a b c", [])]).prompts.all())
    chain = [parsed_word("a", 0, 1), parsed_word("b", 2, 2), parsed_word("c", 4, None)]
    star = [parsed_word("a", 0, None), parsed_word("b", 2, 0), parsed_word("c", 4, 0)]
    store_words(prompts=prompts, words=[chain, star])
    for prompt, heads in zip(prompts, [["b", "c", None], [None, "a", "a"]], strict=True):
        words = list(prompt.words.select_related("head"))
        assert [word.position for word in words] == [0, 1, 2]
        assert [word.head and word.head.text for word in words] == heads
        assert {word.head.prompt_id for word in words if word.head} == {prompt.pk}


def test_roles_are_given_by_position():
    [prompt] = make_prompt_set([("a b", [])]).prompts.all()
    store_words(
        prompts=[prompt],
        words=[[parsed_word("a", 0, None), parsed_word("b", 2, 0)]],
        roles=[{1: Word.Role.TARGET}],
    )
    assert list(prompt.words.values_list("role", flat=True)) == ["", "target"]


def test_heads_in_a_circle_are_refused_and_nothing_is_stored():
    [prompt] = make_prompt_set([("a b c", [])]).prompts.all()
    with pytest.raises(ValueError, match="circle"):
        store_words(
            prompts=[prompt],
            words=[[parsed_word("a", 0, None), parsed_word("b", 2, 2), parsed_word("c", 4, 1)]],
        )
    assert not Word.objects.exists()


# --- Slices ------------------------------------------------------------------------------------------------


def test_prompts_are_packed_into_slices_of_a_limited_size(monkeypatch):
    monkeypatch.setattr("generation.services.words.WORDS_AT_ONCE", 4)
    monkeypatch.setattr("generation.services.words.PROMPTS_AT_ONCE", 3)
    lengths = [2, 2, 1, 9, 0, 0, 0, 0]
    slices = [
        [len(words) for _, words in each]
        for each in packed((number, [None] * length) for number, length in enumerate(lengths))
    ]
    assert slices == [[2, 2], [1], [9], [0, 0, 0], [0]]


# --- Building on words -------------------------------------------------------------------------------------


def test_set_that_is_being_parsed_is_nothing_to_build_on():
    prompt_set = make_prompt_set()
    hold_words(prompt_set)
    PromptSet.objects.update(parse_state=PromptSet.ParseState.PARSING)
    for check in (hold_words, check_whole):
        with pytest.raises(PromptSetError, match="is being parsed at the moment"):
            check(prompt_set)
