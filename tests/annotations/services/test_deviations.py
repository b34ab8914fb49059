"""A frozen study is held against its plan: rows and files. What differs is listed, and stays listed."""

import hashlib
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db.models import F

from annotations.models import Participation, Plan, Study, Task
from annotations.services import verifications
from annotations.services.closings import close_study, pause_study
from annotations.services.openings import open_study
from annotations.services.plans import plan_sha256, sha256_of, task_records, task_sha256, tasks_sha256
from annotations.services.verifications import (
    Difference,
    verify_study,
)
from generation.models import Generation
from tests.factories import answer_next, make_annotator, make_open_study, make_run

pytestmark = pytest.mark.django_db

WRONG_SIZE = "rows: an opened study has more or fewer places than it asks for"


def verified(study: Study, *, files: bool = True) -> set[Difference]:
    """What is found; it is listed, too."""
    found = verify_study(reloaded(study), files=files)
    assert len(found) == len(set(found))
    listed = study.plan.deviations.values_list("what", "frozen", "now")
    assert set(found) <= {Difference(*row) for row in listed}
    return set(found)


def reloaded(study: Study) -> Study:
    return Study.objects.select_related("plan", "run").get(pk=study.pk)


def hash_now(task: Task) -> str:
    """Of what is judged now."""
    (record,) = task_records(task.study, first=task.position, count=1)
    return task_sha256(record)


def change_payload(task: Task, **changes) -> None:
    Task.objects.filter(pk=task.pk).update(payload={**task.payload, **changes})


# --- nothing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["attribution", "object_presence"])
def test_a_study_that_only_runs_deviates_in_nothing(kind):
    study = make_open_study(kind, share_cap=1, title="“Größe” 📏")
    answer = {"choice": 4} if kind == "attribution" else {"objects": ["cat"]}
    answer_next(study, make_annotator(), answer)
    pause_study(study=study)
    open_study(study=study)
    assert verified(study) == set()
    close_study(study=study)
    assert verified(study) == set()
    assert not study.plan.deviations.exists()


def test_when_files_were_looked_at_is_noted():
    study = make_open_study()
    verified(study, files=False)
    assert Plan.objects.get().verified_at is None
    verified(study, files=True)
    first = Plan.objects.get().verified_at
    verified(study, files=True)
    assert study.opened_at < first < Plan.objects.get().verified_at


# --- rows -------------------------------------------------------------------------------------------------


def test_changed_texts_and_settings_are_named():
    study = make_open_study(title="Before", lease_minutes=30)
    options = {
        "words_per_image": 1, "display": "rainbow", "exclude_failed_checks": True, "more": "ä",
    }  # fmt: skip
    Study.objects.filter(pk=study.pk).update(title="After", lease_minutes=5, options=options)
    assert verified(study) == {
        Difference("title", '"Before"', '"After"'),
        Difference("lease_minutes", "30", "5"),
        Difference("options.words_per_image", "null", "1"),
        Difference("options.parts_of_speech", "null", None),
        Difference("options.display", '"veil"', '"rainbow"'),
        Difference("options.more", None, '"ä"'),
        Difference("wordings.legend.veil", '"The bluer, the stronger."', None),
        Difference("wordings.legend.rainbow", None, '"Blue is weak, red is strong."'),
        Difference("options.exclude_failed_checks", "false", "true"),
        Difference("analysis.exclude_failed_checks", "false", "true"),
    }


@pytest.mark.parametrize("change", [{"options": {}}, {"options": []}, {"kind": "no such"}])
def test_settings_that_no_kind_can_read_are_named_and_the_tasks_are_looked_at_all_the_same(change):
    study = make_open_study()
    Study.objects.filter(pk=study.pk).update(**change)
    change_payload(study.tasks.get(position=1), word="cat")
    assert {difference.what for difference in verified(study)} == {"the settings", "tasks.1"}


def test_a_changed_task_is_named_by_its_position_with_both_hashes():
    study = make_open_study()
    task = study.tasks.get(position=1)
    change_payload(task, word="cat")
    assert verified(study) == {Difference("tasks.1", task.sha256, hash_now(task))}
    assert hash_now(task) != task.sha256


@pytest.mark.parametrize("change", [{"variant": "blurred"}, {"position": 7}])
def test_every_part_of_a_task_is_frozen(change):
    study = make_open_study()
    task = study.tasks.get(position=1)
    Task.objects.filter(pk=task.pk).update(**change)
    assert {difference.what.partition(".")[0] for difference in verified(study)} >= {"tasks"}


def test_a_prompt_that_was_reworded_changes_all_its_tasks():
    study = make_open_study()
    prompt = Generation.objects.get().prompt
    prompt.text = "A cat on a red sofa."
    prompt.save()
    assert {difference.what for difference in verified(study)} == {"tasks.0", "tasks.1", "tasks.2"}


def test_a_task_whose_hash_was_rewritten_with_it_is_found_by_the_list_of_tasks():
    study = make_open_study()
    task = study.tasks.get(position=1)
    change_payload(task, word="cat")
    Task.objects.filter(pk=task.pk).update(sha256=hash_now(task))
    assert verified(study) == {Difference("the list of tasks", study.plan.tasks_sha256, tasks_sha256(study))}


def test_two_tasks_that_changed_places_are_found():
    study = make_open_study()
    first, second = study.tasks.filter(position__lt=2).order_by("position")
    for task, position in ((first, 99), (second, 0), (first, 1)):
        Task.objects.filter(pk=task.pk).update(position=position)
    assert {difference.what for difference in verified(study)} == {"tasks.0", "tasks.1", "the list of tasks"}


