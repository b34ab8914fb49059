import pytest

from generation.prompts.captions import read_captions


def conllu(*rows: str) -> bytes:
    """Lines in which columns are parted by spaces, for legibility; comments stay as they are."""
    lines = [row if row.startswith("#") else "\t".join(row.split(" ")) for row in rows]
    return ("\n".join(lines) + "\n").encode()


DOGS = (
    "# newpar",
    "# sent_id = zoo-1",
    "# text = The dog doesn't sleep.",
    "1 The the DET DT _ 2 det 2:det _",
    "2 dog dog NOUN NN _ 5 nsubj 5:nsubj _",
    "3-4 doesn't _ _ _ _ _ _ _ _",
    "3 does do AUX VBZ _ 5 aux 5:aux _",
    "4 n't not PART RB _ 5 advmod 5:advmod _",
    "5 sleep sleep VERB VB _ 0 root 0:root SpaceAfter=No",
    "5.1 there there ADV RB _ _ _ 5:advmod _",
    "6 . . PUNCT . _ 5 punct 5:punct _",
)


def test_sentence_becomes_a_caption_with_gold_words():
    read = read_captions(conllu(*DOGS), format="conllu")
    (caption,) = read.captions
    assert (caption.external_id, caption.text, caption.row) == ("zoo-1", "The dog doesn't sleep.", 1)
    assert [caption.text[w.start : w.end] for w in caption.words] == [
        "The",
        "dog",
        "does",
        "n't",
        "sleep",
        ".",
    ]
    assert [w.text for w in caption.words] == ["The", "dog", "does", "n't", "sleep", "."]
    assert [w.head for w in caption.words] == [1, 4, 4, 4, None, 4]
    negation = caption.words[3]
    assert (negation.lemma, negation.part_of_speech, negation.tag, negation.relation) == (
        "not",
        "PART",
        "RB",
        "advmod",
    )


def test_other_formats_have_no_words():
    assert read_captions(b"a cat").captions[0].words is None


def test_text_is_put_together_where_there_is_no_comment():
    rows = [row for row in DOGS if not row.startswith("#")]
    (caption,) = read_captions(conllu(*rows)).captions
    assert caption.text == "The dog doesn't sleep."
    assert caption.external_id == "1"


def test_words_that_are_not_the_letters_of_their_token_get_its_span():
    read = read_captions(
        conllu(
            "# text = I wanna nap",
            "1 I I PRON _ _ 2 nsubj _ _",
            "2-3 wanna _ _ _ _ _ _ _ _",
            "2 want want VERB _ _ 0 root _ _",
            "3 to to PART _ _ 4 mark _ _",
            "4 nap nap VERB _ _ 2 xcomp _ _",
        )
    )
    assert [(w.start, w.end) for w in read.captions[0].words] == [(0, 1), (2, 7), (2, 7), (8, 11)]


def test_enhanced_relation_is_the_files_own_or_else_derived():
    rows = (
        "1 stacks stack NOUN _ _ 0 root 0:root _",
        "2 of of ADP _ _ 3 case _ _",
        "3 hay hay NOUN _ _ 1 nmod {deps} _",
    )
    own = read_captions(conllu(*(row.format(deps="1:nmod:about|2:dep") for row in rows))).captions[0]
    derived = read_captions(conllu(*(row.format(deps="_") for row in rows))).captions[0]
    assert own.words[2].enhanced_relation == "nmod:about"
    assert derived.words[2].enhanced_relation == "nmod:of"


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        (("1 cats cat NOUN",), 1, "4 columns"),
        (("# text = cats",), 1, "without words"),
        (("1 a a DET _ _ 2 det _ _", "3 cat cat NOUN _ _ 0 root _ _"), 2, "word '3' where word 2 is due"),
        (("x cat cat NOUN _ _ 0 root _ _",), 1, "word 'x' where word 1 is due"),
        (("1-2 cats _ _ _ _ _ _ _ _", "1 cats cat NOUN _ _ 0 root _ _"), 2, "range up to word 2"),
        (("2-3 cats _ _ _ _ _ _ _ _", "1 cats cat NOUN _ _ 0 root _ _"), 1, "does not start at word 1"),
        (
            ("1 a a DET _ _ 9 det _ _", "2 cat cat NOUN _ _ 0 root _ _"),
            1,
            "the head '9' is none of the 2 words",
        ),
        (("1 a a DET _ _ _ det _ _", "2 cat cat NOUN _ _ 0 root _ _"), 1, "the head '_'"),
        (("1 a a DET _ _ 2 det _ _", "2 cat cat NOUN _ _ 1 root _ _"), 1, "run in a circle"),
        (
            ("# text = a dog", "1 a a DET _ _ 2 det _ _", "2 cat cat NOUN _ _ 0 root _ _"),
            3,
            "'cat' does not stand",
        ),
        (("1 a a DET _ _ ² det _ _",), 1, "the head '²'"),
        (("1.x a a DET _ _ 0 root _ _",), 1, "'1.x' is no id"),
        (("9" * 5000 + " a a DET _ _ 0 root _ _",), 1, "where word 1 is due"),
        (
            tuple(f"{number} a a DET _ _ {number - 1} dep _ _" for number in range(1, 602)),
            1,
            "a sentence of 601 words; the limit is 600",
        ),
        (("1 cat cat _ _ _ 0 root _ _",), 1, "without a part of speech"),
        (("1 cat cat NOUN _ _ 0 _ _ _",), 1, "without a relation"),
        (("# text = a cat", "1  cat NOUN _ _ 0 root _ _"), 2, "without a form"),
    ],
)
def test_malformed_sentence_is_reported_by_line_and_spoils_no_other(rows, line, reason):
    good = ("# sent_id = good", "1 cats cat NOUN _ _ 0 root _ _")
    read = read_captions(conllu(*rows) + b"\n" + conllu(*good), format="conllu")
    (error,) = read.errors
    assert error.row == line
    assert reason in error.reason
    assert [caption.external_id for caption in read.captions] == ["good"]


def test_sentence_id_given_twice_is_reported():
    read = read_captions(conllu(*DOGS) + b"\n" + conllu(*DOGS))
    assert [error.reason for error in read.errors] == ["the id 'zoo-1' is already that of row 1"]


@pytest.mark.parametrize("lemma", [b"ca\xff", b"c\x00at"])
def test_label_that_cannot_be_stored_is_reported(lemma):
    read = read_captions(b"1\tcats\t" + lemma + b"\tNOUN\t_\t_\t0\troot\t_\t_\n", format="conllu")
    assert not read.captions
    (error,) = read.errors
    assert error.row == 1
    assert "UTF-8" in error.reason or "U+0000" in error.reason
