import itertools
import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.ring import (
    checks_due,
    first_cursor,
    is_check_due,
    nth_of_own_order,
    own_order,
    preference,
    turns_until,
)

SEEDS = st.integers(0, 2**62)


@pytest.mark.parametrize(("ordinal", "cursor"), [(0, 0), (1, 618), (2, 236), (3, 854), (4, 472), (5, 90)])
def test_people_begin_at_multiples_of_the_golden_ratio(ordinal, cursor):
    assert first_cursor(ordinal, 1000) == cursor


@pytest.mark.parametrize("people", [2, 7, 20, 60])
def test_the_widest_gap_between_beginnings_is_small_whoever_comes_next(people):
    starts = sorted(first_cursor(ordinal, 10_000) for ordinal in range(people))
    gaps = [after - before for before, after in zip(starts, [*starts[1:], starts[0] + 10_000], strict=True)]
    # Three-distance theorem for the golden ratio: the widest of n gaps is below golden ratio squared / n.
    assert max(gaps) / 10_000 < 2.62 / people


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_beginning_is_on_the_ring(ordinal, tasks):
    assert 0 <= first_cursor(ordinal, tasks) < tasks


def test_two_people_prefer_tasks_in_unrelated_orders():
    tasks = range(1, 1001)
    first, second = (sorted(tasks, key=lambda task: preference(seed, task)) for seed in (5, 6))
    rank = {task: number for number, task in enumerate(first)}
    assert abs(statistics.correlation(range(1000), [rank[task] for task in second])) < 0.1


@given(SEEDS, st.integers(2, 50))
def test_every_so_many_tasks_is_a_check_the_first_one_early_and_never_the_very_first(seed, every):
    due = [number for number in range(1, 6 * every) if is_check_due(seed, number, every)]
    assert 2 <= due[0] <= min(5, every)
    assert {after - before for before, after in itertools.pairwise(due)} == {every}
    assert checks_due(seed, due[-1], every) == len(due)


@given(SEEDS, st.integers(1, 200))
def test_ones_own_order_has_everything_once(seed, count):
    assert sorted(nth_of_own_order(seed, n, count) for n in range(count)) == list(range(count))


def test_checks_come_first_equally_often():
    firsts = Counter(nth_of_own_order(preference(1, number), 0, 5) for number in range(5000))
    assert all(900 < firsts[check] < 1100 for check in range(5))


@given(SEEDS, st.integers(1, 300), st.integers(2, 20), st.integers(0, 40))
def test_turns_until_so_many_places_are_those_and_the_checks_between_them(seed, places, every, checks):
    turns = met = given_places = 0
    while given_places < places:
        turns += 1
        if met < checks and is_check_due(seed, turns, every):
            met += 1
        else:
            given_places += 1
    # A check that is due right after the last place is not met any more.
    assert turns <= turns_until(seed, places, every, checks) <= turns + 1


@given(SEEDS, st.integers(0, 100))
def test_an_own_order_has_every_number_once_and_is_the_same_when_it_is_drawn_again(seed, count):
    order = own_order(seed, count)
    assert sorted(order) == list(range(count))
    assert own_order(seed, count) == order


def test_every_option_stands_everywhere_equally_often():
    """Where 12,000 people were shown the first of six options: each place 2,000 times, give or take four
    times the standard deviation √(12,000 · 1/6 · 5/6) = 41."""
    places = Counter(own_order(seed, 6).index(0) for seed in range(12_000))
    assert set(places) == set(range(6))
    assert all(abs(times - 2000) < 164 for times in places.values())
