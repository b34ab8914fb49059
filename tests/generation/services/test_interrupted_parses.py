"""Parses that are killed, taken over, refused or cancelled."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from annotations.errors import StudyError
from annotations.models import Study
from daamweb.projects.models import Event
from daamweb.projects.services.events import SITE
from evaluation.analyses.registry import get_analysis
from evaluation.reports.needs import missing_needs
from generation.errors import PromptSetError
from generation.models import GenerationRun, Parse, PromptSet, Word
from generation.services import parses as service
from generation.services.built_prompt_sets import build_words_prompt_set
from generation.services.erasing import erase_prompt_set
from generation.services.imports import import_prompts
from generation.services.parses import cancel_parse, parse_prompt_set, queue_parse, run_parse
from tests.factories import main_project, make_run, make_study
from tests.generation.parsers import make_parser

pytestmark = pytest.mark.django_db
ParseState = PromptSet.ParseState


@pytest.fixture
def parser(monkeypatch):
    parser = make_parser()
    monkeypatch.setattr(service, "load_parser", lambda name: parser)
    return parser


# --- Killed, resumed, refused ------------------------------------------------------------------------------


@pytest.fixture
def five(monkeypatch) -> PromptSet:
    """Five prompts, stored two at a time."""
    monkeypatch.setattr("generation.services.words.PROMPTS_AT_ONCE", 2)
    lines = b"a red cat\na dog\ntwo cats\nan owl\na red bus\n"
    return import_prompts(project=main_project(), name="five", content=lines, file_name="a.txt").prompt_set


def words_of(prompt_set: PromptSet) -> list[int]:
    return [prompt.words.count() for prompt in prompt_set.prompts.order_by("position")]


def killed_after(monkeypatch, slices: int) -> None:
    """The next parse's worker is killed when it is to store one slice more."""
    store, stored = service._store, []

    def kill(*args):
        if len(stored) == slices:
            raise SystemExit
        stored.append(args)
        return store(*args)

    monkeypatch.setattr(service, "_store", kill)


def let_lease_run_out() -> None:
    Parse.objects.filter(state=Parse.State.RUNNING).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )


def begin_and_die(prompt_set: PromptSet, monkeypatch, slices: int) -> Parse:
    parse = queue_parse(prompt_set=prompt_set)
    with monkeypatch.context() as patch:
        killed_after(patch, slices)
        with suppress(SystemExit):
            run_parse(parse=Parse.objects.get(pk=parse.pk), by=SITE)
    return Parse.objects.get(pk=parse.pk)


def test_killed_worker_leaves_a_set_that_is_not_parsed_and_another_goes_on_where_it_was(
    parser, five, monkeypatch
):
    parse_prompt_set(prompt_set=five)
    before = set(Word.objects.values_list("pk", flat=True))
    parse = begin_and_die(five, monkeypatch, slices=1)
    assert (parse.state, parse.done, parse.total) == (Parse.State.RUNNING, 2, 5)
    five.refresh_from_db()
    assert (five.parse_state, five.parser) == (ParseState.PARSING, "")
    kept = set(Word.objects.filter(prompt__position__lt=2).values_list("pk", flat=True))
    let_lease_run_out()
    assert run_parse(parse=parse, by=SITE)
    five.refresh_from_db()
    assert (five.parse_state, five.parser) == (ParseState.PARSED, "en_test 1")
    now = set(Word.objects.values_list("pk", flat=True))
    assert kept <= now
    assert not before & now
    assert words_of(five) == [3, 2, 2, 2, 3]
    assert Event.objects.filter(action="parsed").first().details == {"parser": "en_test 1", "words": 12}


def test_another_parser_does_not_go_on_but_begins_anew(parser, five, monkeypatch):
    parse = begin_and_die(five, monkeypatch, slices=2)
    old = set(Word.objects.values_list("pk", flat=True))
    let_lease_run_out()
    monkeypatch.setattr(service, "load_parser", lambda name: make_parser("2"))
    assert run_parse(parse=parse, by=SITE)
    assert not old & set(Word.objects.values_list("pk", flat=True))
    five.refresh_from_db()
    assert five.parser == "en_test 2"


