"""Of what is deleted no file is left."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation.models import Generation, GenerationRun
from generation.services import erasing
from generation.services.erasing import delete_with_files, erase_run
from generation.services.generations import claim_generations, finish_generation, folder_of
from tests.factories import DOG, make_prompt_set, make_run
from tests.generation.services.test_generations import result

pytestmark = pytest.mark.django_db


def files() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def files_in_rows() -> set[Path]:
    return {Path(settings.MEDIA_ROOT) / name for name in erasing.files_of(Generation.objects.all())}


def erase(run: GenerationRun) -> None:
    erase_run(run, lambda rows: None)


def test_a_worker_that_finishes_an_image_while_its_run_is_erased_leaves_nothing(monkeypatch):
    run = make_run(make_prompt_set([DOG] * 2), finished=False)
    [generation] = claim_generations(run=run, limit=1)
    kept: list[bool] = []

    def finish_meanwhile(images, files_of=erasing.files_of):
        kept.append(finish_generation(generation=generation, result=result()))
        return files_of(images)

    monkeypatch.setattr(erasing, "files_of", finish_meanwhile)
    erase(run)
    assert kept == [False]
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
        delete_with_files(row=one, by=None)
        assert files() == before
    assert {Path(name).name for name in (one.image.name, one.heat_maps.name)} == {
        path.name for path in before - files()
    }
    with django_capture_on_commit_callbacks(execute=True):
        assert delete_with_files(row=run, by=None)
        assert not delete_with_files(row=run, by=None)
    assert files() == files_in_rows()
    assert {image.run for image in Generation.objects.all()} == {other}
