"""Imports that are killed, taken over, cancelled, or of files with bad rows."""

from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone

from daamweb.projects.errors import ProjectError
from daamweb.projects.models import Event, Project, Role
from daamweb.projects.services.projects import archive_project
from daamweb.work.jobs import sweep_work
from generation import jobs
from generation.errors import PromptSetError, RunError
from generation.models import Checkpoint, Import, Parse, Prompt, PromptSet, Word
from generation.services import imports as service
from generation.services.erasing import remove_leftovers
from generation.services.import_requests import cancel_import, request_import, retry_import
from generation.services.imports import import_prompts, run_import
from generation.services.parses import queue_parse
from generation.services.runs import create_run
from tests.factories import main_project, make_member

pytestmark = pytest.mark.django_db
ParseState = PromptSet.ParseState
LINES = [f"caption {number}" for number in range(7)]
WORDS = ("1\tcats\tcat\tNOUN\t_\t_\t2\tnsubj\t_\t_", "2\tsleep\tsleep\tVERB\t_\t_\t0\troot\t_\t_", "")
CONLLU = "\n".join(line for number in range(7) for line in (f"# sent_id = {number}", *WORDS))


@pytest.fixture(autouse=True)
def slices_of_two(monkeypatch):
    monkeypatch.setattr("generation.services.words.PROMPTS_AT_ONCE", 2)


def asked(content: str = "\n".join(LINES), file_name: str = "a.txt", **options) -> Import:
    return request_import(
        project=main_project(), name="set", content=content.encode(), file_name=file_name, **options
    )


def import_lines(name: str = "set") -> PromptSet:
    content = "\n".join(LINES).encode()
    return import_prompts(project=main_project(), name=name, content=content, file_name="a.txt").imported()


def files(media_folder) -> list[str]:
    return [path.name for path in media_folder.rglob("*") if path.is_file()]


def killed_after(monkeypatch, slices: int) -> None:
    """The next import's worker is killed when it is to store one slice more."""
    store, stored = service._store, []

    def kill(*args):
        if len(stored) == slices:
            raise SystemExit
        stored.append(args)
        return store(*args)

    monkeypatch.setattr(service, "_store", kill)


def begin_and_die(row: Import, monkeypatch, slices: int) -> None:
    with monkeypatch.context() as patch:
        killed_after(patch, slices)
        with suppress(SystemExit):
            run_import(row=Import.objects.get(pk=row.pk))
    let_lease_run_out()


def let_lease_run_out() -> None:
    Import.objects.filter(state=Import.State.RUNNING).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )


def test_import_of_a_worker_is_what_one_of_a_request_is_and_leaves_no_file(media_folder):
    anna = make_member(Role.RESEARCHER)
    row = asked(by=anna)
    assert len(files(media_folder)) == 1
    assert row.prompt_set.parse_state == ParseState.IMPORTING
    assert run_import(row=row)
    other = import_lines("other")
    made = PromptSet.objects.get(name="set")
    for field in ("origin", "recipe", "parser"):
        assert getattr(made, field) == getattr(other, field)
    assert [prompt.text for prompt in made.prompts.order_by("position")] == LINES
    row.refresh_from_db()
    assert (row.state, row.done, row.total) == (Import.State.DONE, 7, 7)
    assert files(media_folder) == []
    event = Event.objects.on(made).get()
    assert (event.actor, event.action, event.details) == (anna, "made", {"origin": "text"})


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


