import time
from types import SimpleNamespace

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.design import StudyDesign
from annotations.errors import StudyError
from annotations.models import Opening, Place, Study, Task
from annotations.services.closings import close_study, pause_study
from annotations.services.openings import (
    give_up_opening,
    open_study,
    people_needed,
    request_opening,
    run_opening,
    stuck_studies,
)
from annotations.services.studies import build_study, edit_draft
from daamweb.projects.errors import NotEditableError
from generation.models import Generation
from tests.factories import answer_next, make_annotator, make_prompt_set, make_run, make_study

pytestmark = pytest.mark.django_db
NOUNS = ("dog", "cat", "bus", "tree", "lamp", "sofa", "door", "hill")


@pytest.fixture
def run():
    """Eight words to rate and one check."""
    words = [(noun, "NOUN", "") for noun in NOUNS] + [(".", "PUNCT", "attention_check")]
    return make_run(make_prompt_set([(" ".join((*NOUNS, ".")), words)]))


def test_opening_makes_task_times_replica_places_and_freezes_the_plan(run):
    study = open_study(study=make_study(run=run, replicas=4))
    assert (study.state, study.opened_at is not None) == (Study.State.OPEN, True)
    assert (study.plan.tasks, len(study.plan.sha256)) == (9, 64)
    items = study.tasks.filter(role="item").order_by("position")
    assert list(Place.objects.order_by("order").values_list("task", "replica", "order")) == [
        (task.pk, replica, replica * 8 + index) for replica in range(4) for index, task in enumerate(items)
    ]


def test_checks_have_no_places(run):
    open_study(study=make_study(run=run))
    assert not Place.objects.filter(task__role=Task.Role.CHECK).exists()


def test_what_is_frozen_is_what_the_database_has(run):
    stale = make_study(run=run)
    Study.objects.filter(pk=stale.pk).update(title="Edited in another tab", replicas=2)
    open_study(study=stale)
    assert stale.plan.settings["title"] == "Edited in another tab"
    assert Place.objects.count() == 8 * 2


def test_a_study_opens_once(run):
    study = make_study(run=run)
    same = Study.objects.get(pk=study.pk)
    opened_at = open_study(study=study).opened_at
    with pytest.raises(StudyError, match="is open; only a draft or a paused study"):
        open_study(study=same)
    study.refresh_from_db()
    assert (study.opened_at, Place.objects.count()) == (opened_at, 8 * 3)


def test_a_study_without_items_does_not_open(run):
    study = make_study(run=run)
    Study.objects.filter(pk=study.pk).update(items=0)
    with pytest.raises(StudyError, match="no tasks"):
        open_study(study=study)
    study.refresh_from_db()
    assert study.state == Study.State.DRAFT


def test_a_share_cap_of_less_than_one_place_does_not_open(run):
    study = make_study(run=run, replicas=1, share_cap=0.12)  # of eight places: 0.96
    with pytest.raises(StudyError, match=r"has 8 places, and a share cap of 0\.12 .* less than one place"):
        open_study(study=study)
    study.refresh_from_db()
    assert study.state == Study.State.DRAFT
    Study.objects.filter(pk=study.pk).update(share_cap=0.125)
    open_study(study=study)
    assert answer_next(study, make_annotator(), {"choice": 4}) is not None


@pytest.mark.parametrize(
    ("design", "needed"),
    [
        ({"replicas": 3}, 3),  # everybody may do everything, once
        ({"replicas": 3, "share_cap": 0.16}, 8),  # 24 places, 3 each
        ({"replicas": 3, "share_cap": 0.9}, 3),  # 21 each, but eight tasks
        ({"replicas": 1, "share_cap": 0.125}, 8),
    ],
)
def test_fewer_people_than_tasks_replicas_and_cap_need_are_refused(run, design, needed):
    study = make_study(run=run, **design)
    assert people_needed(study) == needed
    Study.objects.filter(pk=study.pk).update(expected_annotators=needed - 1)
    with pytest.raises(
        StudyError, match=rf"needs at least {needed} people: 8 tasks .* You expect {needed - 1}"
    ):
        open_study(study=study)
    Study.objects.filter(pk=study.pk).update(expected_annotators=needed)
    assert open_study(study=study).state == Study.State.OPEN


@pytest.mark.parametrize(("field", "what"), [("image", "image"), ("heat_maps", "heat maps")])
def test_a_file_that_was_changed_or_is_gone_is_named_and_it_is_a_draft_again(run, field, what):
    study = make_study(run=run)
    stored = getattr(run.generations.get(), field)
    with stored.open("rb") as file:
        content = file.read()
    with stored.open("wb") as file:
        file.write(content[:-1] + b"x")
    with pytest.raises(StudyError, match=f"seed 0: the file of the {what} {stored.name} is not the one"):
        open_study(study=study)
    stored.storage.delete(stored.name)
    with pytest.raises(StudyError, match=f"seed 0: the file of the {what} {stored.name} cannot be read"):
        open_study(study=study)
    study.refresh_from_db()
    assert (study.state, study.plan) == (Study.State.DRAFT, None)
    assert Opening.objects.first().state == Opening.State.FAILED
    assert not Place.objects.exists()
    with stored.storage.open(stored.name, "wb") as file:
        file.write(content)
    assert open_study(study=study).state == Study.State.OPEN


def test_a_task_whose_image_was_made_again_since_it_was_built_is_refused(run):
    study = make_study(run=run)
    Generation.objects.update(image_sha256="f" * 64)
    with pytest.raises(StudyError, match=r"Task 1 .* is not as .* was built with it"):
        open_study(study=study)


