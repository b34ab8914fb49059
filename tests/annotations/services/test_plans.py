"""What is frozen when a study opens, how it is hashed, and the file that it is written to."""

import hashlib
import json
from io import BytesIO

import pytest

from annotations.models import Plan, Study, Task
from annotations.services.plans import (
    canonical_json,
    hash_of_hashes,
    make_plan,
    note_deviation,
    plan_settings,
    plan_sha256,
    sha256_of,
    task_records,
    task_sha256,
    tasks_sha256,
    write_plan,
)
from generation.models import Checkpoint, Generation
from tests.factories import (
    answer_next,
    make_annotator,
    make_open_study,
    make_participation,
    make_run,
    make_study,
)

pytestmark = pytest.mark.django_db


def reloaded(study: Study) -> Study:
    return Study.objects.select_related("plan").get(pk=study.pk)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


# --- hashes -----------------------------------------------------------------------------------------------


def test_a_hash_is_that_of_the_canonical_text():
    one = {"b": [1, {"z": None, "a": "ä"}], "a": 0.5}
    other = {"a": 0.5, "b": [1, {"a": "ä", "z": None}]}
    text = '{"a":0.5,"b":[1,{"a":"ä","z":null}]}'
    assert canonical_json(one) == canonical_json(other) == text
    assert sha256_of(one) == sha256_of(other) == sha256(text)
    assert sha256_of({**one, "a": 0.6}) != sha256_of(one)


def test_what_is_not_json_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"share_cap": float("nan")})


def test_the_hash_of_hashes_is_that_of_one_a_line_in_their_order():
    assert hash_of_hashes(["aa", "bb"]) == sha256("aa\nbb\n")
    assert hash_of_hashes(["bb", "aa"]) != hash_of_hashes(["aa", "bb"])
    assert hash_of_hashes([]) == sha256("")


def test_a_plans_hash_is_that_of_its_settings_and_of_the_hash_of_its_tasks():
    assert plan_sha256({"title": "t"}, "ab") == sha256('{"settings":{"title":"t"},"tasks_sha256":"ab"}')


def test_a_tasks_hash_says_everything_that_is_judged_and_nothing_of_itself():
    study = make_study()
    generation = Generation.objects.get()
    for record in task_records(study):
        task = study.tasks.get(position=record["position"])
        judged = {
            "position": task.position,
            "rank": task.rank,
            "role": "item",
            "variant": "",
            "payload": task.payload,
            "prompt": "A dog on a red sofa.",
            "word_start": task.word.start,
            "word_end": task.word.end,
            "seed": 0,
            "image_sha256": generation.image_sha256,
            "heat_maps_sha256": generation.heat_maps_sha256,
            "checkpoint_revision": "",
        }
        assert record == {**judged, "sha256": task.sha256}
        assert task.sha256 == task_sha256(record) == sha256(canonical_json(judged))


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
# 1 is stored in a column of floats: what is read back is 1.0, another text of JSON.
@pytest.mark.parametrize("share_cap", [None, 0.35, 1])
def test_the_frozen_hashes_can_be_computed_again_from_the_database(kind, share_cap):
    study = reloaded(make_open_study(kind, share_cap=share_cap, title="“Größe” 📏"))
    plan = study.plan
    assert plan.tasks == study.tasks.count()
    assert plan.settings == plan_settings(study)
    assert plan.tasks_sha256 == tasks_sha256(study)
    assert plan.tasks_sha256 == hash_of_hashes(task_sha256(record) for record in task_records(study))
    assert plan.sha256 == plan_sha256(plan.settings, plan.tasks_sha256) == make_plan(study).sha256


def test_tasks_are_read_in_their_order_and_in_slices():
    study = make_study()
    assert [record["position"] for record in task_records(study)] == [0, 1, 2]
    assert [record["position"] for record in task_records(study, first=1)] == [1, 2]
    assert [record["position"] for record in task_records(study, first=1, count=1)] == [1]


def test_reading_the_tasks_takes_one_query(django_assert_num_queries):
    study = make_study()
    with django_assert_num_queries(1):
        list(task_records(study))


# --- what is frozen ---------------------------------------------------------------------------------------


def test_texts_and_settings_are_frozen():
    study = make_open_study(
        title="A title",
        consent="A consent",
        instructions="Instructions",
        replicas=2,
        share_cap=0.5,
        expected_annotators=7,
        check_every=5,
        lease_minutes=20,
    )
    settings = study.plan.settings
    assert {name: settings[name] for name in ("name", "kind", "title", "consent", "instructions")} == {
        "name": study.name,
        "kind": "attribution",
        "title": "A title",
        "consent": "A consent",
        "instructions": "Instructions",
    }
    numbers = ("replicas", "share_cap", "expected_annotators", "check_every", "lease_minutes")
    assert [settings[name] for name in numbers] == [2, 0.5, 7, 5, 20]
    assert settings["tasks"] == {"item": 3, "control": 0, "check": 0, "practice": 0}
    assert settings["analysis"] == {"confidence": 0.95, "min_valid": 2, "exclude_failed_checks": False}
    assert settings["recipe"] == {"seed": 0, "allow_unfinished": False}
    assert settings["left_out"] == []
    assert settings["checkpoint_revisions"] == [""]


