import numpy as np
import pandas as pd
import pytest

from evaluation.statistics.agreement import (
    krippendorff_alpha,
    krippendorff_alpha_by_item,
    raw_agreement,
    raw_agreement_by_item,
)
from tests.evaluation.statistics.ways_of_missing import NO_NUMBERS, NO_TIMES


def table(*rows):
    return [[None if entry == "." else entry for entry in row.split()] for row in rows]


def numbers(*rows):
    return [[None if entry is None else int(entry) for entry in row] for row in table(*rows)]


# Krippendorff (2011), "Computing Krippendorff's alpha-reliability", sections A, B and C
TWO_OBSERVERS_BINARY = numbers("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
TWO_OBSERVERS_NOMINAL = table("a a b b d c c c e d d a", "b a b b b c c c e d d d")
FOUR_OBSERVERS = numbers(
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)


@pytest.mark.parametrize(
    ("ratings", "level", "alpha", "n"),
    [
        (TWO_OBSERVERS_BINARY, "nominal", 0.095, 20),
        (TWO_OBSERVERS_NOMINAL, "nominal", 0.692, 24),
        (FOUR_OBSERVERS, "nominal", 0.743, 40),
        (FOUR_OBSERVERS, "ordinal", 0.815, 40),
    ],
)
def test_alpha_gives_the_published_numbers(ratings, level, alpha, n):
    agreement = krippendorff_alpha(ratings, level)
    assert agreement.alpha == pytest.approx(alpha, abs=5e-4)
    assert (agreement.n, agreement.flag) == (n, None)


def test_ordinal_alpha_by_hand():
    # coincidences 1-1: 2, 1-2: 1 each way, 2-3: 1 each way; totals 3, 2, 1; mid-ranks 1.5, 4, 5.5
    # squared distances 1-2: 6.25, 2-3: 2.25, 1-3: 16; observed 17, expected 2 (6·6.25 + 2·2.25 + 3·16) = 180
    assert krippendorff_alpha([[1, 1, 2], [1, 2, 3]]).alpha == pytest.approx(1 - 5 * 17 / 180)


def test_ordinal_alpha_depends_on_the_order_of_values_alone():
    stretched = [[None if value is None else 10.0**value for value in row] for row in FOUR_OBSERVERS]
    assert krippendorff_alpha(stretched).alpha == pytest.approx(krippendorff_alpha(FOUR_OBSERVERS).alpha)


@pytest.mark.parametrize("missing", [*NO_NUMBERS, *NO_TIMES], ids=repr)
def test_every_way_of_missing_is_missing(missing):
    ratings = [[missing if value is None else value for value in row] for row in FOUR_OBSERVERS]
    for level, alpha in (("nominal", 0.743), ("ordinal", 0.815)):
        for table in (ratings, np.array(ratings, dtype=object)):
            agreement = krippendorff_alpha(table, level)
            assert (agreement.alpha, agreement.n) == (pytest.approx(alpha, abs=5e-4), 40)
    assert raw_agreement(ratings) == raw_agreement(FOUR_OBSERVERS)


def test_no_label_is_made_of_what_is_missing():
    # item 1: a a; item 2: b alone; item 3: nobody. One pair, and it is equal.
    ratings = [["a", pd.NA, pd.NA], ["a", "b", pd.NA]]
    agreement = krippendorff_alpha(ratings, "nominal")
    assert (agreement.alpha, agreement.flag, agreement.n) == (None, "no_expected_disagreement", 2)
    assert (raw_agreement(ratings).value, raw_agreement(ratings).n) == (1.0, 1)


def test_without_expected_disagreement_alpha_is_undefined_and_not_one():
    for level in ("ordinal", "nominal"):
        agreement = krippendorff_alpha([[4, 4, 4], [4, 4, None]], level)
        assert (agreement.alpha, agreement.flag, agreement.n) == (None, "no_expected_disagreement", 4)


@pytest.mark.parametrize("ratings", [[], [[]], [[1, 2, 3]], [[1, None], [None, 2]]])
def test_without_two_ratings_of_one_item_alpha_is_undefined(ratings):
    agreement = krippendorff_alpha(ratings)
    assert (agreement.alpha, agreement.flag, agreement.n) == (None, "no_data", 0)
    assert (raw_agreement(ratings).value, raw_agreement(ratings).flag) == (None, "no_data")


def test_bad_tables_are_refused():
    with pytest.raises(ValueError, match="one entry per item"):
        krippendorff_alpha([[1, 2], [1]])
    with pytest.raises(ValueError, match="level"):
        krippendorff_alpha([[1, 2], [1, 2]], "interval")
    with pytest.raises(ValueError, match="must be a number"):
        krippendorff_alpha(TWO_OBSERVERS_NOMINAL, "ordinal")


def test_raw_agreement_is_the_share_of_equal_pairs():
    assert raw_agreement(TWO_OBSERVERS_BINARY).value == pytest.approx(0.6)
    # three raters: pairs equal 1 of 3, then 3 of 3; one rating alone has no pair
    agreement = raw_agreement([[1, 5, 2], [1, 5, None], [2, 5, None]])
    assert (agreement.value, agreement.n) == (pytest.approx(4 / 6), 6)


def one_by_one(rows) -> tuple[list[int], list[float]]:
    """The ratings of a table, item by item and of an item by annotator."""
    found = [
        (item, value)
        for item, column in enumerate(zip(*rows, strict=True))
        for value in column
        if value == value
    ]
    return [item for item, _ in found], [value for _, value in found]


@pytest.mark.parametrize("level", ["ordinal", "nominal"])
@pytest.mark.parametrize("share", [0.02, 0.3, 1.0], ids="{:.0%} rated".format)
def test_ratings_one_by_one_agree_as_their_table_does_to_the_bit(level, share):
    random = np.random.default_rng(5)
    ratings = random.integers(1, 8, (12, 40)).astype(float)
    ratings[random.random(ratings.shape) > share] = np.nan
    items, values = one_by_one(ratings)
    assert krippendorff_alpha_by_item(items, values, level) == krippendorff_alpha(ratings, level)
    assert raw_agreement_by_item(items, values) == raw_agreement(ratings)


@pytest.mark.parametrize("ratings", [[], [[1.0]], [[1.0, np.nan], [np.nan, 2.0]], [[3.0, 3.0], [3.0, 3.0]]])
def test_what_cannot_be_compared_one_by_one_is_told_as_of_a_table(ratings):
    items, values = one_by_one(ratings)
    for level in ("ordinal", "nominal"):
        assert krippendorff_alpha_by_item(items, values, level) == krippendorff_alpha(ratings, level)
    assert raw_agreement_by_item(items, values) == raw_agreement(ratings)


def test_the_hand_worked_example_one_by_one():
    """Items rated (1, 2), (2, 2), and (3) alone: the pairs are one unequal and one equal."""
    assert raw_agreement_by_item([7, 7, 9, 9, 8], [1, 2, 2, 2, 3]).value == 0.5
    with pytest.raises(ValueError, match="level must be"):
        krippendorff_alpha_by_item([7], [1], "interval")
