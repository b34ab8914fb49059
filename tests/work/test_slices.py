"""A slice is a transaction, behind which others can write."""

import gc

import pytest
from django.db import connection, transaction

from daamweb.projects.models import Project
from daamweb.work import slices
from daamweb.work.slices import stored_slice
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