def test_a_draft_has_no_plan_and_an_opened_study_keeps_the_one_that_it_got():
    draft = make_study()
    assert draft.plan is None
    assert not Plan.objects.exists()
    study = make_open_study()
    assert Plan.objects.get() == study.plan


def test_the_plan_says_how_the_images_were_made():
    assert make_open_study().plan.settings["run"] == {
        "checkpoint": "tiny",
        "seeds": [0],
        "vary_seeds": False,
        "num_inference_steps": 30,
        "guidance_scale": 7.5,
        "scheduler": "dpm-solver++",
    }


def test_the_plan_says_what_the_checkpoint_was_when_the_run_was_made():
    study = make_open_study()
    Checkpoint.objects.update(name="renamed", source="owner/renamed")
    assert make_plan(Study.objects.get(pk=study.pk)).sha256 == study.plan.sha256


def test_every_checkpoint_revision_is_named_once():
    run = make_run(seeds=[0, 1, 2])
    run.generations.filter(seed=0).update(checkpoint_revision="def")
    run.generations.exclude(seed=0).update(checkpoint_revision="abc")
    assert make_open_study(run=run).plan.settings["checkpoint_revisions"] == ["abc", "def"]


def test_the_plan_of_analysis_is_the_kinds():
    settings = make_open_study("object_presence").plan.settings
    assert settings["analysis"] == {"confidence": 0.95, "present_objects": 2}


@pytest.mark.parametrize(("replicas", "min_valid"), [(1, 1), (2, 2), (5, 2)])
def test_an_item_needs_two_ratings_or_one_where_it_cannot_have_two(replicas, min_valid):
    assert make_open_study(replicas=replicas).plan.settings["analysis"]["min_valid"] == min_valid


def test_the_exclusion_of_inattentive_annotators_is_frozen():
    study = make_open_study(options={"exclude_failed_checks": True})
    assert study.plan.settings["analysis"]["exclude_failed_checks"] is True


# --- plan.json --------------------------------------------------------------------------------------------


def written(study: Study) -> bytes:
    file = BytesIO()
    write_plan(study, file)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
def test_every_hash_can_be_computed_again_from_the_file_alone(kind):
    study = make_open_study(kind, title="“Größe” 📏", share_cap=0.35)
    plan = json.loads(written(reloaded(study)))
    assert plan.keys() == {"settings", "sha256", "tasks_sha256", "tasks"}
    assert len(plan["tasks"]) == study.tasks.count()
    for task in plan["tasks"]:
        assert (
            sha256(canonical_json({name: task[name] for name in task if name != "sha256"})) == task["sha256"]
        )
    assert sha256("".join(f"{task['sha256']}\n" for task in plan["tasks"])) == plan["tasks_sha256"]
    of_plan = {"settings": plan["settings"], "tasks_sha256": plan["tasks_sha256"]}
    assert sha256(canonical_json(of_plan)) == plan["sha256"] == study.plan.sha256


def test_a_task_that_was_changed_since_does_not_have_the_hash_that_stands_beside_it():
    study = make_open_study()
    task = study.tasks.get(position=1)
    Task.objects.filter(pk=task.pk).update(payload={**task.payload, "word": "cat"})
    Study.objects.filter(pk=study.pk).update(title="Another title")
    plan = json.loads(written(reloaded(study)))
    assert [task_sha256(record) == record["sha256"] for record in plan["tasks"]] == [True, False, True]
    assert plan["settings"]["title"] == study.title  # as it was frozen
    assert (
        plan_sha256(plan["settings"], hash_of_hashes(task["sha256"] for task in plan["tasks"]))
        == plan["sha256"]
    )


def test_the_file_is_written_task_by_task(django_assert_num_queries):
    class Pieces(list):
        write = list.append

    study = reloaded(make_open_study())
    pieces = Pieces()
    with django_assert_num_queries(1):
        write_plan(study, pieces)
    whole = b"".join(pieces).decode()
    assert sum('"position":' in line for line in whole.splitlines()) == 3
    assert max(piece.count(b'"position":') for piece in pieces) == 1


def test_the_file_names_nobody():
    study = make_open_study()
    annotator = make_annotator()
    answer_next(study, annotator, {"choice": 4})
    content = written(reloaded(study)).decode()
    person = make_participation(study, annotator)
    for secret in (annotator.external_id, person.pseudonym, person.completion_code, study.slug):
        assert secret not in content


# --- deviations -------------------------------------------------------------------------------------------


def test_a_deviation_is_listed_once():
    plan, other = make_open_study().plan, make_open_study().plan
    for _ in range(2):
        note_deviation(plan, what="title", frozen='"a"', now='"b"')
        note_deviation(plan, what="title", frozen='"a"', now='"c"')
        note_deviation(plan, what="tasks.0", frozen=None, now="")
        note_deviation(plan, what="tasks.0", frozen="", now=None)
    note_deviation(other, what="title", frozen='"a"', now='"b"')
    assert list(plan.deviations.values_list("what", "frozen", "now")) == [
        ("title", '"a"', '"b"'),
        ("title", '"a"', '"c"'),
        ("tasks.0", None, ""),
        ("tasks.0", "", None),
    ]
    assert other.deviations.count() == 1
