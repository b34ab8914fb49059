"""Of what is deleted no file is left."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from daamweb.projects.errors import ProjectError
from daamweb.work.slices import Pace
from generation.errors import PromptSetError, RunError
from generation.models import Checkpoint, Generation, GenerationRun, PromptSet, Word
from generation.prompts.captions import Caption
from generation.services import erasing
from generation.services.erasing import (
    delete_with_files,
    erase_import,
    erase_prompt_set,
    erase_run,
    remove_leftovers,
    set_prompt_set_aside,
    set_run_aside,
)
from generation.services.generations import claim_generations, finish_generation, folder_of
from generation.services.import_requests import request_import
from generation.services.parses import queue_parse
from generation.services.prompt_sets import create_prompts
from generation.services.runs import create_run
from tests.factories import DOG, main_project, make_prompt_set, make_run, make_study
from tests.generation.services.test_generations import result

pytestmark = pytest.mark.django_db


def files() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def files_in_rows() -> set[Path]:
    return {Path(settings.MEDIA_ROOT) / name for name in erasing.files_of(Generation.objects.all())}


def erase(run: GenerationRun) -> None:
    erase_run(run, lambda rows: None)


@pytest.mark.parametrize(("step", "is_kept"), [("files_of", True), ("remove_files", False)])
def test_a_worker_that_finishes_an_image_while_its_run_is_erased_leaves_nothing(monkeypatch, step, is_kept):
    run = make_run(make_prompt_set([DOG] * 2), finished=False)
    [generation] = claim_generations(run=run, limit=1)
    kept: list[bool] = []
    go_on = getattr(erasing, step)

    def finish_meanwhile(what):
        if not kept:
            kept.append(finish_generation(generation=generation, result=result()))
        return go_on(what)

    monkeypatch.setattr(erasing, step, finish_meanwhile)
    erase(run)
    assert kept == [is_kept]
    assert files() == set()
    assert not GenerationRun.objects.exists()


def test_what_a_killed_worker_stored_without_a_row_goes_with_the_run():
    run, other = make_run(), make_run()
    default_storage.save(f"{folder_of(run.pk)}/7-abc.png", ContentFile(b"png"))
    erase(run)
    assert files() == files_in_rows()
    assert {image.run for image in Generation.objects.all()} == {other}


def test_deleting_in_the_admin_takes_the_files_along_once_it_is_certain(django_capture_on_commit_callbacks):
    run, other = make_run(make_prompt_set([DOG] * 2)), make_run()
    before = files()
    one = run.generations.first()
    with django_capture_on_commit_callbacks(execute=True):
        assert delete_with_files(generation=one, by=None)
        assert not delete_with_files(generation=one, by=None)
        assert files() == before
    assert {Path(name).name for name in (one.image.name, one.heat_maps.name)} == {
        path.name for path in before - files()
    }
    assert files() == files_in_rows()
    assert {image.run for image in Generation.objects.all()} == {run, other}


# --- Set aside ---------------------------------------------------------------------------------------------


def test_what_is_set_aside_to_be_erased_is_nothing_to_build_on():
    prompt_set = make_prompt_set()
    parse = queue_parse(prompt_set=prompt_set)
    set_prompt_set_aside(prompt_set)
    parse.refresh_from_db()
    assert parse.state == parse.State.CANCELLED
    with pytest.raises(PromptSetError, match="is being erased"):
        queue_parse(prompt_set=prompt_set)
    checkpoint = Checkpoint.objects.create(name="checkpoint", source="owner/name")
    with pytest.raises(RunError, match="is being erased"):
        create_run(name="run", prompt_set=prompt_set, checkpoint=checkpoint)


def test_import_whose_set_is_set_aside_stores_nothing_more():
    row = request_import(project=main_project(), name="set", content=b"a cat\n", file_name="a.txt")
    assert row.take()
    set_prompt_set_aside(row.prompt_set)
    assert not row.mark_stored(position=1)
    erase_prompt_set(row.prompt_set, lambda rows: None)
    assert row.has_leftovers()
    remove_leftovers(row)
    assert files() == set()


def test_a_run_that_a_study_came_to_stand_on_keeps_its_pictures():
    """As one could by an erasure that was asked for by an older version."""
    study = make_study()
    before = files()
    with pytest.raises(ProjectError, match="A study stands on the run"):
        erase(study.run)
    assert files() == before
    assert study.run.generations.exists()


def test_what_is_needed_is_not_set_aside():
    study = make_study()
    with pytest.raises(ProjectError, match="A study stands on the run"):
        set_run_aside(study.run)
    with pytest.raises(ProjectError, match="has runs"):
        set_prompt_set_aside(study.run.prompt_set)


def test_what_is_gone_is_not_set_aside():
    run = make_run()
    GenerationRun.objects.all().delete()
    with pytest.raises(ProjectError, match="was deleted meanwhile"):
        set_run_aside(run)
    prompt_set = make_prompt_set()
    PromptSet.objects.all().delete()
    with pytest.raises(ProjectError, match="was deleted meanwhile"):
        set_prompt_set_aside(prompt_set)


def test_long_captions_are_erased_with_their_words_first(django_assert_max_num_queries):
    prompt_set = make_prompt_set([DOG] * 100)
    with django_assert_max_num_queries(60):
        erase_prompt_set(prompt_set, lambda rows: None)
    assert not Word.objects.exists()


def test_erasing_renews_its_lease_with_each_slice(monkeypatch):
    monkeypatch.setattr(erasing, "PROMPTS_AT_ONCE", 2)
    monkeypatch.setattr(Pace, "heed", lambda pace, held: None)
    row = request_import(project=main_project(), name="set", content=None, file_name="a.txt")
    captions = [Caption(row=n, external_id=str(n), text="a cat", metadata={}) for n in range(5)]
    create_prompts(row.prompt_set, captions)
    gone: list[int] = []
    erase_import(row, gone.append)
    assert gone == [2, 2, 1, 1]