def test_file_that_cannot_be_stored_leaves_nothing_behind(monkeypatch, media_folder):
    def fail(name, content):
        raise OSError("No space left on device")

    monkeypatch.setattr(default_storage, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        asked()
    assert not Import.objects.exists()
    assert not PromptSet.objects.exists()


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


def test_set_that_is_being_imported_cannot_be_used(monkeypatch):
    row = asked()
    begin_and_die(row, monkeypatch, slices=1)
    checkpoint = Checkpoint.objects.create(name="checkpoint", source="owner/name")
    with pytest.raises(RunError, match="is being imported"):
        create_run(name="run", prompt_set=row.prompt_set, checkpoint=checkpoint)
    with pytest.raises(PromptSetError, match="is being imported"):
        queue_parse(prompt_set=row.prompt_set)
    with pytest.raises(PromptSetError, match="There is a prompt set named 'set' already"):
        asked()


def test_bad_rows_are_kept_and_nothing_else(media_folder):
    row = asked("caption,id\na cat,1\n,2\na dog,1\n", "a.csv")
    assert not run_import(row=row)
    row.refresh_from_db()
    assert row.state == Import.State.FAILED
    assert "of 3 rows, 2 are bad" in row.error
    assert [(bad["row"], bad["reason"]) for bad in row.bad_rows] == [
        (3, "a caption without text"),
        (4, "the id '1' is already that of row 2"),
    ]
    assert (row.bad_row_count, PromptSet.objects.count(), files(media_folder)) == (2, 0, [])


def test_good_rows_are_imported_on_demand():
    row = asked("caption,id\na cat,1\n,2\n", "a.csv", skip_invalid=True)
    assert run_import(row=row)
    made = PromptSet.objects.get()
    assert made.prompts.count() == 1
    assert made.recipe["skipped_rows"] == [{"row": 3, "reason": "a caption without text"}]


def test_file_that_cannot_be_read_is_refused_with_its_reason():
    row = asked(" \n", "a.txt")
    assert not run_import(row=row)
    row.refresh_from_db()
    assert (row.state, row.error) == (Import.State.FAILED, "The file is empty.")
    assert not PromptSet.objects.exists()


def test_cancelling_in_the_middle_removes_what_is_stored(monkeypatch, media_folder):
    store = service._store

    def cancel_meanwhile(row, *args):
        stored = store(row, *args)
        cancel_import(Import.objects.get(pk=row.pk), by=None)
        return stored

    monkeypatch.setattr(service, "_store", cancel_meanwhile)
    row = asked()
    assert not run_import(row=row)
    row.refresh_from_db()
    assert (row.state, row.done) == (Import.State.CANCELLED, 2)
    assert not PromptSet.objects.exists()
    assert files(media_folder) == []
    assert Event.objects.filter(action="cancelled").count() == 1


def test_sweep_finds_what_a_cancelled_import_left_over(
    pokes, django_capture_on_commit_callbacks, media_folder
):
    def sweep() -> list[tuple[str, tuple]]:
        del pokes[:]
        with django_capture_on_commit_callbacks(execute=True):
            sweep_work()
        return list(pokes)

    row = asked()
    assert row.cancel()
    assert sweep() == []  # whoever asked for it has told a worker
    Import.objects.update(poked_at=timezone.now() - 2 * Import.LEASE)
    assert sweep() == [("generation.jobs.run_import", (row.pk,))]
    jobs.run_import(row.pk)
    assert not PromptSet.objects.exists()
    assert files(media_folder) == []
    Import.objects.update(poked_at=None)
    assert sweep() == []
    remove_leftovers(Import.objects.get())  # twice without harm


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


def test_command_that_is_killed_on_the_way_with_a_long_file_is_finished_by_a_worker(monkeypatch):
    monkeypatch.setattr(service, "MOST_CAPTIONS_AT_ONCE", 5)
    with monkeypatch.context() as patch:
        killed_after(patch, 1)
        with pytest.raises(SystemExit):
            import_lines()
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

    def die(row):
        raise SystemExit

    monkeypatch.setattr(service, "remove_leftovers", die)
    with pytest.raises(SystemExit):
        jobs.run_import(row.pk)
    assert Import.objects.get().state == Import.State.DONE
    made = PromptSet.objects.get()
    assert made.parse_state == ParseState.QUEUED
    assert list(Parse.to_tell(timezone.now() - Parse.LEASE)) == [made.parses.get()]


@pytest.mark.parametrize("ask_parse", [True, False])
def test_parse_waits_where_it_is_asked_for_with_the_import(ask_parse):
    content = "\n".join(LINES).encode()
    made = import_prompts(
        project=main_project(), name="set", content=content, file_name="a.txt", ask_parse=ask_parse
    ).imported()
    assert made.parses.count() == ask_parse
    assert made.parse_state == (ParseState.QUEUED if ask_parse else ParseState.NOT_ASKED)


def test_leftovers_are_removed_from_an_archived_project_too(media_folder):
    row = asked()
    row.cancel()
    Project.objects.update(archived_at=timezone.now())
    assert list(Import.to_tell(timezone.now() + Import.LEASE)) == [row]
    jobs.run_import(row.pk)
    assert not PromptSet.objects.exists()
    assert files(media_folder) == []
    assert list(Import.to_tell(timezone.now() + Import.LEASE)) == []


def test_project_is_not_archived_while_an_import_or_a_parse_runs_in_it():
    row = asked()
    project = row.project
    assert row.take()
    with pytest.raises(ProjectError, match="Wait until it is done, or cancel it on its page"):
        archive_project(project=project, by=None)
    row.cancel()
    remove_leftovers(row)
    parse = queue_parse(prompt_set=import_lines())
    assert parse.take()
    with pytest.raises(ProjectError, match="Wait until its parse is done"):
        archive_project(project=project, by=None)
    parse.cancel()
    archive_project(project=project, by=None)


def test_worker_hands_a_set_on_to_the_parser(pokes, django_capture_on_commit_callbacks):
    row = asked()
    with django_capture_on_commit_callbacks(execute=True):
        jobs.run_import(row.pk)
    parse = PromptSet.objects.get().parses.get()
    assert pokes == [("generation.jobs.run_parse", (parse.pk,))]
