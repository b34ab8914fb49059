import math
import uuid
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.utils import timezone

from annotations.errors import StudyError, StudyNotOpenError
from annotations.models import Assignment, Response, Study
from annotations.services.assignments import claim_assignment, submit_response
from annotations.services.studies import build_study, close_study, open_study, pause_study
from generation.models import Generation
from tests.factories import (
    answer_next,
    make_annotator,
    make_cohyponym_prompt_set,
    make_open_study,
    make_prompt_set,
    make_run,
    make_study,
)

pytestmark = pytest.mark.django_db

NOUNS = ("dog", "cat", "bus", "tree", "lamp", "sofa", "door", "hill")


@pytest.fixture
def run():
    """Eight words to rate."""
    return make_run(make_prompt_set([(" ".join(NOUNS), [(noun, "NOUN", "") for noun in NOUNS])]))


def words_in_order(study: Study) -> list[str]:
    return [task.payload["word"] for task in study.tasks.order_by("position")]


# --- building ---------------------------------------------------------------------------------------------


def test_a_draft_has_the_kinds_texts_and_one_task_per_word(run):
    study = build_study(kind="attribution", name="likert", run=run)
    assert study.state == Study.State.DRAFT
    assert "" not in (study.title, study.consent, study.instructions)
    assert sorted(words_in_order(study)) == sorted(NOUNS)
    assert [task.position for task in study.tasks.order_by("position")] == list(range(8))
    assert study.plan is None
    assert not Assignment.objects.exists()


def test_texts_and_settings_can_be_given(run):
    study = build_study(
        kind="attribution", name="likert", run=run, title="T", consent="C", instructions="I", replicas=5,
        share_cap=0.16, lease_minutes=7, options={"words_per_image": 2},
    )  # fmt: skip
    study.refresh_from_db()
    assert (study.title, study.consent, study.instructions) == ("T", "C", "I")
    assert (study.replicas, study.share_cap, study.lease_minutes) == (5, 0.16, 7)
    assert study.options == {
        "parts_of_speech": None, "words_per_image": 2, "exclude_failed_checks": False,
    }  # fmt: skip
    assert study.recipe == {"seed": 0, "allow_unfinished": False}
    assert study.tasks.count() == 2


def test_the_seed_shuffles_the_tasks_and_repeats_the_shuffle(run):
    def order(name: str, seed: int) -> list[str]:
        return words_in_order(build_study(kind="attribution", name=name, run=run, seed=seed))

    first = order("a", 1)
    assert order("b", 1) == first
    assert order("c", 2) != first
    assert first != list(NOUNS)


def test_what_has_no_heat_map_is_left_out_and_said():
    run = make_run(make_prompt_set([("dog cat", [("dog", "NOUN", ""), ("cat", "NOUN", "")])]), attended=1)
    study = make_study(run=run)
    assert words_in_order(study) == ["dog"]
    (line,) = study.left_out
    assert "cat" in line


@pytest.mark.parametrize(
    ("state", "error", "line"),
    [
        ("queued", "", "Prompt '0', seed 1: the image is queued"),
        ("failed", "out of memory\nat step 3", "Prompt '0', seed 1: the image is failed: out of memory"),
    ],
)
def test_images_that_are_not_finished_are_refused_or_listed_if_that_is_allowed(state, error, line):
    run = make_run(seeds=(0, 1))
    unfinished = run.generations.get(seed=1)
    Generation.objects.filter(pk=unfinished.pk).update(state=state, image="", heat_maps="", error=error)
    with pytest.raises(StudyError, match=r"1 of 2 images of '.*' are not finished"):
        make_study(run=run)
    assert not Study.objects.exists()
    study = make_study(run=run, allow_unfinished=True)
    assert study.left_out == [line]
    assert study.recipe["allow_unfinished"] is True
    assert {task.generation.seed for task in study.tasks.all()} == {0}


