"""A slice is a transaction, behind which others can write."""

import gc
from types import SimpleNamespace

import pytest
from django.db import connection, transaction

from daamweb.projects.models import Project
from daamweb.work import slices
from daamweb.work.slices import Pace, stored_slice
from tests.factories import make_project

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def slept(monkeypatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(slices.time, "sleep", found.append)
    return found


def test_others_have_a_pause_to_write_in_where_one_writes_at_a_time(slept):
    with stored_slice():
        make_project()
        assert slept == []
    assert slept == ([slices.PAUSE] if connection.vendor == "sqlite" else [])
    with transaction.atomic(), stored_slice():
        make_project()
    assert len(slept) <= 1  # nobody can write yet


def test_what_is_raised_takes_the_slice_back(slept):
    def store() -> None:
        with stored_slice():
            make_project()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store()
    assert not Project.objects.exists()


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_left_as_it_was(slept, was_on):
    assert gc.isenabled()
    if not was_on:
        gc.disable()
    try:
        with stored_slice():
            assert not gc.isenabled()
        assert gc.isenabled() is was_on
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("at_once", "held", "then"),
    [(900, 0.1, 900), (900, 0.3, 300), (900, 0.01, 1800), (900, 0, 1800), (4000, 0.01, 4500), (200, 5, 100)],
)
def test_a_slice_holds_the_lock_for_about_as_long_on_any_machine(at_once, held, then):
    pace = Pace(first=at_once, fewest=100, most=4500)
    pace.heed(held)
    assert pace.at_once == then


def test_a_pace_is_that_of_the_slice_before(monkeypatch):
    clock = iter([0.0, 0.2, 1.0, 1.01])
    patched = SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda seconds: None)
    monkeypatch.setattr(slices, "time", patched)
    pace, sizes = Pace(first=40, fewest=1, most=100), []
    for _ in range(2):
        with pace.slice():
            sizes.append(pace.at_once)
    assert (sizes, pace.at_once) == ([40, 20], 40)
