"""Imports that are killed, taken over, or meet a fault on the way."""

from contextlib import contextmanager

import pytest
from django.db import OperationalError
from django.utils import timezone

from daamweb.projects.models import Event
from generation import jobs
from generation.models import Import, Parse, Prompt, PromptSet, Word
from generation.services import imports as service
from generation.services.import_requests import retry_import
from generation.services.imports import run_import
from tests.factories import main_project
from tests.generation.asked_imports import (
    CONLLU,
    LINES,
    asked,
    begin_and_die,
    files,
    import_lines,
    killed_after,
    let_lease_run_out,
)

pytestmark = pytest.mark.django_db
ParseState = PromptSet.ParseState


@pytest.fixture(autouse=True)
def slices_of_two(monkeypatch):
    monkeypatch.setattr("generation.services.words.PROMPTS_AT_ONCE", 2)


@pytest.mark.parametrize(("content", "file_name"), [("\n".join(LINES), "a.txt"), (CONLLU, "a.conllu")])
def test_killed_worker_leaves_a_set_that_is_not_whole_and_another_goes_on(
    content, file_name, monkeypatch, media_folder
):
    row = asked(content, file_name)
    begin_and_die(row, monkeypatch, slices=2)
    kept = set(Prompt.objects.values_list("pk", flat=True))
    assert len(kept) == 4
    row.refresh_from_db()
    assert (row.state, row.done, row.total) == (Import.State.RUNNING, 4, 7)
    assert row.prompt_set.parse_state == ParseState.IMPORTING
    assert run_import(row=row)
    prompts = Prompt.objects.order_by("position")
    assert [prompt.position for prompt in prompts] == list(range(7))
    assert kept <= {prompt.pk for prompt in prompts}
    made = PromptSet.objects.get()
    if file_name == "a.conllu":
        assert (made.parse_state, made.parser) == (ParseState.PARSED, "conllu file")
        assert Word.objects.count() == 14
    else:
        assert made.parse_state == ParseState.QUEUED
    assert files(media_folder) == []


def test_slice_that_takes_its_worker_down_again_and_again_fails_it_and_keeps_what_is_stored(
    monkeypatch, media_folder
):
    row = asked()
    begin_and_die(row, monkeypatch, slices=1)
    for _ in range(Import.MAX_ATTEMPTS):
        assert Import.objects.get().state == Import.State.RUNNING
        begin_and_die(row, monkeypatch, slices=0)
    row.refresh_from_db()
    assert row.state == Import.State.FAILED
    assert "took it 3 times and never finished" in row.error
    assert (Prompt.objects.count(), len(files(media_folder))) == (2, 1)


def test_attempts_that_stored_something_are_not_held_against_it(monkeypatch):
    row = asked()
    for _ in range(Import.MAX_ATTEMPTS):
        begin_and_die(row, monkeypatch, slices=1)
    assert run_import(row=Import.objects.get(pk=row.pk))
    assert [prompt.position for prompt in Prompt.objects.order_by("position")] == list(range(7))


@pytest.mark.parametrize("error", [OperationalError("database is locked"), OSError("the disk is gone")])
def test_passing_fault_keeps_what_is_stored_and_trying_again_goes_on_behind_it(
    monkeypatch, media_folder, error
):
    store = service._store

    def fail_at_the_third(row, *args):
        if row.position == 4:
            raise error
        return store(row, *args)

    row = asked()
    with monkeypatch.context() as patch:
        patch.setattr(service, "_store", fail_at_the_third)
        assert not run_import(row=row)
    row = Import.objects.get()
    assert (row.state, row.done, row.is_repeatable) == (Import.State.FAILED, 4, True)
    assert str(error) in row.error
    stored = set(Prompt.objects.values_list("pk", flat=True))
    assert (len(stored), len(files(media_folder))) == (4, 1)
    assert retry_import(row, by=None)
    assert not retry_import(row, by=None)
    assert Event.objects.filter(action="retried").count() == 1
    assert run_import(row=Import.objects.get())
    assert stored < set(Prompt.objects.values_list("pk", flat=True))
    assert [prompt.text for prompt in Prompt.objects.order_by("position")] == LINES
    assert files(media_folder) == []


