import subprocess
import sys

import pytest
import spacy
from spacy.tokens import Doc

from generation.prompts.parsing import ParserNotFound, load_parser, parse, parsed_words

VOCAB = spacy.blank("en").vocab


def doc(words: list[str], heads: list[int], relations: list[str], spaces: list[bool] | None = None) -> Doc:
    return Doc(
        VOCAB, words=words, spaces=spaces, heads=heads, deps=relations, pos=["X"] * len(words), lemmas=words
    )


def test_words_carry_offsets_heads_and_relations():
    words = parsed_words(doc(["a", "cat", "sleeps"], [1, 2, 2], ["det", "nsubj", "ROOT"]))
    assert [(w.start, w.end, w.text) for w in words] == [(0, 1, "a"), (2, 5, "cat"), (6, 12, "sleeps")]
    assert [w.head for w in words] == [1, 2, None]
    assert [w.relation for w in words] == ["det", "nsubj", "root"]


def test_whitespace_is_no_word_and_heads_point_past_it():
    parsed = doc(
        ["cats", "\n", "sleep", " ", "well"],
        heads=[1, 2, 2, 2, 3],
        relations=["nsubj", "dep", "ROOT", "dep", "advmod"],
        spaces=[False, False, True, False, False],
    )
    words = parsed_words(parsed)
    assert [w.text for w in words] == ["cats", "sleep", "well"]
    assert [w.head for w in words] == [1, None, 1]
    assert [parsed.text[w.start : w.end] for w in words] == ["cats", "sleep", "well"]


def test_words_under_a_root_of_whitespace_become_roots():
    words = parsed_words(doc([" ", "cats"], [0, 0], ["ROOT", "nsubj"], [False, False]))
    assert [(w.text, w.head, w.relation) for w in words] == [("cats", None, "root")]


def test_enhanced_relations_are_filled_in():
    words = parsed_words(doc(["pile", "of", "oranges"], [0, 2, 0], ["ROOT", "case", "nmod"]))
    assert [w.enhanced_relation for w in words] == ["root", "case", "nmod:of"]


def test_missing_parser_is_named():
    with pytest.raises(ParserNotFound, match="no_such_pipeline"):
        load_parser("no_such_pipeline")


def test_pipeline_without_dependencies_is_refused(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ParserNotFound, match="no parts of speech and no lemmas and no dependencies"):
        load_parser(str(tmp_path / "blank"))


def test_reading_and_sampling_captions_loads_neither_spacy_nor_torch():
    code = (
        "import sys\n"
        "import generation.prompts.captions, generation.prompts.cohyponyms\n"
        "import generation.prompts.parsing, generation.prompts.sampling\n"
        "print([name for name in ('spacy', 'torch', 'django') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.fixture(scope="module")
def shipped():
    return load_parser()


def relations(parser, text: str) -> dict[str, tuple[str, str]]:
    """The enhanced relation of every word, with the text of its head."""
    (prompt,) = parse(parser, [text])
    words = prompt.words
    return {w.text: (w.enhanced_relation, "" if w.head is None else words[w.head].text) for w in words}


def test_shipped_parser_is_loaded_once_and_names_itself(shipped):
    assert load_parser("") is shipped
    assert shipped.name == "en_daamweb_ewt"
    assert spacy.__version__ in shipped.version


def test_shipped_parser_finds_coordination(shipped):
    found = relations(shipped, "a giraffe and a zebra")
    assert found["giraffe"] == ("root", "")
    assert found["zebra"] == ("conj:and", "giraffe")


def test_shipped_parser_finds_modifiers_and_arguments(shipped):
    found = relations(shipped, "A pile of oranges sits beside a silver toaster.")
    assert found["pile"] == ("nsubj", "sits")
    assert found["oranges"] == ("nmod:of", "pile")
    assert found["toaster"] == ("obl:beside", "sits")


def test_shipped_parser_gives_parts_of_speech_and_lemmas(shipped):
    (prompt,) = parse(shipped, ["Two brown cows graze quietly on a grassy hill."])
    assert [w.part_of_speech for w in prompt.words] == [
        "NUM",
        "ADJ",
        "NOUN",
        "VERB",
        "ADV",
        "ADP",
        "DET",
        "ADJ",
        "NOUN",
        "PUNCT",
    ]
    assert prompt.words[2].lemma == "cow"


def test_prompts_come_in_order_and_empty_ones_have_no_words(shipped):
    prompts = list(parse(shipped, ["a cat", "", "  ", "a dog"]))
    assert [[w.text for w in prompt.words] for prompt in prompts] == [["a", "cat"], [], [], ["a", "dog"]]
