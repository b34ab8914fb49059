"""Prompt sets that are set aside, or erased, while their imports are at them."""

import json
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import QuerySet

from generation.models import Import, Prompt, PromptSet
from generation.services.erasing import erase_prompt_set, remove_leftovers, set_prompt_set_aside
from generation.services.import_requests import retry_import
from generation.services.imports import run_import
from tests.generation.asked_imports import asked, begin_and_die, files
from tests.site import Site

CONTEST = "from tests.generation.erasing_contest import set_aside_while_imported as do; do()"


def cancel_and_remove(row: Import) -> None:
    row.cancel()
    remove_leftovers(row)


@pytest.fixture
def locked_by(monkeypatch) -> Callable[[Callable[[], object]], list[list[type]]]:
    """What an act locks, of imports and their sets, in each of its transactions."""
    found: list[list[type]] = []
    outside = 0
    lock = QuerySet.select_for_update

    def note(model: type) -> None:
        if len(connection.savepoint_ids) == outside:
            found.append([])
        found[-1].append(model)

    def watch(execute, sql, params, many, context):
        if sql.startswith("SAVEPOINT") and len(connection.savepoint_ids) == outside:
            found.append([])
        for model in (Import, PromptSet):
            if sql.startswith((f'UPDATE "{model._meta.db_table}"', f'DELETE FROM "{model._meta.db_table}"')):
                note(model)
        return execute(sql, params, many, context)

    def noted_lock(rows, **options):
        if rows.model in (Import, PromptSet):
            note(rows.model)
        return lock(rows, **options)

    def locked_by(act: Callable[[], object]) -> list[list[type]]:
        nonlocal outside
        outside = len(connection.savepoint_ids)
        monkeypatch.setattr(QuerySet, "select_for_update", noted_lock)
        with connection.execute_wrapper(watch):
            act()
        return found

    return locked_by


@pytest.mark.django_db
@pytest.mark.parametrize(
    "act",
    [
        lambda row: run_import(row=row),
        lambda row: set_prompt_set_aside(row.prompt_set),
        lambda row: erase_prompt_set(row.prompt_set, lambda rows: None),
        cancel_and_remove,
    ],
    ids=["imported", "set aside", "erased", "cancelled"],
)
def test_the_import_is_locked_before_its_set_wherever_both_are_written(act, locked_by):
    """On PostgreSQL two that lock them in turn wait for each other, and one gets an error."""
    row = asked()
    both = [models for models in locked_by(lambda: act(row)) if {*models} == {Import, PromptSet}]
    assert both
    assert [models[0] for models in both] == [Import] * len(both)


@pytest.mark.services
def test_a_set_is_set_aside_while_it_is_imported_and_neither_waits_for_ever(tmp_path, postgres_database):
    site = Site(tmp_path, DATABASE_URL=postgres_database)
    ended = json.loads(site.manage("shell", "--verbosity", "0", "--command", CONTEST).splitlines()[-1])
    assert ended == [["", "cancelled", "", "erasing"]] * len(ended)
    assert ended


# --- Tried again -------------------------------------------------------------------------------------------


@pytest.fixture
def failed(monkeypatch) -> Import:
    """With two captions stored, and its set set aside since."""
    monkeypatch.setattr("generation.services.words.PROMPTS_AT_ONCE", 2)
    row = asked()
    begin_and_die(row, monkeypatch, slices=1)
    assert row.take()
    assert row.fail("database is locked")
    assert row.is_repeatable
    set_prompt_set_aside(row.prompt_set)
    return row


@pytest.mark.django_db
def test_a_failed_import_whose_set_is_being_erased_is_not_tried_again(failed, researcher_client):
    assert not failed.is_repeatable
    assert not retry_import(failed, by=None)
    assert "Try again" not in researcher_client.get(f"/generation/imports/{failed.pk}/").text
    assert Import.objects.get().state == Import.State.FAILED


@pytest.mark.django_db
def test_an_import_that_was_tried_again_stores_nothing_in_a_set_that_is_being_erased(failed, media_folder):
    """Where that was set aside by a version that let it be tried again."""
    Import.objects.update(state=Import.State.QUEUED, finished_at=None)
    assert not run_import(row=failed)
    failed.refresh_from_db()
    assert failed.error == "The prompt set was deleted while it was imported."
    assert Prompt.objects.count() == 2
    assert PromptSet.objects.get().parse_state == PromptSet.ParseState.ERASING
    assert files(media_folder) == []
