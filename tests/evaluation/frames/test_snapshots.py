"""Readings of one moment, with databases of their own: what the tests share lies in memory, where readers and
writers block each other."""

import json

import pytest

from evaluation.frames.snapshots import snapshot
from generation.models import PromptSet
from tests.factories import make_prompt_set
from tests.site import Site


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def site(request, tmp_path) -> Site:
    if request.param == "sqlite":
        site = Site(tmp_path)
    else:
        site = Site(tmp_path, DATABASE_URL=request.getfixturevalue("postgres_database"))
    site.migrate()
    return site


def printed_by(site: Site, call: str) -> dict:
    command = f"from tests.evaluation import moments; moments.{call}"
    return json.loads(site.manage("shell", "--verbosity", "0", "--command", command))


def test_what_is_read_inside_is_of_one_moment_while_another_connection_writes(site):
    seen = printed_by(site, "look()")
    assert seen["inside"] == [seen["before"], seen["before"]]
    assert seen["before"][:3] == [0, "Before", 0]
    assert seen["after"][:3] == [1, "After", 1]
    assert seen["before"][3] != seen["after"][3]


def test_a_report_shows_the_moment_that_it_is_named_by(site):
    shown = printed_by(site, "compute()")
    assert shown["collected"] == "1"
    assert shown["answered"] == "1 of 3 places"
    assert shown["erased"] == "0"
    assert shown["deviations"] == []
    assert shown["named"] == shown["asked_for"] != shown["present"]


def test_a_file_of_answers_is_of_the_moment_when_it_was_begun_and_tells_how_far_it_is(site):
    found = printed_by(site, "export()")
    assert found["dropped"] == ["", "", ""]
    assert found["answers"] == 3
    assert found["seen"] == [1]
    assert found["after"] == ["excluded"] * 3 + [""]


@pytest.mark.django_db(transaction=True)
def test_afterwards_the_connection_writes_as_before_even_if_reading_failed():
    with snapshot():
        assert not PromptSet.objects.exists()
    make_prompt_set()
    with pytest.raises(PromptSet.DoesNotExist), snapshot():
        PromptSet.objects.get(name="none is called so")
    make_prompt_set()
    assert PromptSet.objects.count() == 2


@pytest.mark.django_db
def test_inside_a_transaction_it_is_the_transactions_moment():
    make_prompt_set()
    with snapshot():
        assert PromptSet.objects.count() == 1
    make_prompt_set()
    assert PromptSet.objects.count() == 2
