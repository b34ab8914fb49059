import numpy as np
import pytest

from generation.daam.tokens import (
    PromptTokens,
    WordNotFound,
    find_word,
    special_tokens,
    tokenize,
    tokens_of_span,
)


def words(prompt, text, count):
    return [prompt[slice(*find_word(prompt, text, occurrence))] for occurrence in range(count)]


# words


def test_only_whole_words_match():
    assert find_word("a catdog and a dog", "dog") == (15, 18)
    assert find_word("a dog's dogs", "dog") == (2, 5)
    with pytest.raises(WordNotFound):
        find_word("a hotdog, dogs and a dog2", "dog")


def test_each_occurrence_is_its_own():
    prompt = "a dog and a dog"
    assert [find_word(prompt, "dog", n) for n in range(2)] == [(2, 5), (12, 15)]
    with pytest.raises(WordNotFound, match=r"'dog' occurs 2 times in .*occurrence=2"):
        find_word(prompt, "dog", 2)
    with pytest.raises(WordNotFound, match="occurs once"):
        find_word(prompt, "and", 1)


def test_several_words_match_over_any_white_space():
    assert words("a hot  dog", "hot dog", 1) == ["hot  dog"]
    assert words("a hot\ndog", " hot\tdog ", 1) == ["hot\ndog"]


def test_capitals_are_ignored_only_if_nothing_matches_as_written():
    assert find_word("a Dog and a dog", "dog") == (12, 15)
    assert find_word("a Dog and a DOG", "dog") == (2, 5)
    assert find_word("a dog in Île-de-France", "île") == (9, 12)


def test_punctuation_can_be_a_word():
    assert find_word("a dog, a cat.", ",") == (5, 6)
    assert find_word("a dog, a cat.", ".") == (12, 13)
    assert find_word("a dog (big)", "(big)") == (6, 11)


def test_an_accent_of_its_own_belongs_to_the_word():
    with pytest.raises(WordNotFound):
        find_word("a cafe\u0301", "cafe")
    assert find_word("a cafe\u0301", "cafe\u0301") == (2, 7)


def test_an_absent_word_names_the_prompt_and_its_words():
    with pytest.raises(KeyError) as error:
        find_word("two dogs, one cat", "bird")
    assert str(error.value) == (
        "'bird' is not in the prompt 'two dogs, one cat'. Its words: 'two', 'dogs', 'one', 'cat'."
    )


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_word_is_an_error(text):
    with pytest.raises(ValueError, match="empty"):
        find_word("a dog", text)


def test_a_negative_occurrence_is_an_error():
    with pytest.raises(ValueError, match="from 0"):
        find_word("a dog", "dog", -1)


# tokens


@pytest.fixture(scope="module")
def tokenizer(tiny_pipeline):
    return tiny_pipeline.tokenizer


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("A Dog and  a\tcat", ["A", "Dog", "and", "a", "cat"]),
        ("dog,cat's!", ["dog", ",", "cat", "'", "s", "!"]),
        ("\n a dog ", ["a", "dog"]),
        ("a é dog", ["a", "é", "é", "dog"]),
        ("a e\u0301 dog", ["a", "e", "e", "dog"]),
        ("🐕 dog", ["🐕"] * 4 + ["dog"]),
        ("日 dog", ["日"] * 3 + ["dog"]),
        ("İs dog", ["İ", "İ", "İ", "s", "dog"]),
        ("a\u00a0dog", ["a", "dog"]),
        ("", []),
    ],
)
def test_offsets_are_characters_of_the_prompt_as_given(tokenizer, prompt, pieces):
    tokens = tokenize(tokenizer, prompt)
    assert [prompt[start:end] for start, end in tokens.offsets] == pieces
    assert tokens.attended == len(pieces)
    assert tokens.columns.tolist() == list(range(1, 1 + tokens.attended))


def test_tokens_are_those_that_the_pipeline_encodes(tokenizer):
    prompt = "A Café, the dog's  bed & 12 😀 refrigerators"
    tokens = tokenize(tokenizer, prompt)
    ids = tokenizer(prompt, padding="max_length", max_length=77, truncation=True).input_ids
    first, last = tokens.columns[[0, -1]]
    assert ids[:first] == [tokenizer.bos_token_id]
    assert ids[last + 1] == tokenizer.eos_token_id
    encoded = tokenizer.convert_ids_to_tokens(np.array(ids)[tokens.columns])
    for piece, (start, end) in zip(encoded, tokens.offsets, strict=True):
        text = prompt[start:end].lower()
        letters = piece.removesuffix("</w>")
        assert letters == text or not text.isascii()


def test_tokens_beyond_the_encoder_are_listed_but_not_attended(tokenizer):
    tokens = tokenize(tokenizer, "dog " * 100)
    assert tokens.attended == 75
    assert len(tokens.offsets) == 100
    assert tuple(tokens.offsets[99]) == (396, 399)


def test_long_prompts_are_encoded_in_chunks_with_start_and_end_tokens_of_their_own(tokenizer):
    tokens = tokenize(tokenizer, "dog " * 100, length=2 * 77)
    assert tokens.attended == 100
    assert tokens.columns.tolist() == [*range(1, 76), *range(78, 103)]
    assert tokenize(tokenizer, "dog " * 200, length=2 * 77).attended == 150


def test_other_embeddings_may_come_first(tokenizer):
    assert tokenize(tokenizer, "a dog", first_column=77).columns.tolist() == [78, 79]


def test_a_shorter_sequence_holds_fewer_tokens(tokenizer):
    assert tokenize(tokenizer, "dog " * 40, length=32).attended == 30


@pytest.mark.parametrize(("prompt", "end"), [("a dog", 3), ("", 1), ("dog " * 80, 76)])
def test_special_tokens_stand_around_the_prompt(tokenizer, prompt, end):
    special = special_tokens(tokenizer, tokenize(tokenizer, prompt))
    assert special.prompt == "<|startoftext|> <|endoftext|>"
    assert special.columns.tolist() == [0, end]
    assert [special.prompt[a:b] for a, b in special.offsets] == ["<|startoftext|>", "<|endoftext|>"]


def test_columns_and_offsets_that_do_not_fit_together_are_refused():
    offsets = np.array([[0, 1]], dtype=np.int32)
    with pytest.raises(ValueError, match="2 columns for 1 tokens"):
        PromptTokens("a", offsets, np.array([1, 2]))
    with pytest.raises(ValueError, match="whole numbers"):
        PromptTokens("a", offsets, np.array([-1]))
    with pytest.raises(ValueError, match="shape"):
        PromptTokens("a", offsets[0], np.array([1]))


def test_a_tokenizer_without_offsets_is_refused():
    with pytest.raises(TypeError, match="object does not tell"):
        tokenize(object(), "a dog")


OFFSETS = np.array([[0, 1], [2, 4], [4, 5], [6, 9]], dtype=np.int32)


def test_tokens_of_a_span_are_those_that_overlap_it():
    assert tokens_of_span(OFFSETS, 9, 2, 5).tolist() == [1, 2]
    assert tokens_of_span(OFFSETS, 9, 3, 4).tolist() == [1]
    assert tokens_of_span(OFFSETS, 9, 0, 9).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3), (4, 2), (0, 10), (9, 10)])
def test_spans_that_cannot_be(start, end):
    with pytest.raises(ValueError, match="outside the prompt's 9 characters"):
        tokens_of_span(OFFSETS, 9, start, end)


def test_a_span_of_white_space_is_an_error():
    with pytest.raises(ValueError, match="white space"):
        tokens_of_span(OFFSETS, 9, 5, 6)
