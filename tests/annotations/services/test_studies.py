import math

import pytest
from django.db import IntegrityError
from django.utils import timezone

from annotations.design import StudyDesign
from annotations.errors import StudyError
from annotations.kinds.attribution import Attribution
from annotations.models import Place, Study, Task
from annotations.services import studies
from annotations.services.studies import build_study, delete_draft, edit_draft
from daamweb.projects.errors import NotEditableError
from generation.models import Generation
from generation.services.erasing import set_run_aside
from tests.factories import (
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
    study = build_study(design=StudyDesign(kind="attribution", name="likert", run=run))
    assert study.state == Study.State.DRAFT
    assert "" not in (study.title, study.consent, study.instructions)
    assert sorted(words_in_order(study)) == sorted(NOUNS)
    assert [task.position for task in study.tasks.order_by("position")] == list(range(8))
    assert study.plan is None
    assert not Place.objects.exists()


def test_texts_and_settings_can_be_given(run):
    study = build_study(
        design=StudyDesign(
            kind="attribution",
            name="likert",
            run=run,
            title="T",
            consent="C",
            instructions="I",
            replicas=5,
            share_cap=0.16,
            lease_minutes=17,
            options={"words_per_image": 2},
        )
    )
    study.refresh_from_db()
    assert (study.title, study.consent, study.instructions) == ("T", "C", "I")
    assert (study.replicas, study.share_cap, study.lease_minutes) == (5, 0.16, 17)
    assert study.options == {
        "parts_of_speech": None, "words_per_image": 2, "display": "veil", "exclude_failed_checks": False,
    }  # fmt: skip
    assert study.recipe == {"seed": 0, "allow_unfinished": False}
    assert study.tasks.count() == 2


def test_no_study_is_built_on_a_run_that_is_set_aside_meanwhile(monkeypatch, run):
    draft_tasks = Attribution.draft_tasks

    def meanwhile(*args):
        set_run_aside(run)
        return draft_tasks(*args)

    monkeypatch.setattr(Attribution, "draft_tasks", meanwhile)
    with pytest.raises(StudyError, match="is being erased"):
        build_study(design=StudyDesign(name="study", kind="attribution", run=run))
    assert not Study.objects.exists()


def test_the_seed_shuffles_the_tasks_and_repeats_the_shuffle(run):
    def order(name: str, seed: int) -> list[str]:
        return words_in_order(
            build_study(design=StudyDesign(kind="attribution", name=name, run=run, seed=seed))
        )

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
        ("queued", "", "Prompt '0', seed 1: the image is waiting"),
        ("failed", "out of memory\nat step 3", "Prompt '0', seed 1: the image is failed: out of memory"),
    ],
)
def test_images_that_are_not_finished_are_refused_or_listed_if_that_is_allowed(state, error, line):
    run = make_run(seeds=(0, 1))
    unfinished = run.generations.get(seed=1)
    Generation.objects.filter(pk=unfinished.pk).update(
        state=state, image="", heat_maps="", error=error, finished_at=timezone.now() if error else None
    )
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
        ({"share_cap": math.nan}, "share_cap: nan is not a number that can be compared"),
        ({"lease_minutes": 0}, "lease_minutes: .*greater than or equal to 15"),
        ({"name": "n" * 101}, "name: .*100 characters at most"),
        ({"name": ""}, "name: A name is needed"),
        ({"title": "t" * 201}, "title: .*at most 200 characters"),
        ({"seed": -1}, "seed .* must not be negative"),
    ],
)
def test_a_bad_design_is_refused_and_nothing_is_stored(run, design, message):
    with pytest.raises(StudyError, match=message):
        build_study(design=StudyDesign(**{"kind": "attribution", "name": "likert", "run": run, **design}))
    assert not Study.objects.exists()


def test_the_kinds_own_refusals_come_through():
    run = make_run(make_prompt_set([("a cat and a dog", [])]))
    with pytest.raises(StudyError, match="does not say which objects it names"):
        make_study("object_presence", run)
    run = make_run(make_cohyponym_prompt_set())
    with pytest.raises(StudyError, match="not on the list of objects"):
        make_study("object_presence", run, options={"objects": ["bus"]})


def test_a_name_is_given_once(run):
    build_study(design=StudyDesign(kind="attribution", name="likert", run=run))
    with pytest.raises(StudyError, match=r"There is a study named .* already; choose another name"):
        build_study(design=StudyDesign(kind="attribution", name="likert", run=run))
    assert Study.objects.count() == 1


def test_words_that_go_away_while_the_study_is_built_are_said(run, monkeypatch, transactional_db):
    def replace_words(*_):
        run.prompt_set.prompts.get().words.all().delete()

    with pytest.raises(StudyError, match="changed while the study was built"):
        build_study(design=StudyDesign(kind="attribution", name="likert", run=run), progress=replace_words)
    assert not Study.objects.exists()


def test_a_study_whose_tasks_cannot_be_stored_leaves_nothing(monkeypatch):
    monkeypatch.setattr(studies, "STORED_AT_ONCE", 1)
    original, calls = Task.objects.bulk_create, []

    def fail_later(rows):
        calls.append(rows)
        if len(calls) > 1:
            raise IntegrityError("a word is gone")
        return original(rows)

    monkeypatch.setattr(Task.objects, "bulk_create", fail_later)
    with pytest.raises(StudyError, match="changed while the study was built"):
        make_study()
    assert not Study.objects.exists()
    assert not Task.objects.exists()


# --- drafts -----------------------------------------------------------------------------------------------


def test_roles_are_counted_and_ranked_when_a_study_is_built():
    words = [("dog", "NOUN", ""), ("cat", "NOUN", ""), (".", "PUNCT", "attention_check")]
    run = make_run(make_prompt_set([("dog cat .", words)]), seeds=(0, 1))
    study = make_study(run=run)
    assert (study.items, study.controls, study.checks, study.practices) == (4, 0, 2, 0)
    for role, count in (("item", 4), ("check", 2)):
        ranks = study.tasks.filter(role=role).order_by("position").values_list("rank", flat=True)
        assert list(ranks) == list(range(count))


def test_a_draft_is_edited_and_deleted_and_nothing_that_was_opened(run):
    study = make_study(run=run)
    assert edit_draft(study=study, typed={"title": "Better"})
    study.refresh_from_db()
    assert study.title == "Better"
    opened = make_open_study()
    with pytest.raises(NotEditableError, match="not a draft any more"):
        edit_draft(study=opened, typed={"title": "Too late"})
    with pytest.raises(StudyError, match="only a draft can be deleted"):
        delete_draft(study=opened)
    delete_draft(study=study)
    assert list(Study.objects.all()) == [opened]
