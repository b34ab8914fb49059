"""Buckets, held against one that is counted with fractions; clocks that are wrong; what is stored."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from daamweb.door.limits.buckets import fill_up, give_back, take
from daamweb.door.models import Bucket
from tests.door.limits.clock import Clock

pytestmark = pytest.mark.django_db
HOUR = 3600


def take_one(whose: str = "192.0.2.1", purpose: str = "join 1", burst: int = 3, per_second: float = 1):
    return take(purpose, whose, burst=burst, per_second=per_second)


def test_as_many_as_fit_are_taken_at_once_and_then_one_comes_back_after_the_other(clock):
    assert [bool(take_one()) for _ in range(5)] == [True, True, True, False, False]
    assert take_one().wait == 1
    clock.seconds += 0.75
    assert (take_one().granted, take_one().wait) == (False, 0.25)
    clock.seconds += 0.25
    assert [bool(take_one()) for _ in range(2)] == [True, False]
    clock.seconds += HOUR
    assert [bool(take_one()) for _ in range(4)] == [True, True, True, False]


def test_somebody_else_and_another_purpose_have_buckets_of_their_own(clock):
    assert [bool(take_one(burst=1)) for _ in range(2)] == [True, False]
    assert take_one("192.0.2.2", burst=1)
    assert take_one(purpose="join 2", burst=1)


def test_who_gives_back_may_take_again_and_a_full_bucket_takes_no_more(clock):
    assert [bool(take_one(burst=1)) for _ in range(2)] == [True, False]
    for _ in range(3):
        give_back("join 1", "192.0.2.1", per_second=1)
    assert [bool(take_one(burst=1)) for _ in range(2)] == [True, False]


def test_a_bucket_that_is_filled_up_is_as_nobody_had_taken_anything(clock):
    assert [bool(take_one()) for _ in range(4)] == [True, True, True, False]
    fill_up("join 1", "192.0.2.1")
    assert [bool(take_one()) for _ in range(4)] == [True, True, True, False]


def test_giving_back_what_nobody_took_is_nothing(clock):
    give_back("join 1", "192.0.2.1", per_second=1)
    assert not Bucket.objects.exists()


def test_a_clock_that_is_set_back_locks_nobody_out(clock):
    clock.seconds += 6 * HOUR
    assert [bool(take_one()) for _ in range(4)] == [True, True, True, False]
    clock.seconds -= 3 * HOUR
    refused = take_one()
    assert (refused.granted, refused.wait) == (False, 1)
    clock.seconds += 1
    assert [bool(take_one()) for _ in range(2)] == [True, False]


def test_clocks_that_differ_a_little_give_nothing_away(clock):
    """Of two machines, one a few seconds behind, none gives what the other one would not."""
    given = 0
    for step in range(200):
        clock.seconds += (-7 if step % 2 else 7) + 0.05
        given += bool(take_one())
    assert given <= 3 + 200 * 0.05 + 7


def test_a_day_begins_with_full_buckets_that_yesterdays_do_not_lead_to(clock):
    take_one()
    yesterday = Bucket.objects.get()
    clock.seconds += 24 * HOUR
    take_one()
    today = Bucket.objects.exclude(pk=yesterday.pk).get()
    assert (yesterday.day, today.day) == (date(2027, 1, 15), date(2027, 1, 16))
    assert yesterday.whose != today.whose


def test_nothing_that_is_stored_names_the_address(clock):
    take_one("198.51.100.17")
    row = Bucket.objects.values().get()
    assert all("198.51.100" not in str(value) for value in row.values())


def test_a_taking_costs_one_question_and_a_refusal_two(clock, django_assert_num_queries):
    take_one(burst=2)
    with django_assert_num_queries(1):
        assert take_one(burst=2)
    with django_assert_num_queries(2):
        assert not take_one(burst=2)


class TestAgainstFractions(TestCase):
    @given(
        burst=st.integers(1, 5),
        per_second=st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 4), Fraction(1, 360)]),
        pauses=st.lists(st.integers(0, 2000), max_size=25),
    )
    def test_any_sequence_is_granted_as_a_bucket_of_fractions_would(self, burst, per_second, pauses):
        Bucket.objects.all().delete()
        clock = Clock()
        level, now = Fraction(burst), Fraction(round(clock.seconds))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("daamweb.door.limits.clock.now", clock.microseconds)
            for pause in pauses:  # in quarters of a second
                now += Fraction(pause, 4)
                level = min(Fraction(burst), level + Fraction(pause, 4) * per_second)
                clock.seconds = float(now)
                taken = take("test", "somebody", burst=burst, per_second=float(per_second))
                assert taken.granted == (level >= 1)
                if taken.granted:
                    level -= 1
                else:
                    assert taken.wait == pytest.approx(float((1 - level) / per_second), abs=1e-3)