def test_a_run_without_any_finished_image_is_refused_even_then():
    with pytest.raises(StudyError, match="no finished image"):
        make_study(run=make_run(finished=False), allow_unfinished=True)


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ({"kind": "riddle"}, "no kind of task 'riddle'; known kinds: attribution, object_presence"),
        ({"options": {"objects": ["dog"]}}, "no option objects"),
        ({"options": {"parts_of_speech": ["VERB"]}}, "No word to rate is VERB"),
        ({"replicas": 0}, "replicas: .*greater than or equal to 1"),
        ({"replicas": 101}, "replicas: .*less than or equal to 100"),
        ({"share_cap": 1.5}, "share_cap: .*less than or equal to 1"),
        ({"share_cap": 0.0}, "share_cap: .*greater than or equal to 0.001"),
        ({"share_cap": math.nan}, "share_cap: nan is not a share"),
        ({"lease_minutes": 0}, "lease_minutes: .*greater than or equal to 1"),
        ({"name": "n" * 101}, "name: .*at most 100 characters"),
        ({"name": ""}, "name: .*blank"),
        ({"title": "t" * 201}, "title: .*at most 200 characters"),
        ({"seed": -1}, "seed .* must not be negative"),
    ],
)
def test_a_bad_design_is_refused_and_nothing_is_stored(run, design, message):
    with pytest.raises(StudyError, match=message):
        build_study(**{"kind": "attribution", "name": "likert", "run": run, **design})
    assert not Study.objects.exists()


def test_the_kinds_own_refusals_come_through():
    run = make_run(make_prompt_set([("a cat and a dog", [])]))
    with pytest.raises(StudyError, match="does not say which objects it names"):
        make_study("object_presence", run)
    run = make_run(make_cohyponym_prompt_set())
    with pytest.raises(StudyError, match="not on the list of objects"):
        make_study("object_presence", run, options={"objects": ["bus"]})


def test_a_name_is_given_once(run):
    build_study(kind="attribution", name="likert", run=run)
    with pytest.raises(StudyError, match=r"There is a study named .* already; choose another name"):
        build_study(kind="attribution", name="likert", run=run)
    assert Study.objects.count() == 1


def test_words_that_go_away_while_the_study_is_built_are_said(run, monkeypatch, transactional_db):
    def replace_words(*_):
        run.prompt_set.prompts.get().words.all().delete()

    with pytest.raises(StudyError, match="changed while the study was built"):
        build_study(kind="attribution", name="likert", run=run, progress=replace_words)
    assert not Study.objects.exists()


# --- opening ----------------------------------------------------------------------------------------------


def test_opening_makes_task_times_replica_places_and_freezes_the_plan(run):
    study = open_study(study=make_study(run=run, replicas=4))
    assert study.state == Study.State.OPEN
    assert study.opened_at is not None
    assert len(study.plan_sha256) == 64
    assert [task["payload"]["word"] for task in study.plan["tasks"]] == words_in_order(study)
    places = Assignment.objects.filter(study=study)
    assert set(places.values_list("state", "annotator")) == {("open", None)}
    assert sorted(places.values_list("task__position", "replica")) == [
        (position, replica) for position in range(8) for replica in range(4)
    ]


def test_what_is_frozen_is_what_the_database_has(run):
    stale = make_study(run=run)
    Study.objects.filter(pk=stale.pk).update(title="Edited in another tab", replicas=2)
    open_study(study=stale)
    assert stale.plan["title"] == "Edited in another tab"
    assert Assignment.objects.count() == 8 * 2


def test_a_study_opens_once(run):
    study = make_study(run=run)
    same = Study.objects.get(pk=study.pk)
    open_study(study=study)
    opened_at = study.opened_at
    with pytest.raises(StudyError, match="open already"):
        open_study(study=same)
    study.refresh_from_db()
    assert study.opened_at == opened_at
    assert Assignment.objects.count() == 8 * 3


def test_a_study_without_tasks_does_not_open(run):
    study = make_study(run=run)
    study.tasks.all().delete()
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


