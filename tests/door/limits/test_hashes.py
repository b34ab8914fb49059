"""Names that say nothing, and never the same thing twice."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from daamweb.door.limits.hashes import hashed

DAY = date(2026, 11, 27)


@given(purpose=st.text(max_size=20).filter(lambda text: "\0" not in text), whose=st.text(max_size=40))
def test_a_name_is_the_same_all_day_and_another_on_every_other_day(purpose, whose):
    days = [hashed(purpose, whose, DAY + timedelta(days=number)) for number in range(3)]
    assert hashed(purpose, whose, DAY) == days[0]
    assert len({*days}) == 3
    assert all(len(each) == 64 for each in days)


def test_one_address_has_another_name_for_every_purpose():
    assert hashed("join 1", "192.0.2.1", DAY) != hashed("join 2", "192.0.2.1", DAY)
    assert hashed("join 1", "192.0.2.1", DAY) != hashed("join 11", "92.0.2.1", DAY)


def test_without_the_secret_key_the_name_cannot_be_told(settings):
    with_one = hashed("join 1", "192.0.2.1", DAY)
    settings.SECRET_KEY = "another"
    assert hashed("join 1", "192.0.2.1", DAY) != with_one
