import json
from hashlib import sha256

import pytest

from annotations.models import Study, Task
from annotations.services.plans import Deviation, canonical_json, plan_deviations, plan_hash, study_plan
from annotations.services.studies import close_study, open_study, pause_study
from generation.models import Generation
from tests.factories import answer_next, make_annotator, make_open_study, make_study

pytestmark = pytest.mark.django_db


def reloaded(study: Study) -> Study:
    return Study.objects.get(pk=study.pk)


def test_the_hash_is_that_of_the_canonical_text():
    one = {"b": [1, {"z": None, "a": "ä"}], "a": 0.5}
    other = {"a": 0.5, "b": [1, {"a": "ä", "z": None}]}
    text = '{"a":0.5,"b":[1,{"a":"ä","z":null}]}'
    assert canonical_json(one) == canonical_json(other) == text
    assert plan_hash(one) == plan_hash(other) == sha256(text.encode("utf-8")).hexdigest()
    assert plan_hash({**one, "a": 0.6}) != plan_hash(one)


def test_a_plan_that_is_not_json_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"share_cap": float("nan")})


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
# 1 is stored in a column of floats: what is read back is 1.0, another text of JSON.
@pytest.mark.parametrize("share_cap", [None, 0.35, 1])
def test_the_frozen_hash_can_be_computed_again_from_the_database(kind, share_cap):
    study = reloaded(make_open_study(kind, share_cap=share_cap, title="“Größe” 📏"))
    assert plan_hash(study.plan) == study.plan_sha256
    assert plan_hash(study_plan(study)) == study.plan_sha256
    assert json.loads(canonical_json(study.plan)) == study.plan


def test_the_plan_has_every_task_with_the_hashes_of_its_files():
    study = make_open_study()
    generation = Generation.objects.get()
    assert len(study.plan["tasks"]) == study.tasks.count() == 3
    for task in study.plan["tasks"]:
        assert task["image_sha256"] == generation.image_sha256 != ""
        assert task["heat_maps_sha256"] == generation.heat_maps_sha256 != ""
        assert task["prompt"] == "A dog on a red sofa."
        assert task["payload"]["word"] in ("A", "dog", "red")
    assert study.plan["analysis"] == {"confidence": 0.95, "min_valid": 2, "exclude_failed_checks": False}
    assert study.plan["recipe"] == {"seed": 0, "allow_unfinished": False}


def test_the_plan_says_how_the_images_were_made():
    assert make_open_study().plan["run"] == {
        "checkpoint": "tiny",
        "seeds": [0],
        "vary_seeds": False,
        "num_inference_steps": 30,
        "guidance_scale": 7.5,
        "scheduler": "dpm-solver++",
    }


def test_the_plan_of_analysis_is_the_kinds():
    assert make_open_study("object_presence").plan["analysis"] == {"confidence": 0.95, "present_objects": 2}


@pytest.mark.parametrize(("replicas", "min_valid"), [(1, 1), (2, 2), (5, 2)])
def test_an_item_needs_two_ratings_or_one_where_it_cannot_have_two(replicas, min_valid):
    assert make_open_study(replicas=replicas).plan["analysis"]["min_valid"] == min_valid


def test_the_exclusion_of_inattentive_annotators_is_frozen():
    study = make_open_study(options={"exclude_failed_checks": True})
    assert study.plan["analysis"]["exclude_failed_checks"] is True


def test_what_makes_pseudonyms_is_not_in_the_plan():
    study = make_open_study()
    assert study.pseudonym_key not in canonical_json(study.plan)


def test_a_study_that_only_runs_deviates_in_nothing():
    study = make_open_study()
    answer_next(study, make_annotator(), {"choice": 4})
    pause_study(study=study)
    open_study(study=study)
    close_study(study=study)
    assert plan_deviations(reloaded(study)) == ()


def test_a_draft_has_no_deviations():
    assert plan_deviations(make_study()) == ()


def test_changed_texts_and_settings_are_listed():
    study = make_open_study(title="Before")
    Study.objects.filter(pk=study.pk).update(title="After", replicas=5)
    assert set(plan_deviations(reloaded(study))) == {
        Deviation("title", '"Before"', '"After"'),
        Deviation("replicas", "3", "5"),
    }


def test_changed_tasks_and_pictures_are_listed_by_position():
    study = make_open_study()
    frozen = study.plan["tasks"][1]
    task = study.tasks.get(position=1)
    Task.objects.filter(pk=task.pk).update(payload={**task.payload, "word": "cat"}, is_attention_check=True)
    Generation.objects.update(image_sha256="f" * 64)
    deviations = plan_deviations(reloaded(study))
    assert set(deviations) == {
        Deviation("tasks.1.payload.word", json.dumps(frozen["payload"]["word"]), '"cat"'),
        Deviation("tasks.1.attention_check", "false", "true"),
        *(
            Deviation(f"tasks.{position}.image_sha256", json.dumps(frozen["image_sha256"]), f'"{"f" * 64}"')
            for position in range(3)
        ),
    }


def test_a_task_that_is_gone_or_was_added_is_one_deviation():
    study = make_open_study()
    study.assignments.all().delete()
    study.tasks.get(position=0).delete()
    last = study.tasks.get(position=2)
    Task.objects.create(study=study, position=3, generation=last.generation, payload=last.payload)
    gone, added = plan_deviations(reloaded(study))
    assert (gone.what, gone.now) == ("tasks.0", None)
    assert json.loads(gone.frozen) == study.plan["tasks"][0]
    assert (added.what, added.frozen) == ("tasks.3", None)
