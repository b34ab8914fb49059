from collections import Counter

import numpy as np
import pytest

from generation.prompts.cohyponyms import build_pairs, indefinite_article, load_ontology, pair_text


def generator() -> np.random.Generator:
    return np.random.default_rng(3)


def test_ontology_is_that_of_appendix_c():
    ontology = load_ontology()
    assert len(ontology.leaves) == 42
    assert len(set(ontology.hypernyms.values())) == 15
    assert ontology.hypernym("skateboard") == "SPORTS"
    assert ontology.siblings("skateboard") == ("snowboard", "surfboard")
    assert ontology.siblings("giraffe") == ("bear", "elephant", "zebra")
    assert ontology.siblings("hot dog") == ("pizza", "sandwich")
    assert sum(len(ontology.siblings(leaf)) for leaf in ontology.leaves) == 80


def test_unknown_noun_is_named():
    with pytest.raises(ValueError, match="'unicorn' is no noun of the ontology"):
        load_ontology().siblings("unicorn")


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_half_of_the_pairs_are_cohyponyms(count):
    ontology = load_ontology()
    pairs = build_pairs(ontology, count=count, rng=generator())
    assert len(pairs) == count
    assert sum(pair.cohyponyms for pair in pairs) == count / 2
    for pair in pairs:
        assert pair.cohyponyms == (pair.second in ontology.siblings(pair.first))
        assert pair.hypernym == (ontology.hypernym(pair.first) if pair.cohyponyms else None)
        assert pair.first != pair.second


@pytest.mark.parametrize(
    ("count", "share", "expected"), [(5, 0.5, 3), (1, 0.5, 1), (10, 0.25, 3), (4, 0, 0), (4, 1, 4)]
)
def test_share_is_rounded_with_a_half_going_up(count, share, expected):
    pairs = build_pairs(load_ontology(), count=count, cohyponym_share=share, rng=generator())
    assert sum(pair.cohyponyms for pair in pairs) == expected


def test_pairs_repeat_only_when_exhausted_and_then_evenly():
    pairs = build_pairs(load_ontology(), count=1000, rng=generator())
    cohyponyms = Counter((pair.first, pair.second) for pair in pairs if pair.cohyponyms)
    others = Counter((pair.first, pair.second) for pair in pairs if not pair.cohyponyms)
    assert len(cohyponyms) == 80
    assert set(cohyponyms.values()) == {6, 7}
    assert set(others.values()) == {1}
    assert sum(pair.repetition > 0 for pair in pairs) == 500 - 80
    assert max(pair.repetition for pair in pairs) == 6


def test_both_orders_occur():
    pairs = build_pairs(load_ontology(), count=4, nouns=["cat", "dog", "cake"], rng=generator())
    assert {(p.first, p.second) for p in pairs if p.cohyponyms} == {("cat", "dog"), ("dog", "cat")}


def test_same_seed_gives_the_same_pairs_whatever_the_order_of_the_nouns():
    ontology = load_ontology()
    nouns = ["cat", "dog", "cake", "donut", "bus"]
    one = build_pairs(ontology, count=20, nouns=nouns, rng=generator())
    assert one == build_pairs(ontology, count=20, nouns=nouns[::-1], rng=generator())
    assert one != build_pairs(ontology, count=20, nouns=nouns, rng=np.random.default_rng(4))


def test_prompt_is_the_papers_template():
    assert pair_text("giraffe", "zebra") == "a giraffe and a zebra"
    assert pair_text("apple", "orange") == "an apple and an orange"
    assert pair_text("hot dog", "elephant") == "a hot dog and an elephant"


@pytest.mark.parametrize(
    ("noun", "article"),
    [
        ("oven", "an"),
        ("umbrella", "an"),
        ("hour", "an"),
        ("Ice cream", "an"),
        ("unicorn", "a"),
        ("utensil", "a"),
        ("tv", "a"),
        ("horse", "a"),
    ],
)
def test_article_goes_by_sound(noun, article):
    assert indefinite_article(noun) == article


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "at least 1 pair"),
        ({"cohyponym_share": 1.5}, "between 0 and 1"),
        ({"nouns": ["cat", "unicorn"]}, "'unicorn' is no noun"),
        ({"nouns": ["cat", "dog", "cat"]}, "given twice: cat"),
        ({"nouns": ["cat", "bus"]}, "no two of the nouns share a direct hypernym"),
        ({"nouns": ["cat", "dog"]}, "no two of the nouns have different hypernyms"),
        ({"nouns": []}, "no two of the nouns"),
    ],
)
def test_impossible_requests_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        build_pairs(load_ontology(), rng=generator(), **{"count": 4, **options})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ('["cat"]', "an object of hypernyms"),
        ("{}", "holds no nouns"),
        ('{"PETS": "cat"}', "under 'PETS'"),
        ('{"PETS": ["cat", 5]}', "under 'PETS'"),
        ('{"PETS": ["cat", " "]}', "under 'PETS'"),
        ('{"PETS": ["cat"], "WILD": ["cat"]}', "'cat' stands under 'PETS' and under 'WILD'"),
        ('{"PETS": ["cat"], "PETS": ["dog"]}', "a name stands twice"),
    ],
)
def test_other_shapes_of_ontology_are_refused(tmp_path, content, message):
    file = tmp_path / "ontology.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_ontology(file)
