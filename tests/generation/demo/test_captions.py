import re

from generation.demo.caption_grammar import plural
from generation.demo.captions import CAPTIONS, TIMES_SAID, demo_captions
from generation.demo.scenes import COLOURS, GROUNDS, NUMERALS, VERBS
from generation.demo.sprites import OBJECTS
from generation.prompts.parsing import load_parser, parse


def lines() -> list[str]:
    return CAPTIONS.read_text(encoding="utf-8").splitlines()


def test_the_file_is_what_the_scenes_say():
    assert lines() == demo_captions()


def test_captions_are_all_different():
    assert len(set(lines())) == len(lines()) >= 60


def test_every_object_ground_colour_numeral_and_verb_is_said_twice():
    text = "\n".join(lines()).lower().replace("hot dog", "hotdog")
    for word in (*OBJECTS, *GROUNDS, *COLOURS, *NUMERALS, *VERBS, "very"):
        forms = "|".join({word, plural(word)}).replace("hot dog", "hotdog")
        assert len(re.findall(rf"\b({forms})\b", text)) >= TIMES_SAID, word


def test_words_have_the_parts_of_speech_that_the_scenes_give_them():
    said = {}
    for parsed in parse(load_parser(), lines()):
        for word in parsed.words:
            said.setdefault(word.text.lower(), set()).add(word.part_of_speech)
    for words, part in (
        ((*GROUNDS, "cat", "sheep", "tv", "knife"), "NOUN"),
        ((*COLOURS, "small", "big"), "ADJ"),
        (NUMERALS, "NUM"),
        (VERBS, "VERB"),
        (("on", "over", "with", "above", "below", "beside"), "ADP"),
        (("a", "an", "the"), "DET"),
        (("and",), "CCONJ"),
        (("very",), "ADV"),
        (("there",), "PRON"),
        ((",", "."), "PUNCT"),
    ):
        assert {word: said[word] for word in words} == {word: {part} for word in words}
    assert said["is"] == {"AUX", "VERB"}  # is flying; there is
