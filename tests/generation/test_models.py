"""The constraints hold in the database even when the code is wrong."""

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from generation.daam.schedulers import SCHEDULERS
from generation.models import Checkpoint, Generation, GenerationRun, Prompt, PromptSet, Word
from tests.factories import DOG, main_project, make_prompt_set, make_run

pytestmark = pytest.mark.django_db
State = Generation.State


class refuses:
    """The database refuses what is done inside, by the constraint of this name.

    SQLite names the columns of a unique constraint instead.
    """

    def __init__(self, name: str):
        self.name = name

    def __enter__(self):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def __exit__(self, kind, error, traceback):
        self.atomic.__exit__(kind, error, traceback)
        assert kind is not None, f"{self.name}: nothing was refused"
        if not issubclass(kind, IntegrityError):
            return False
        constraint = constraints()[self.name]
        if connection.vendor == "sqlite" and isinstance(constraint, models.UniqueConstraint):
            assert "UNIQUE constraint failed" in str(error)
        else:
            assert self.name in str(error)
        return True


def constraints() -> dict[str, models.BaseConstraint]:
    return {
        constraint.name: constraint
        for model in (PromptSet, Prompt, Word, Checkpoint, GenerationRun, Generation)
        for constraint in model._meta.constraints
    }


@pytest.fixture
def prompt() -> Prompt:
    return make_prompt_set().prompts.get()


@pytest.fixture
def generation() -> Generation:
    return make_run(finished=False).generations.get()


def test_positions_and_ids_of_prompts_are_unique_in_their_set(prompt):
    values = {"prompt_set": prompt.prompt_set, "text": "a cat"}
    with refuses("prompt_position_unique_in_set"):
        Prompt.objects.create(position=prompt.position, external_id="other", **values)
    with refuses("prompt_external_id_unique_in_set"):
        Prompt.objects.create(position=9, external_id=prompt.external_id, **values)
    elsewhere = PromptSet.objects.create(project=main_project(), name="elsewhere", origin="text")
    Prompt.objects.create(
        position=prompt.position, external_id=prompt.external_id, text="a cat", prompt_set=elsewhere
    )


def test_prompt_has_a_text(prompt):
    with refuses("prompt_text_not_empty"):
        Prompt.objects.filter(pk=prompt.pk).update(text="")


def test_words_have_places_of_their_own_and_characters(prompt):
    word = prompt.words.first()
    values = {"prompt": prompt, "text": "x", "part_of_speech": "X"}
    with refuses("word_position_unique_in_prompt"):
        Word.objects.create(position=word.position, start=0, end=1, **values)
    with refuses("word_span_not_empty"):
        Word.objects.create(position=90, start=3, end=3, **values)


@pytest.mark.parametrize(
    ("name", "field", "values"),
    [
        ("run_steps_in_range", "num_inference_steps", [0, 1001]),
        ("run_guidance_scale_in_range", "guidance_scale", [-0.1, 100.1]),
        ("run_batch_size_in_range", "batch_size", [0, 65]),
    ],
)
def test_settings_of_a_run_are_in_range(name, field, values):
    run = make_run(finished=False)
    for value in values:
        with refuses(name):
            GenerationRun.objects.filter(pk=run.pk).update(**{field: value})


@pytest.mark.parametrize("column", ["checkpoint_name", "checkpoint_source"])
def test_run_says_what_its_checkpoint_was(column):
    make_run(finished=False)
    with refuses("run_says_its_checkpoint"):
        GenerationRun.objects.update(**{column: ""})


def test_image_of_a_prompt_and_seed_is_made_once_in_a_run(generation):
    with refuses("generation_unique_in_run"):
        Generation.objects.create(run=generation.run, prompt=generation.prompt, seed=generation.seed)


def test_what_is_done_has_its_files_and_a_time(generation):
    rows = Generation.objects.filter(pk=generation.pk)
    whole = {"image": "a.png", "heat_maps": "a.npz", "finished_at": timezone.now()}
    for missing, nothing, name in (
        ("image", "", "generation_done_has_files"),
        ("heat_maps", "", "generation_done_has_files"),
        ("finished_at", None, "generation_finished_has_time"),
    ):
        with refuses(name):
            rows.update(state=State.DONE, **{**whole, missing: nothing})
    assert rows.update(state=State.DONE, **whole) == 1


def test_every_constraint_is_in_the_database():
    for model in (Prompt, Word, GenerationRun, Generation):
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, model._meta.db_table)
        assert {constraint.name for constraint in model._meta.constraints} <= set(found)


@pytest.mark.parametrize("model", [PromptSet, Checkpoint])
def test_what_a_run_was_made_of_cannot_be_deleted(model):
    make_run(finished=False)
    with pytest.raises(ProtectedError):
        model.objects.all().delete()


def test_deleting_a_run_deletes_its_generations_and_leaves_the_prompts():
    run = make_run(make_prompt_set([DOG, DOG]), finished=False)
    run.delete()
    assert not Generation.objects.exists()
    assert Prompt.objects.count() == 2


def test_the_schedulers_that_can_be_chosen_are_those_of_the_engine():
    assert set(GenerationRun.Scheduler.values) == set(SCHEDULERS)


def test_long_prompts_are_shortened_for_display_only(prompt):
    prompt.text = "x" * 100
    assert str(prompt) == "x" * 79 + "…"
    prompt.text = "x" * 80
    assert str(prompt) == "x" * 80


def test_heat_maps_are_read_without_torch_from_the_stored_file():
    generation = make_run().generations.get()
    heat_maps = generation.load_heat_maps()
    assert heat_maps.prompt == DOG[0]
    assert heat_maps.word("dog").soft().shape == (64, 64)