def test_failed_import_whose_set_is_deleted_leaves_nothing(monkeypatch, media_folder):
    row = asked()
    row.take()
    row.fail("database is locked")
    PromptSet.objects.get().delete()
    row.refresh_from_db()
    assert not retry_import(row, by=None)
    assert not run_import(row=row)
    assert files(media_folder) == []


def test_request_that_is_killed_while_it_stores_the_file_leaves_a_row_that_names_it(
    monkeypatch, media_folder
):
    """Whoever looks for leftovers looks at rows."""
    monkeypatch.setattr("generation.services.import_requests._store_file", lambda *args: None)
    row = asked()
    assert row.file.name.startswith("imports/")
    assert not run_import(row=row)
    row.refresh_from_db()
    assert row.error == "The file is not there any more. Import it again."
    assert not PromptSet.objects.exists()


def test_set_that_somebody_deletes_meanwhile_ends_its_import(monkeypatch, media_folder):
    row = asked()
    begin_and_die(row, monkeypatch, slices=1)
    PromptSet.objects.get().delete()
    assert not run_import(row=Import.objects.get())
    row.refresh_from_db()
    assert row.state == Import.State.FAILED
    assert row.error == "The prompt set was deleted while it was imported."
    assert files(media_folder) == []


def test_set_that_is_deleted_behind_the_last_slice_ends_its_import_at_once(monkeypatch, media_folder):
    store = service._store

    def delete_behind_the_last(row, *args):
        stored = store(row, *args)
        if row.position == len(LINES):
            PromptSet.objects.get().delete()
        return stored

    monkeypatch.setattr(service, "_store", delete_behind_the_last)
    row = asked()
    assert not run_import(row=row)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (Import.State.FAILED, 1)
    assert row.error == "The prompt set was deleted while it was imported."
    assert files(media_folder) == []


def test_request_that_is_killed_on_the_way_leaves_nothing_once_a_worker_looked(monkeypatch):
    with monkeypatch.context() as patch:
        killed_after(patch, 1)
        with pytest.raises(SystemExit):
            import_lines()
    let_lease_run_out()
    row = Import.objects.get()
    assert not run_import(row=row)
    row.refresh_from_db()
    assert "Import the file again." in row.error
    assert not PromptSet.objects.exists()


@pytest.mark.parametrize(
    ("content", "file_name", "most"),
    [("\n".join(LINES), "a.txt", "MOST_CAPTIONS_AT_ONCE"), (CONLLU, "a.conllu", "MOST_WORDS_AT_ONCE")],
    ids=["captions", "words"],
)
def test_command_that_is_killed_on_the_way_with_a_long_file_is_finished_by_a_worker(
    monkeypatch, content, file_name, most
):
    monkeypatch.setattr(service, most, 5)
    with monkeypatch.context() as patch:
        killed_after(patch, 1)
        with pytest.raises(SystemExit):
            service.import_prompts(
                project=main_project(), name="set", content=content.encode(), file_name=file_name
            )
    let_lease_run_out()
    assert run_import(row=Import.objects.get())
    assert PromptSet.objects.get().prompts.count() == 7


@pytest.mark.parametrize("by_worker", [True, False])
def test_import_is_kept_while_it_runs_however_long_it_takes(monkeypatch, by_worker):
    keeping, seen = [], []
    store = service._store

    @contextmanager
    def kept(row):
        keeping.append(row)
        yield
        keeping.remove(row)

    monkeypatch.setattr(service, "kept", kept)
    monkeypatch.setattr(service, "_store", lambda *args: seen.append(len(keeping)) or store(*args))
    if by_worker:
        assert run_import(row=asked())
    else:
        import_lines()
    assert seen == [1] * 4
    assert keeping == []


def test_worker_that_dies_behind_the_last_slice_leaves_a_parse_that_waits(monkeypatch, pokes):
    row = asked()

    def die(*_):
        raise SystemExit

    monkeypatch.setattr(service, "remove_leftovers", die)
    with pytest.raises(SystemExit):
        jobs.run_import(row.pk)
    assert Import.objects.get().state == Import.State.DONE
    made = PromptSet.objects.get()
    assert made.parse_state == ParseState.QUEUED
    assert list(Parse.to_tell(timezone.now() - Parse.LEASE)) == [made.parses.get()]