def test_every_file_is_read_once_and_only_while_nothing_is_locked(run, monkeypatch, transactional_db):
    read: list[tuple[str, bool]] = []
    original = FileSystemStorage._open

    def watch(storage, name, mode="rb"):
        read.append((name, connection.in_atomic_block))
        return original(storage, name, mode)

    monkeypatch.setattr(FileSystemStorage, "_open", watch)
    generation = run.generations.get()
    study = build_study(design=StudyDesign(kind="attribution", name="likert", run=run))
    assert read == [(generation.heat_maps.name, False)]
    read.clear()
    open_study(study=study)
    assert read == [(generation.image.name, False), (generation.heat_maps.name, False)]
    pause_study(study=study)
    open_study(study=study)
    assert len(read) == 2


# --- in slices --------------------------------------------------------------------------------------------


@pytest.fixture
def small_slices(monkeypatch):
    monkeypatch.setattr("annotations.services.openings.VERIFIED_AT_ONCE", 2)
    for name in ("PLACES_AT_ONCE", "FEWEST_AT_ONCE", "MOST_AT_ONCE"):
        monkeypatch.setattr(f"annotations.services.openings.{name}", 6)


def test_progress_is_told_slice_by_slice(run, small_slices):
    told = []
    open_study(study=make_study(run=run), progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 18) for done in (2, 4, 6, 8, 9, 11, 13, 15, 17, 18)]


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_sqlites_lock_gets_it_between_two_slices(run, small_slices, monkeypatch):
    """Who waits looks again after a tenth of a second at the latest."""
    slept = []
    patched = SimpleNamespace(sleep=slept.append, monotonic=time.monotonic)
    monkeypatch.setattr("daamweb.work.slices.time", patched)
    open_study(study=make_study(run=run))
    assert slept == ([0.1] * 5 if connection.vendor == "sqlite" else [])


def test_the_tasks_before_a_slice_are_counted_once(run, small_slices):
    study = make_study(run=run)
    with CaptureQueriesContext(connection) as captured:
        open_study(study=study)
    counted = [query["sql"] for query in captured if "COUNT(" in query["sql"]]
    assert len([sql for sql in counted if '"position" < ' in sql and '"position" >= ' not in sql]) == 1


@pytest.mark.parametrize("slices", range(10))
def test_an_opening_that_was_killed_after_any_slice_goes_on_where_it_was(run, small_slices, slices):
    study = make_study(run=run)
    opening = request_opening(study=study)

    def die(done, total, seen=[]):  # noqa: B006 - counts the calls
        seen.append(done)
        if len(seen) > slices:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_opening(opening=opening, progress=die)
    assert not run_opening(opening=Opening.objects.get()), "its lease still runs"
    Opening.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    assert run_opening(opening=Opening.objects.get())
    study.refresh_from_db()
    assert study.state == Study.State.OPEN
    assert sorted(Place.objects.values_list("order", flat=True)) == list(range(8 * 3))


def test_an_opening_that_takes_its_worker_down_too_often_makes_it_a_draft_again(run):
    study = make_study(run=run)
    request_opening(study=study)
    for _ in range(Opening.MAX_ATTEMPTS):
        assert Opening.objects.get().take()
        Opening.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    assert not run_opening(opening=Opening.objects.get())
    study.refresh_from_db()
    assert study.state == Study.State.DRAFT
    assert "never finished" in Opening.objects.get().error
    assert open_study(study=study).state == Study.State.OPEN


def test_a_study_whose_opening_failed_while_its_worker_died_is_a_draft_again(run):
    study = make_study(run=run)
    opening = request_opening(study=study)
    assert opening.take()
    assert opening.fail("killed right after this line")
    assert [*stuck_studies()] == [study]
    assert give_up_opening(study=study)
    study.refresh_from_db()
    assert study.state == Study.State.DRAFT
    assert [*stuck_studies()] == []
    assert not give_up_opening(study=study)


def test_places_of_an_opening_that_was_given_up_do_not_stay(run, small_slices):
    study = make_study(run=run, replicas=4)
    request_opening(study=study)

    def fail_late(done, total):
        if done > 12:
            raise StudyError("something about the places")

    assert not run_opening(opening=Opening.objects.get(), progress=fail_late)
    study.refresh_from_db()
    assert study.state == Study.State.DRAFT
    edit_draft(study=study, typed={"replicas": 2})
    open_study(study=study)
    assert Place.objects.count() == 8 * 2


def test_nobody_edits_a_study_that_is_being_opened(run):
    study = make_study(run=run)
    request_opening(study=study)
    with pytest.raises(NotEditableError, match="is opening"):
        edit_draft(study=study, typed={"title": "Too late"})
    with pytest.raises(StudyError, match="only an open or paused study"):
        close_study(study=study)


def test_asking_twice_is_one_opening(run):
    study = make_study(run=run)
    assert request_opening(study=study) == request_opening(study=study)
    assert Opening.objects.count() == 1


def test_a_paused_study_is_open_again_at_once_under_the_plan_that_was_frozen_first(run):
    study = open_study(study=make_study(run=run))
    frozen = (study.plan, study.plan.sha256, study.opened_at)
    answer_next(study, make_annotator(), {"choice": 4})
    pause_study(study=study)
    assert request_opening(study=study) is None
    assert (study.state, study.plan, study.plan.sha256, study.opened_at) == (Study.State.OPEN, *frozen)
    assert Place.objects.count() == 8 * 3
