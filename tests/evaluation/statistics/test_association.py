import math

import numpy as np
import pytest
from scipy.stats.contingency import association

from evaluation.statistics.association import cramers_v


def test_cramers_v_of_a_square_table_by_hand():
    # chi² = 60 · (10·10 - 20·20)² / 30⁴ = 20/3, phi² = 1/9; of it 1/59 is expected: 1/9 - 1/59 = 50/531.
    # Two rows and columns count as 2 - 1/59 each: V² = 50/531 / (58/59) = 25/261 (uncorrected: 1/9)
    assert cramers_v([[10, 20], [20, 10]]) == pytest.approx(5 / math.sqrt(261))


def test_cramers_v_of_an_oblong_table_by_hand():
    # phi² = 20/40; of it 1·2/39 is expected: 35/78. The rows count as 2 - 1/39, the columns as 3 - 4/39, and
    # the fewer decide: V² = 35/78 / (38/39) = 35/76
    assert cramers_v([[10, 0, 10], [0, 10, 10]]) == pytest.approx(math.sqrt(35 / 76))
    assert cramers_v([[10, 0], [0, 10], [10, 10]]) == pytest.approx(math.sqrt(35 / 76))


def test_cramers_v_as_clickhouse_gives_it():
    # Its documentation of cramersVBiasCorrected: number % 10 against number % 4, of 150 numbers
    table = np.zeros((10, 4), dtype=int)
    for number in range(150):
        table[number % 10, number % 4] += 1
    assert cramers_v(table) == pytest.approx(0.5305112825189074)


@pytest.mark.parametrize("size", [2, 3, 7])
@pytest.mark.parametrize("each", [2, 50])
def test_perfect_association_is_one_all_the_same(size, each):
    assert cramers_v(each * np.eye(size, dtype=int)) == pytest.approx(1.0)
    assert cramers_v(each * np.eye(size, dtype=int)) <= 1.0


def test_less_association_than_chance_gives_is_none():
    assert cramers_v([[10, 5], [20, 10]]) == 0.0
    # phi² = (1·2 - 1·1)² / (2·3·2·3) = 1/36, below its expectation of 1/4
    assert cramers_v([[1, 1], [1, 2]]) == 0.0


def test_independent_data_average_near_zero():
    # 14 parts of speech with 60 responses each to seven options, all alike: seed 2013
    generator = np.random.default_rng(2013)
    tables = [generator.multinomial(60, [1 / 7] * 7, size=14) for _ in range(300)]
    assert np.mean([association(table, method="cramer") for table in tables]) == pytest.approx(
        0.125, abs=5e-3
    )
    assert np.mean([cramers_v(table) for table in tables]) < 0.03


def test_options_and_groups_that_nobody_used_change_nothing():
    assert cramers_v([[10, 0, 20], [20, 0, 10], [0, 0, 0]]) == pytest.approx(5 / math.sqrt(261))


@pytest.mark.parametrize("table", [[[1, 0], [0, 1]], [[1, 1, 0], [0, 0, 1]], [[1, 0], [1, 0], [0, 1]]])
def test_of_single_observations_it_is_undefined(table):
    assert cramers_v(table) is None


@pytest.mark.parametrize(
    "table", [[[3, 4]], [[3], [4]], [[3, 0], [4, 0]], [[0, 0], [0, 0]], np.zeros((0, 7), dtype=int)]
)
def test_without_two_groups_and_two_options_it_is_undefined(table):
    assert cramers_v(table) is None


@pytest.mark.parametrize("table", [[1, 2], [[1.5, 2.0], [1.0, 1.0]], [[-1, 2], [3, 4]]])
def test_only_tables_of_counts_have_it(table):
    with pytest.raises(ValueError, match="table of counts"):
        cramers_v(table)
