import pytest

from annotations.models import Place, Study, Task
from annotations.services.new_places import make_places
from tests.factories import make_prompt_set, make_run, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    """Of eight words that are rated, one of them by a wrong map, and of a check in their middle."""
    words = [(noun, "NOUN", "") for noun in ("dog", "cat", "bus", "tree", "lamp", "sofa", "door", "hill")]
    words.append((".", "PUNCT", "attention_check"))
    study = make_study(
        run=make_run(make_prompt_set([(" ".join(word for word, *_ in words), words)])), replicas=3
    )
    check, control = study.tasks.get(role=Task.Role.CHECK), study.tasks.filter(role=Task.Role.ITEM)[2]
    # By way of a number that is free: no two tasks of a study have the same.
    at = control.position
    for task, position in ((control, 1_000), (check, at), (control, check.position)):
        Task.objects.filter(pk=task.pk).update(position=position)
    Task.objects.filter(pk=control.pk).update(role=Task.Role.CONTROL)
    Study.objects.filter(pk=study.pk).update(items=7, controls=1)
    study.refresh_from_db()
    return study


def with_places(study: Study) -> list[int]:
    tasks = study.tasks.exclude(role=Task.Role.CHECK).order_by("position")
    return list(tasks.values_list("pk", flat=True))


def test_items_and_controls_stand_on_the_ring_in_their_order_whatever_the_slices(study):
    before = 0
    for first in range(0, 9, 2):
        make_places(study, first=first, count=2, before=before)
        before = Place.objects.filter(replica=0).count()
    assert list(Place.objects.order_by("order").values_list("task", "replica", "order")) == [
        (task, replica, replica * 8 + index)
        for replica in range(3)
        for index, task in enumerate(with_places(study))
    ]


def test_a_new_place_is_as_the_model_makes_one(study):
    """The statement names only the columns that are not empty."""
    make_places(study, first=0, count=1, before=0)
    found = Place.objects.values().get(replica=2)
    made = Place(study=study, task_id=with_places(study)[0], replica=2, order=2 * 8)
    assert found == {field.attname: getattr(made, field.attname) for field in Place._meta.fields} | {
        "id": found["id"]
    }


def test_places_that_are_there_are_left_alone(study):
    make_places(study, first=0, count=4, before=0)
    there = list(Place.objects.order_by("pk").values())
    make_places(study, first=0, count=9, before=0)
    assert list(Place.objects.order_by("pk").values())[: len(there)] == there
    assert Place.objects.count() == 3 * 8


def test_another_studys_tasks_get_none(study):
    other = make_study(run=study.run)
    make_places(study, first=0, count=9, before=0)
    assert not Place.objects.filter(task__study=other).exists()
    assert not Place.objects.exclude(study=study).exists()
