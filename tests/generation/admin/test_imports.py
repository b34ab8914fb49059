"""Captions are imported from a file."""

import errno
import os

import pytest

from daamweb.projects.models import Role
from generation.models import Import, PromptSet
from generation.services.import_requests import request_import
from generation.services.imports import run_import
from tests.factories import main_project, make_project
from tests.generation.admin.pages import IMPORT, change_page, page, upload
from tests.generation.bad_files import BadFile, bad_rows, whole_files
from tests.generation.caption_files import FILES, TEXTS, every_format

pytestmark = pytest.mark.django_db
ParseState = PromptSet.ParseState


@every_format
def test_every_format_is_imported_and_handed_to_the_parser(submit, pokes, format):
    file_name, content, _ = FILES[format]
    text = submit(IMPORT, upload(file_name, content))
    prompt_set = PromptSet.objects.get()
    assert list(prompt_set.prompts.values_list("text", flat=True)) == TEXTS
    assert "Prompt set “imported” was made." in text
    assert "2 prompts" in text  # its own page is shown next
    if format == "conllu":
        assert (prompt_set.parse_state, pokes) == (ParseState.PARSED, [])
    else:
        assert prompt_set.parse_state == ParseState.QUEUED
        assert pokes == [("generation.jobs.run_parse", (prompt_set.parses.get().pk,))]


@whole_files
def test_bad_file_is_refused_at_its_field(submit, pokes, bad: BadFile):
    text = submit(IMPORT, upload(bad.name, bad.content))
    assert "Nothing was made." in text
    # a file without any content is found out by Django itself
    reason = bad.reason if bad.content else "The submitted file is empty."
    assert reason.lower() in text.lower()
    assert not PromptSet.objects.exists()
    assert pokes == []


@bad_rows
def test_bad_row_is_shown_with_its_number_and_nothing_is_imported(submit, pokes, bad: BadFile):
    text = submit(IMPORT, upload(bad.name, bad.content))
    assert f"Row {bad.row}: " in text
    assert bad.reason in text
    assert 'value="imported"' in text  # what was typed is still there
    assert not PromptSet.objects.exists()
    assert pokes == []


@bad_rows
def test_bad_rows_are_skipped_on_demand(submit, bad: BadFile):
    text = submit(IMPORT, upload(bad.name, bad.content, skip_invalid="on"))
    assert PromptSet.objects.get().prompts.count() == 1
    assert bad.reason in text  # in the recipe


def test_endless_errors_are_cut_short_and_counted(submit):
    content = b"caption,id\n" + b"a cat,7\n" * 41
    text = submit(IMPORT, upload("captions.csv", content))
    assert text.count("the id '7' is already that of row 2") == 30
    assert "and 10 more bad rows" in text


def test_taken_name_is_refused_at_its_field(submit):
    PromptSet.objects.create(project=main_project(), name="imported", origin="text")
    text = submit(IMPORT, upload("captions.txt", b"a cat"))
    assert "There is a prompt set named 'imported' already" in text
    assert PromptSet.objects.count() == 1


def test_import_needs_a_name_and_a_file(submit):
    text = submit(IMPORT, {"format": "auto"})
    assert text.count("This field is required.") == 2


def test_each_format_is_offered_once(researcher_client):
    text = page(researcher_client, IMPORT)
    assert text.count("<option") == len(FILES) + 1
    assert 'enctype="multipart/form-data"' in text
    assert "admin/css/forms.css" in text


# --- Long files --------------------------------------------------------------------------------------------


def sentence(words: int) -> bytes:
    """In CoNLL-U."""
    rows = (b"%d\tcat\tcat\tNOUN\t_\t_\t%d\tdep\t_\t_" % (n, n - 1) for n in range(1, words + 1))
    return b"\n".join(rows) + b"\n\n"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\n".join(b"a cat %d" % n for n in range(501)), "captions.txt"),
        (b"a cat \n" * 20_000, "captions.txt"),
        (sentence(words=201) * 10, "captions.conllu"),
    ],
    ids=["captions", "bytes", "words"],
)
def test_long_file_is_handed_to_a_worker_and_its_page_is_shown_next(
    submit, pokes, content, name, researcher, researcher_client
):
    text = submit(IMPORT, upload(name, content))
    row = Import.objects.get()
    assert (row.state, row.name, row.file_name, row.format) == ("queued", "imported", name, "auto")
    assert row.asked_by == researcher
    assert pokes == [("generation.jobs.run_import", (row.pk,))]
    assert "The file is stored, and “imported” is handed to a worker." in text
    assert "Import of “imported”" in text
    asks = f'hx-get="/work/generation.import/{row.pk}/"'
    assert asks in text
    assert row.prompt_set.parse_state == ParseState.IMPORTING
    assert asks in page(researcher_client, change_page(row.prompt_set))


