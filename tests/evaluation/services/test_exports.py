"""Files of answers, written by a worker that may be killed, while people go on answering."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError
from django.utils import timezone

from annotations.services.identities import erase_person
from daamweb.projects.models import Event
from daamweb.work.jobs import sweep_work
from evaluation import exports as files
from evaluation.errors import SubjectGoneError
from evaluation.jobs import sweep_results, write_export
from evaluation.models import Export
from evaluation.services import exports
from evaluation.services.exports import request_export
from tests.evaluation.studies import answer_task, make_attribution_study, make_rated_study, save
from tests.factories import answer_turn, make_annotator, make_user
from tests.work.rows import same_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def export() -> Export:
    return request_export(study=make_rated_study(), by=make_user())


def while_it_is_written(monkeypatch, act) -> None:
    """Something happens after the first row."""
    monkeypatch.setattr("evaluation.frames.responses.READ_AT_ONCE", 1)
    write_responses = files.write_responses

    def write(chunks, file, tell):
        def told(written):
            if written == 1:
                act()
            tell(written)

        return write_responses(chunks, file, told)

    monkeypatch.setattr(files, "write_responses", write)


def handed_out() -> list[dict]:
    return list(Event.objects.filter(action=Event.Action.EXPORTED).values_list("details", flat=True))


def test_the_file_is_what_the_command_writes(export, tmp_path):
    write_export(export.pk)
    done = same_row(export)
    save(export.study, tmp_path / "responses.csv")
    assert (done.state, done.answers) == (Export.State.DONE, 15)
    assert done.file.read() == (tmp_path / "responses.csv").read_bytes()


def test_the_files_of_every_revision_are_what_the_command_writes(tmp_path):
    study = make_attribution_study()
    turn = answer_task(study.tasks.first(), make_annotator(), {"choice": 3}).assignment
    answer_turn(turn, {"choice": 4})
    export = request_export(study=study, by=make_user(), revisions="all")
    write_export(export.pk)
    paths = tmp_path / "responses.csv", tmp_path / "participations.csv"
    exports.save_responses(study=study, path=paths[0], by=None, revisions="all", participations=paths[1])
    done = same_row(export)
    assert done.answers == 2
    assert [done.file.read(), done.participations.read()] == [path.read_bytes() for path in paths]


def test_whoever_asks_twice_has_one_and_everybody_has_their_own(export):
    assert request_export(study=export.study, by=export.asked_by) == export
    other = request_export(study=export.study, by=make_user("other"))
    assert other != export
    for each in (export, other):
        write_export(each.pk)
    assert Export.objects.filter(state=Export.State.DONE).count() == 2
    again = request_export(study=export.study, by=export.asked_by)
    write_export(again.pk)
    assert set(Export.objects.all()) == {again, other}


def test_it_holds_what_was_answered_when_it_began(monkeypatch):
    study = make_attribution_study()
    first, *_, last = study.tasks.all()
    for _ in range(2):
        answer_task(first, make_annotator(), {"choice": 3})
    export = request_export(study=study, by=make_user())
    while_it_is_written(monkeypatch, lambda: answer_task(last, make_annotator(), {"choice": 5}))
    write_export(export.pk)
    assert same_row(export).answers == 2
    assert len(same_row(export).file.read().splitlines()) == 3


def test_one_whose_worker_died_is_written_by_another(export, pokes, django_capture_on_commit_callbacks):
    assert export.take()
    long_ago = timezone.now() - timedelta(days=1)
    Export.objects.update(lease_expires_at=long_ago, poked_at=long_ago)
    with django_capture_on_commit_callbacks(execute=True):
        sweep_work()
    assert pokes == [("evaluation.jobs.write_export", (export.pk,))]
    write_export(export.pk)
    assert same_row(export).state == Export.State.DONE


def test_a_worker_that_was_taken_for_dead_keeps_nothing(export, monkeypatch):
    other = Export.objects.get()

    def taken_over():
        Export.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        assert other.take()

    while_it_is_written(monkeypatch, taken_over)
    write_export(export.pk)
    assert (same_row(export).state, same_row(export).claim) == (Export.State.RUNNING, other.claim)
    assert handed_out() == []


def test_answers_that_are_erased_meanwhile_are_in_no_file(export, monkeypatch):
    person = export.study.participations.first()
    while_it_is_written(monkeypatch, lambda: erase_person(participation=person, by=None))
    write_export(export.pk)
    assert not Export.objects.exists()
    assert handed_out() == []


def test_a_file_that_was_written_before_answers_were_erased_is_let_go_of(export):
    write_export(export.pk)
    erase_person(participation=export.study.participations.first(), by=None)
    assert not Export.objects.exists()


def test_one_that_fails_says_why_hands_nothing_out_and_can_be_asked_for_again(export, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(default_storage, "save", full)
        write_export(export.pk)
    failed = same_row(export)
    assert (failed.state, failed.error) == (
        Export.State.FAILED,
        "OSError: [Errno 28] No space left on device",
    )
    assert handed_out() == []
    again = request_export(study=export.study, by=export.asked_by)
    write_export(again.pk)
    assert list(Export.objects.all()) == [again]
    assert handed_out() == [{"answers": 15}]


def test_it_may_run_twice_and_of_a_study_that_is_gone(export):
    write_export(export.pk)
    write_export(export.pk)
    write_export(12345)
    assert handed_out() == [{"answers": 15}]


def test_a_study_that_is_deleted_meanwhile_is_said(monkeypatch):
    def refused(find, create):
        raise IntegrityError("a foreign key leads nowhere")

    monkeypatch.setattr(exports, "find_or_create", refused)
    with pytest.raises(SubjectGoneError, match="was deleted meanwhile"):
        request_export(study=make_rated_study(), by=make_user())


def test_it_is_kept_for_a_day_and_its_file_goes_with_it(export, monkeypatch):
    write_export(export.pk)
    paths = [Path(each.path) for each in (same_row(export).file, same_row(export).participations)]
    hours_ago = time.time() - 2 * 3600
    for path in paths:
        os.utime(path, (hours_ago, hours_ago))
    sweep_results()
    assert all(path.exists() for path in paths)
    with monkeypatch.context() as ahead:
        ahead.setattr(timezone, "now", lambda now=timezone.now: now() + 2 * Export.KEPT)
        assert exports.delete_old_exports() == 0
    Export.objects.update(finished_at=timezone.now() - Export.KEPT - timedelta(minutes=1))
    sweep_results()
    assert not any(path.exists() for path in paths)
    assert not Export.objects.exists()