def test_worker_that_lost_the_parse_stores_nothing_more(parser, five, monkeypatch):
    store = service._store

    def lose_it(row, *args):
        Parse.objects.filter(pk=row.pk).update(claim="00000000-0000-0000-0000-000000000001")
        return store(row, *args)

    monkeypatch.setattr(service, "_store", lose_it)
    assert not run_parse(parse=queue_parse(prompt_set=five), by=SITE)
    assert words_of(five) == [0] * 5


def test_parse_is_kept_while_it_runs_however_long_it_takes(parser, five, monkeypatch):
    """Field case: one that took longer than its lease was begun again, and declared failed."""
    kept = []
    monkeypatch.setattr(service, "kept", lambda row: suppress(*kept.append(row) or ()))
    parse = queue_parse(prompt_set=five)
    assert run_parse(parse=parse, by=SITE)
    assert kept == [parse]


def test_set_that_is_being_parsed_is_not_built_upon(parser, five, monkeypatch):
    parse_prompt_set(prompt_set=five)
    run = make_run(five)
    begin_and_die(five, monkeypatch, slices=1)
    five.refresh_from_db()
    with pytest.raises(StudyError, match="is being parsed at the moment"):
        make_study("attribution", run)
    with pytest.raises(PromptSetError, match="has no words yet"):
        build_words_prompt_set(name="built", source=five, seed=0)
    assert not Study.objects.exists()


def test_parse_that_begins_while_a_study_is_built_stops_the_study(parser, five, monkeypatch):
    parse_prompt_set(prompt_set=five)
    run = make_run(five)
    draft = "annotations.services.studies._store"
    from annotations.services import studies

    store = studies._store

    def begin_meanwhile(*args):
        begin_and_die(five, monkeypatch, slices=1)
        store(*args)

    monkeypatch.setattr(draft, begin_meanwhile)
    with pytest.raises(StudyError, match="is being parsed at the moment"):
        make_study("attribution", run)
    assert not Study.objects.exists()


# --- Cancelled ---------------------------------------------------------------------------------------------


def test_cancelling_before_anything_is_replaced_leaves_the_set_as_it_was(parser, five):
    for state, parser_of_set in ((ParseState.NOT_ASKED, ""), (ParseState.PARSED, "en_test 1")):
        assert cancel_parse(queue_parse(prompt_set=five), by=None)
        five.refresh_from_db()
        assert (five.parse_state, five.parser, five.parse_error) == (state, parser_of_set, "")
        parse_prompt_set(prompt_set=five)
    assert Event.objects.filter(action="cancelled").count() == 2


def end_after_one(monkeypatch, end) -> None:
    """The parse ends, in that way, when its first slice is stored."""
    store = service._store

    def store_and_end(row, *args):
        stored = store(row, *args)
        end(row)
        return stored

    monkeypatch.setattr(service, "_store", store_and_end)


def cancel(row: Parse) -> None:
    cancel_parse(Parse.objects.get(pk=row.pk), by=None)


def break_down(row: Parse) -> None:
    raise RuntimeError("out of memory")


def test_cancelling_in_the_middle_leaves_a_set_that_is_partly_parsed(parser, five, monkeypatch):
    end_after_one(monkeypatch, cancel)
    parse = queue_parse(prompt_set=five)
    assert not run_parse(parse=parse, by=SITE)
    parse.refresh_from_db()
    assert (parse.state, parse.done) == (Parse.State.CANCELLED, 2)
    five.refresh_from_db()
    assert five.parse_state == ParseState.PARTLY
    assert "was cancelled when a part of the words was replaced" in five.parse_error
    monkeypatch.undo()
    assert not cancel_parse(parse, by=None)


