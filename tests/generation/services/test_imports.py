"""Imports that are asked for, cancelled, or of files with bad rows."""

import errno
import os

import pytest
from boto3.exceptions import S3UploadFailedError
from django.core.files.storage import default_storage
from django.utils import timezone

from daamweb.projects.errors import ProjectError
from daamweb.projects.models import Event, Project, Role
from daamweb.projects.services.projects import archive_project
from daamweb.work.jobs import sweep_work
from generation import jobs
from generation.errors import PromptSetError, RunError
from generation.models import Checkpoint, Import, PromptSet
from generation.services import imports as service
from generation.services.erasing import remove_leftovers
from generation.services.import_requests import cancel_import
from generation.services.imports import import_prompts, run_import
from generation.services.parses import queue_parse
from generation.services.runs import create_run
from tests.factories import main_project, make_member
from tests.generation.asked_imports import (
    LINES,
    asked,
    begin_and_die,
    files,
    import_lines,
)

pytestmark = pytest.mark.django_db
ParseState = PromptSet.ParseState


@pytest.fixture(autouse=True)
def slices_of_two(monkeypatch):
    monkeypatch.setattr("generation.services.words.PROMPTS_AT_ONCE", 2)


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


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device"),
        (S3UploadFailedError("Failed to upload to the bucket"), "S3UploadFailedError"),
    ],
)
def test_file_that_cannot_be_stored_leaves_nothing_behind(full_disk, media_folder, error, reason):
    full_disk(error)
    with pytest.raises(PromptSetError, match=f"The file could not be stored .{reason}., and nothing was"):
        asked()
    assert files(media_folder) == []
    assert not Import.objects.exists()
    assert not PromptSet.objects.exists()


def test_part_of_a_file_that_cannot_be_removed_either_leaves_no_rows(full_disk, monkeypatch):
    def fail(name):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    full_disk(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    monkeypatch.setattr(default_storage, "delete", fail)
    with pytest.raises(PromptSetError, match="No space left on device"):
        asked()
    assert not Import.objects.exists()
    assert not PromptSet.objects.exists()


def test_request_that_is_ended_while_it_stores_the_file_leaves_nothing_behind(full_disk, media_folder):
    full_disk(SystemExit())
    with pytest.raises(SystemExit):
        asked()
    assert files(media_folder) == []
    assert not Import.objects.exists()


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