@pytest.mark.breaks_rows
def test_a_task_that_is_gone():
    study = make_open_study()
    study.tasks.get(position=0).delete()
    assert verified(study) == {
        Difference("tasks.0", "was there", None),
        Difference("the list of tasks", study.plan.tasks_sha256, tasks_sha256(study)),
        Difference(WRONG_SIZE, None, "1"),
    }


def test_a_task_that_was_added():
    study = make_open_study()
    task = study.tasks.get(position=2)
    added = Task.objects.create(
        study=study, position=3, rank=3, variant="again", generation=task.generation, payload=task.payload,
        sha256="0" * 64,
    )  # fmt: skip
    assert verified(study) == {
        Difference("tasks.3", None, hash_now(added)),
        Difference("the list of tasks", study.plan.tasks_sha256, tasks_sha256(study)),
    }


@pytest.mark.breaks_rows
def test_rows_that_do_not_fit_together_are_listed():
    study = make_open_study()
    answer_next(study, make_annotator(), {"choice": 4})
    Participation.objects.update(answered=F("answered") + 1)
    rule = "rows: a person's counters are not what that person's turns say"
    assert verified(study) == {Difference(rule, None, "1")}


# --- the plan's own row -----------------------------------------------------------------------------------


def test_a_plan_that_was_rewritten_is_named():
    study = make_open_study(title="Before")
    settings = {**study.plan.settings, "title": "After"}
    Plan.objects.update(settings=settings)
    assert verified(study) == {
        Difference("the plan itself", study.plan.sha256, plan_sha256(settings, study.plan.tasks_sha256)),
        Difference("title", '"After"', '"Before"'),
    }


def test_a_plan_and_a_title_that_were_rewritten_together_leave_a_trace():
    study = make_open_study(title="Before")
    Plan.objects.update(settings={**study.plan.settings, "title": "After"})
    Study.objects.update(title="After")
    assert {difference.what for difference in verified(study)} == {"the plan itself"}


def test_tasks_and_the_plans_hash_of_them_that_were_rewritten_together_leave_a_trace():
    study = make_open_study()
    task = study.tasks.get(position=1)
    change_payload(task, word="cat")
    Task.objects.filter(pk=task.pk).update(sha256=hash_now(task))
    Plan.objects.update(tasks_sha256=tasks_sha256(study))
    assert {difference.what for difference in verified(study)} == {"the plan itself"}


# --- files ------------------------------------------------------------------------------------------------


@pytest.fixture
def study():
    return make_open_study()


@pytest.fixture
def generation(study):
    return Generation.objects.get()


def replace(name: str) -> str:
    """Put another file of the same size in its place, past the site; its hash."""
    file = Path(default_storage.path(name))
    content = file.read_bytes()
    other = content[:-1] + bytes([content[-1] ^ 1])
    file.write_bytes(other)
    assert len(other) == len(content)
    return hashlib.sha256(other).hexdigest()


def test_an_image_that_was_replaced_on_disk_with_the_same_size(study, generation):
    now = replace(generation.image.name)
    what = f"file {generation.image.name} (image)"
    assert verified(study, files=False) == set()
    assert verified(study) == {Difference(what, generation.image_sha256, now)}


def test_heat_maps_that_were_replaced_on_disk(study, generation):
    now = replace(generation.heat_maps.name)
    what = f"file {generation.heat_maps.name} (heat maps)"
    assert verified(study) == {Difference(what, generation.heat_maps_sha256, now)}


def test_a_file_that_is_gone(study, generation):
    Path(default_storage.path(generation.image.name)).unlink()
    what = f"file {generation.image.name} (image)"
    assert verified(study) == {Difference(what, generation.image_sha256, None)}


def test_an_image_whose_file_and_hash_were_replaced_together_changes_its_tasks(study, generation):
    now = replace(generation.image.name)
    Generation.objects.update(image_sha256=now)
    assert {difference.what for difference in verified(study)} == {"tasks.0", "tasks.1", "tasks.2"}


def test_the_files_of_an_image_are_read_once_in_whichever_slices_its_tasks_are(monkeypatch):
    study = make_open_study(run=make_run(seeds=[0, 1]))
    monkeypatch.setattr(verifications, "SLICE", 1)
    read = []
    file_sha256 = verifications.file_sha256
    monkeypatch.setattr(
        verifications, "file_sha256", lambda stored: read.append(stored) or file_sha256(stored)
    )
    assert verified(study) == set()
    assert len(read) == len({stored.name for stored in read}) == 4


# --- listed once ------------------------------------------------------------------------------------------


def test_what_is_found_again_is_listed_once_and_stays_listed(study, generation):
    Study.objects.filter(pk=study.pk).update(title="Changed")
    replace(generation.image.name)
    change_payload(study.tasks.get(position=0), word="cat")
    found = verified(study)
    assert verified(study) == found
    assert study.plan.deviations.count() == len(found) == 3
    Study.objects.filter(pk=study.pk).update(title=study.title)
    assert verified(study) == {difference for difference in found if difference.what != "title"}
    assert study.plan.deviations.count() == 3
    Study.objects.filter(pk=study.pk).update(title="Changed otherwise")
    verified(study)
    assert list(study.plan.deviations.filter(what="title").values_list("now", flat=True)) == [
        '"Changed"',
        '"Changed otherwise"',
    ]


def test_a_deviation_is_named_by_a_hash_of_what_it_says(study):
    Study.objects.filter(pk=study.pk).update(title="Changed")
    verified(study)
    deviation = study.plan.deviations.get()
    assert deviation.sha256 == sha256_of(["title", deviation.frozen, '"Changed"'])