def test_long_file_that_cannot_be_stored_is_said_on_the_form(submit, pokes, full_disk):
    full_disk(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    text = submit(IMPORT, upload("captions.txt", b"a cat \n" * 20_000))
    assert "The file could not be stored (No space left on device), and nothing was imported." in text
    assert 'value="imported"' in text
    assert not PromptSet.objects.exists()
    assert pokes == []


def test_long_file_with_a_taken_name_is_refused_at_its_field(submit, pokes):
    PromptSet.objects.create(project=main_project(), name="imported", origin="text")
    text = submit(IMPORT, upload("captions.txt", b"a cat \n" * 20_000))
    assert "There is a prompt set named 'imported' already" in text
    assert not Import.objects.exists()


def test_page_of_an_import_says_how_far_it_is_what_was_wrong_and_where_the_set_is(researcher_client):
    row = request_import(
        project=main_project(), name="s", content=b"caption,id\n,1\na cat,2\n", file_name="a.csv", by=None
    )
    address = f"/generation/imports/{row.pk}/"
    assert "Waits for a worker." in page(researcher_client, address)
    assert not run_import(row=row)
    text = page(researcher_client, address)
    assert "Nothing was imported: of 2 rows, 1 are bad." in text
    assert "a caption without text" in text
    assert "hx-get" not in text
    good = request_import(
        project=main_project(), name="s", content=b"a cat\na dog\n", file_name="a.txt", by=None
    )
    assert run_import(row=good)
    text = page(researcher_client, f"/generation/imports/{good.pk}/")
    assert "2 captions." in text
    assert change_page(good.prompt_set) in text


def test_import_that_waits_is_cancelled_by_its_button(
    researcher_client, pokes, django_capture_on_commit_callbacks
):
    row = request_import(project=main_project(), name="s", content=b"a cat\n", file_name="a.txt", by=None)
    with django_capture_on_commit_callbacks(execute=True):
        researcher_client.post(f"/work/generation.import/{row.pk}/cancel/")
    row.refresh_from_db()
    assert row.state == Import.State.CANCELLED
    assert pokes == [("generation.jobs.run_import", (row.pk,))]  # which removes what is left over


def test_page_of_one_that_failed_offers_to_go_on_and_says_how_to_give_it_up(
    researcher_client, pokes, django_capture_on_commit_callbacks
):
    row = request_import(project=main_project(), name="s", content=b"a cat\n", file_name="a.txt", by=None)
    assert row.take()
    assert row.fail("OperationalError: database is locked")
    text = page(researcher_client, f"/generation/imports/{row.pk}/")
    assert "0 captions are stored, and the file is kept" in text
    assert change_page(row.prompt_set) in text
    assert "Try again" in text
    with django_capture_on_commit_callbacks(execute=True):
        researcher_client.post(f"/work/generation.import/{row.pk}/again/")
    row.refresh_from_db()
    assert row.state == Import.State.QUEUED
    assert pokes == [("generation.jobs.run_import", (row.pk,))]


def test_one_that_was_refused_is_not_tried_again(researcher_client):
    row = request_import(project=main_project(), name="s", content=b" \n", file_name="a.txt", by=None)
    assert not run_import(row=row)
    assert "Try again" not in page(researcher_client, f"/generation/imports/{row.pk}/")
    researcher_client.post(f"/work/generation.import/{row.pk}/again/")
    row.refresh_from_db()
    assert row.state == Import.State.FAILED


def test_one_that_was_refused_is_found_again_from_the_list_of_prompt_sets(researcher_client, member_client):
    address = "/admin/generation/promptset/"
    assert "refused last" not in page(researcher_client, address)
    row = request_import(project=main_project(), name="s", content=b" \n", file_name="a.txt", by=None)
    assert not run_import(row=row)
    link = f'<a href="/generation/imports/{row.pk}/">s</a>'
    assert link in page(researcher_client, address)
    elsewhere = member_client(Role.RESEARCHER, project=make_project())
    assert link not in page(elsewhere, address)


def test_page_of_one_whose_set_was_deleted_since_says_so(researcher_client):
    row = request_import(project=main_project(), name="s", content=b"a cat\n", file_name="a.txt", by=None)
    assert run_import(row=row)
    PromptSet.objects.get().delete()
    text = page(researcher_client, f"/generation/imports/{row.pk}/")
    assert "1 caption was imported. The prompt set was deleted since." in text
    assert "Nothing was imported" not in text