@pytest.mark.parametrize(("field", "what"), [("image", "image file"), ("heat_maps", "heat map file")])
def test_a_file_that_was_changed_or_is_gone_is_named_and_nothing_opens(run, field, what):
    study = make_study(run=run)
    stored = getattr(run.generations.get(), field)
    with stored.open("rb") as file:
        content = file.read()
    with stored.open("wb") as file:
        file.write(content[:-1] + b"x")
    with pytest.raises(StudyError, match=f"seed 0: the {what} {stored.name} is not the one"):
        open_study(study=study)
    stored.storage.delete(stored.name)
    with pytest.raises(StudyError, match=f"seed 0: the {what} {stored.name} cannot be read"):
        open_study(study=study)
    study.refresh_from_db()
    assert (study.state, study.plan) == (Study.State.DRAFT, None)
    assert not Assignment.objects.exists()
    with stored.storage.open(stored.name, "wb") as file:
        file.write(content)
    assert open_study(study=study).state == Study.State.OPEN


def test_every_file_is_read_once_and_only_while_nothing_is_locked(run, monkeypatch, transactional_db):
    read: list[tuple[str, bool]] = []
    original = FileSystemStorage._open

    def watch(storage, name, mode="rb"):
        read.append((name, connection.in_atomic_block))
        return original(storage, name, mode)

    monkeypatch.setattr(FileSystemStorage, "_open", watch)
    generation = run.generations.get()
    study = build_study(kind="attribution", name="likert", run=run)
    assert read == [(generation.heat_maps.name, False)]
    read.clear()
    open_study(study=study)
    assert read == [(generation.image.name, False), (generation.heat_maps.name, False)]
    pause_study(study=study)
    open_study(study=study)
    assert len(read) == 2


# --- pausing, closing, opening again ----------------------------------------------------------------------


def test_a_paused_study_gives_no_places_but_takes_what_is_being_worked_on():
    study = make_open_study()
    annotator = make_annotator()
    place = claim_assignment(study=study, annotator=annotator)
    pause_study(study=study)
    assert study.state == Study.State.PAUSED
    submit_response(
        assignment=place, annotator=annotator, answer={"choice": 4}, token=uuid.uuid4(), seconds=1.0
    )
    assert Response.objects.count() == 1
    with pytest.raises(StudyNotOpenError):
        claim_assignment(study=study, annotator=annotator)


def test_a_closed_study_is_final():
    study = make_open_study()
    close_study(study=study)
    assert timezone.now() - study.closed_at < timedelta(minutes=1)
    closed_at = study.closed_at
    with pytest.raises(StudyError, match="is closed; a closed study is final"):
        open_study(study=study)
    study.refresh_from_db()
    assert (study.state, study.closed_at) == (Study.State.CLOSED, closed_at)


def test_a_paused_study_is_opened_again_under_the_plan_that_was_frozen_first():
    study = make_open_study()
    frozen = (study.plan, study.plan_sha256, study.opened_at)
    answer_next(study, make_annotator(), {"choice": 4})
    places = Assignment.objects.count()
    pause_study(study=study)
    Study.objects.filter(pk=study.pk).update(title="Something else")
    open_study(study=study)
    assert study.state == Study.State.OPEN
    assert (study.plan, study.plan_sha256, study.opened_at) == frozen
    assert Assignment.objects.count() == places
    assert Response.objects.count() == 1
    answer_next(study, make_annotator(), {"choice": 5})
    assert Response.objects.count() == 2


def test_a_paused_study_can_be_closed_and_opened():
    study = make_open_study()
    pause_study(study=study)
    open_study(study=study)
    assert study.state == Study.State.OPEN
    pause_study(study=study)
    close_study(study=study)
    assert study.state == Study.State.CLOSED


def test_changes_that_make_no_sense_are_refused():
    draft = make_study()
    for change, message in ((pause_study, "only an open study"), (close_study, "only an open or paused")):
        with pytest.raises(StudyError, match=f"is draft; {message}"):
            change(study=draft)
    study = make_open_study()
    stale = Study.objects.get(pk=study.pk)
    close_study(study=study)
    with pytest.raises(StudyError, match="is closed; only an open study"):
        pause_study(study=stale)
    with pytest.raises(StudyError, match="is closed; only an open or paused"):
        close_study(study=stale)