@pytest.mark.parametrize("end", [cancel, break_down])
def test_what_a_parse_left_half_done_is_nothing_to_build_on_until_it_was_parsed(
    parser, five, monkeypatch, end
):
    parse_prompt_set(prompt_set=five)
    run = make_run(five)
    with monkeypatch.context() as patch:
        end_after_one(patch, end)
        assert not run_parse(parse=queue_parse(prompt_set=five), by=SITE)
    # One that was asked for again, and ends before it begins, mends nothing.
    for ended in (cancel, lambda row: row.take() and row.fail("no parser there")):
        again = queue_parse(prompt_set=five)
        assert PromptSet.objects.get().parse_state == ParseState.PARTLY
        ended(again)
        assert PromptSet.objects.get().parse_state == ParseState.PARTLY
    run = GenerationRun.objects.get(pk=run.pk)
    with pytest.raises(StudyError, match="partly parsed: a part of its words was replaced; parse it again"):
        make_study("attribution", run)
    [missing] = missing_needs(get_analysis("cohyponyms"), run)[:1]
    assert "is partly parsed" in missing
    parse_prompt_set(prompt_set=five)
    five.refresh_from_db()
    assert (five.parse_state, five.parse_error) == (ParseState.PARSED, "")
    assert make_study("attribution", GenerationRun.objects.get(pk=run.pk)).tasks.exists()


def test_failing_before_the_first_slice_leaves_the_set_as_it_was(parser, five, monkeypatch):
    parse_prompt_set(prompt_set=five)
    monkeypatch.setattr(service, "_store", lambda *args: break_down(args[0]))
    assert not run_parse(parse=queue_parse(prompt_set=five), by=SITE)
    five.refresh_from_db()
    assert (five.parse_state, five.parser) == (ParseState.PARSED, "en_test 1")
    assert "out of memory" in five.parse_error


def test_parse_that_somebody_else_has_asked_for_is_not_done_twice(parser, five):
    running = queue_parse(prompt_set=five)
    assert running.take()
    with pytest.raises(PromptSetError, match="is being parsed already"):
        parse_prompt_set(prompt_set=five)
    assert queue_parse(prompt_set=five) == running


def test_prompts_that_are_deleted_while_it_runs_are_given_as_the_reason(parser, five, monkeypatch):
    """Not a study, which does not use them."""

    def lose_them(**rows):
        raise IntegrityError("FOREIGN KEY constraint failed")

    monkeypatch.setattr(service, "store_words", lose_them)
    parse = queue_parse(prompt_set=five)
    assert not run_parse(parse=parse, by=SITE)
    parse.refresh_from_db()
    assert parse.error == "Prompts of 'five' were deleted while it was parsed; parse it again."


# --- Two at once -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        lambda parse: queue_parse(prompt_set=parse.prompt_set),
        lambda parse: cancel_parse(parse, by=None),
        lambda parse: parse.fail("no"),
        lambda parse: parse.mark_begun(parsed_by="en_test 1", total=5),
        lambda parse: parse.mark_stored(position=2, done=2),
        lambda parse: erase_prompt_set(parse.prompt_set, lambda rows: None),
    ],
    ids=["asked", "cancelled", "failed", "begun", "stored", "erased"],
)
def test_the_set_is_locked_before_its_parse_wherever_both_are_written(five, act):
    """On PostgreSQL two that lock them in turn wait for each other, and one gets an error."""
    parse = Parse.objects.select_related("prompt_set").get(pk=queue_parse(prompt_set=five).pk)
    seen: list[str] = []

    def watch(execute, sql, params, many, context):
        if sql.startswith(
            ('SELECT "generation_promptset"', 'UPDATE "generation_p', 'DELETE FROM "generation_p')
        ):
            seen.append(sql)
        return execute(sql, params, many, context)

    assert parse.take()
    with connection.execute_wrapper(watch):
        act(parse)
    seen = [sql for sql in seen if '"generation_prompt"' not in sql]
    assert seen[0].startswith('SELECT "generation_promptset"')
    assert len(seen) > 1
