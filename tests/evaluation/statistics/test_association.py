import numpy as np
import pytest

from evaluation.statistics.association import cramers_v


def test_cramers_v_by_hand():
    # chi² = 60 · (10·10 - 20·20)² / 30⁴ = 20/3, V = sqrt(chi² / 60) = 1/3
    assert cramers_v([[10, 20], [20, 10]]) == pytest.approx(1 / 3)
    assert cramers_v([[10, 0], [0, 10]]) == pytest.approx(1.0)
    assert cramers_v([[10, 5], [20, 10]]) == pytest.approx(0.0)


def test_options_and_groups_that_nobody_used_change_nothing():
    assert cramers_v([[10, 0, 20], [20, 0, 10], [0, 0, 0]]) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "table", [[[3, 4]], [[3], [4]], [[3, 0], [4, 0]], [[0, 0], [0, 0]], np.zeros((0, 7), dtype=int)]
)
def test_without_two_groups_and_two_options_it_is_undefined(table):
    assert cramers_v(table) is None


@pytest.mark.parametrize("table", [[1, 2], [[1.5, 2.0], [1.0, 1.0]], [[-1, 2], [3, 4]]])
def test_only_tables_of_counts_have_it(table):
    with pytest.raises(ValueError, match="table of counts"):
        cramers_v(table)
