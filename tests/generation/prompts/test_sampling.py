import numpy as np
import pytest

from generation.prompts.sampling import CandidateWord, sample_words


def candidates(**counts: int) -> list[CandidateWord]:
    """So many words of each part of speech, one to a prompt."""
    return [
        CandidateWord(prompt_id=prompt_id, word_index=place, text=f"{part}{prompt_id}", part_of_speech=part)
        for place, (part, count) in enumerate(counts.items())
        for prompt_id in range(count)
    ]


def generator() -> np.random.Generator:
    return np.random.default_rng(5)


def test_same_number_of_each_part_of_speech_is_drawn():
    sample = sample_words(
        candidates(NOUN=30, VERB=20, ADJ=10),
        per_part_of_speech=6,
        common=2,
        attention_checks=0,
        rng=generator(),
    )
    assert [word.part_of_speech for word in sample.targets] == ["NOUN"] * 6 + ["VERB"] * 6
    assert len({(word.prompt_id, word.word_index) for word in sample.targets}) == 12
    assert sample.counts == {"NOUN": 30, "VERB": 20, "ADJ": 10}
    assert sample.shortfalls == {}


def test_punctuation_becomes_attention_checks_and_takes_no_place_among_the_common_ones():
    sample = sample_words(
        candidates(PUNCT=50, NOUN=9, VERB=8),
        per_part_of_speech=4,
        common=2,
        attention_checks=5,
        rng=generator(),
    )
    assert {word.part_of_speech for word in sample.targets} == {"NOUN", "VERB"}
    assert [word.part_of_speech for word in sample.attention_checks] == ["PUNCT"] * 5


def test_signs_and_unclassified_words_are_rated_only_when_asked_for():
    words = candidates(X=40, SYM=30, NOUN=5)
    by_default = sample_words(words, per_part_of_speech=2, common=1, attention_checks=0, rng=generator())
    asked = sample_words(
        words, per_part_of_speech=2, parts_of_speech=["SYM", "X"], attention_checks=0, rng=generator()
    )
    assert {word.part_of_speech for word in by_default.targets} == {"NOUN"}
    assert [word.part_of_speech for word in asked.targets] == ["SYM", "SYM", "X", "X"]


def test_equally_frequent_parts_go_by_the_alphabet():
    sample = sample_words(
        candidates(VERB=3, NOUN=3, ADJ=3), per_part_of_speech=1, common=2, attention_checks=0, rng=generator()
    )
    assert [word.part_of_speech for word in sample.targets] == ["ADJ", "NOUN"]


def test_shortfalls_are_reported():
    sample = sample_words(
        candidates(NOUN=5, INTJ=1, PUNCT=2),
        per_part_of_speech=3,
        parts_of_speech=["NOUN", "INTJ", "ADV"],
        attention_checks=6,
        rng=generator(),
    )
    assert sample.shortfalls == {"INTJ": 2, "ADV": 3, "PUNCT": 4}
    assert len(sample.targets) == 4
    assert len(sample.attention_checks) == 2


def test_parts_of_speech_missing_from_the_set_are_shortfalls_too():
    sample = sample_words(candidates(NOUN=5), per_part_of_speech=2, attention_checks=0, rng=generator())
    assert len(sample.shortfalls) == 13
    assert sample.shortfalls["VERB"] == 2


def test_draw_depends_on_the_generator_and_not_on_the_order_of_the_words():
    words = candidates(NOUN=40, VERB=40, PUNCT=40)
    options = {"per_part_of_speech": 10, "common": 2, "attention_checks": 10}
    one = sample_words(words, rng=generator(), **options)
    turned = sample_words(words[::-1], rng=generator(), **options)
    other = sample_words(words, rng=np.random.default_rng(6), **options)
    assert one == turned
    assert one.targets != other.targets


def test_every_word_can_be_drawn():
    words = candidates(NOUN=4)
    rng = generator()
    drawn = {
        sample_words(words, per_part_of_speech=1, common=1, attention_checks=0, rng=rng).targets[0].text
        for _ in range(100)
    }
    assert drawn == {"NOUN0", "NOUN1", "NOUN2", "NOUN3"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per_part_of_speech": 0}, "at least 1 word"),
        ({"common": 15}, "there are 14"),
        ({"common": 0}, "there are 14"),
        ({"attention_checks": -1}, "cannot be -1"),
        ({"parts_of_speech": ["NOUN", "NOMEN"]}, "unknown part of speech NOMEN"),
        ({"parts_of_speech": ["PUNCT"]}, "attention checks instead"),
        ({"parts_of_speech": []}, "no part of speech"),
    ],
)
def test_impossible_requests_are_refused(options, message):
    options = {"per_part_of_speech": 1, "attention_checks": 0, **options}
    with pytest.raises(ValueError, match=message):
        sample_words(candidates(NOUN=3), rng=generator(), **options)


def test_word_given_twice_is_refused():
    words = [CandidateWord(4, 2, "dog", "NOUN"), CandidateWord(4, 2, "dog", "NOUN")]
    with pytest.raises(ValueError, match="word 2 of prompt 4 \\('dog'\\) is given twice"):
        sample_words(words, per_part_of_speech=1, attention_checks=0, rng=generator())
