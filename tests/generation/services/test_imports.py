"""Imports that are killed, taken over, cancelled, or of files with bad rows."""

from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from daamweb.projects.models import Event, Role
from daamweb.work.jobs import sweep_work
from generation import jobs
from generation.errors import PromptSetError, RunError
from generation.models import Checkpoint, Import, Prompt, PromptSet, Word
from generation.services import imports as service
from generation.services.imports import import_prompts, remove_leftovers, request_import, run_import
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
    for field in ("origin", "recipe", "parse_state", "parser"):
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
        assert made.parse_state == ParseState.NOT_ASKED
    assert files(media_folder) == []


def test_worker_that_dies_again_and_again_leaves_nothing_but_the_reason(monkeypatch, media_folder):
    row = asked()
    for _ in range(Import.MAX_ATTEMPTS + 1):
        begin_and_die(row, monkeypatch, slices=0)
    row.refresh_from_db()
    assert row.state == Import.State.FAILED
    assert "took it 3 times and never finished" in row.error
    assert not PromptSet.objects.exists()
    assert files(media_folder) == []


def test_set_that_is_being_imported_cannot_be_used(monkeypatch):
    row = asked()
    begin_and_die(row, monkeypatch, slices=1)
    checkpoint = Checkpoint.objects.create(name="checkpoint", source="owner/name")
    with pytest.raises(RunError, match="still being imported"):
        create_run(name="run", prompt_set=row.prompt_set, checkpoint=checkpoint)
    with pytest.raises(PromptSetError, match="still being imported"):
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
        service.cancel_import(Import.objects.get(pk=row.pk), by=None)
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


def test_worker_hands_a_set_on_to_the_parser(pokes, django_capture_on_commit_callbacks):
    row = asked()
    with django_capture_on_commit_callbacks(execute=True):
        jobs.run_import(row.pk)
    parse = PromptSet.objects.get().parses.get()
    assert pokes == [("generation.jobs.run_parse", (parse.pk,))]
