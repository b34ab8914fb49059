from generation.prompts.words import ParsedWord, enhance


def tree(*rows: tuple[str, str, int | None, str]) -> list[ParsedWord]:
    """Words from (text, part of speech, head, relation), their lemma the text itself."""
    return [
        ParsedWord(0, 0, text, text, part_of_speech, "", head, relation)
        for text, part_of_speech, head, relation in rows
    ]


def enhanced(*rows: tuple[str, str, int | None, str]) -> list[str]:
    return [word.enhanced_relation for word in enhance(tree(*rows))]


def test_nominal_modifier_carries_its_preposition():
    labels = enhanced(
        ("pile", "NOUN", None, "root"),
        ("of", "ADP", 2, "case"),
        ("oranges", "NOUN", 0, "nmod"),
        ("on", "ADP", 5, "case"),
        ("the", "DET", 5, "det"),
        ("table", "NOUN", 0, "nmod"),
    )
    assert labels == ["root", "case", "nmod:of", "case", "det", "nmod:on"]


def test_conjunct_carries_its_conjunction():
    labels = enhanced(("cat", "NOUN", None, "root"), ("and", "CCONJ", 2, "cc"), ("dog", "NOUN", 0, "conj"))
    assert labels == ["root", "cc", "conj:and"]


def test_earlier_conjuncts_inherit_the_conjunction_of_the_last():
    labels = enhanced(
        ("cat", "NOUN", None, "root"),
        (",", "PUNCT", 2, "punct"),
        ("dog", "NOUN", 0, "conj"),
        ("or", "CCONJ", 4, "cc"),
        ("cow", "NOUN", 0, "conj"),
    )
    assert labels == ["root", "punct", "conj:or", "cc", "conj:or"]


def test_conjuncts_of_different_heads_keep_their_own_conjunctions():
    labels = enhanced(
        ("cat", "NOUN", 3, "nsubj"),
        ("and", "CCONJ", 2, "cc"),
        ("dog", "NOUN", 0, "conj"),
        ("run", "VERB", None, "root"),
        ("but", "CCONJ", 5, "cc"),
        ("stop", "VERB", 3, "conj"),
    )
    assert labels[2] == "conj:and"
    assert labels[5] == "conj:but"


def test_conjunct_without_any_conjunction_stays_plain():
    labels = enhanced(("red", "ADJ", None, "root"), (",", "PUNCT", 2, "punct"), ("green", "ADJ", 0, "conj"))
    assert labels[2] == "conj"


def test_clause_carries_its_mark_and_fixed_expressions_stay_whole():
    labels = enhanced(
        ("sleeps", "VERB", None, "root"),
        ("because", "SCONJ", 3, "case"),
        ("of", "ADP", 1, "fixed"),
        ("rain", "NOUN", 0, "obl"),
        ("while", "SCONJ", 5, "mark"),
        ("dreaming", "VERB", 0, "advcl"),
    )
    assert labels[3] == "obl:because_of"
    assert labels[5] == "advcl:while"


def test_verbal_preposition_keeps_its_form_and_signs_add_nothing():
    words = [
        ParsedWord(0, 0, "fruit", "fruit", "NOUN", "", None, "root"),
        ParsedWord(0, 0, "Including", "include", "VERB", "", 2, "case"),
        ParsedWord(0, 0, "apples", "apple", "NOUN", "", 0, "nmod"),
        ParsedWord(0, 0, "&", "&", "CCONJ", "", 4, "cc"),
        ParsedWord(0, 0, "pears", "pear", "NOUN", "", 2, "conj"),
    ]
    labels = [word.enhanced_relation for word in enhance(words)]
    assert labels[2] == "nmod:including"
    assert labels[4] == "conj"


def test_subtypes_stay_as_they_are():
    labels = enhanced(
        ("dog", "NOUN", 2, "nmod:poss"), ("'s", "PART", 0, "case"), ("bone", "NOUN", None, "root")
    )
    assert labels == ["nmod:poss", "case", "root"]
