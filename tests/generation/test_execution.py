"""A batch end to end: real rows and files, a real (tiny) Stable Diffusion pipeline."""

import hashlib
from importlib.metadata import version
from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from daamweb import CODE_VERSION
from generation import execution
from generation.daam import GlobalHeatMap
from generation.daam.checkpoint_folders import folder_revision
from generation.demo.scenes import SIZE
from generation.execution import execute_batch
from generation.models import Checkpoint, Generation, GenerationRun
from generation.pictures.overlays import overlay_file
from generation.services.checkpoints import find_or_create_demo_checkpoint
from generation.services.runs import create_run
from tests.factories import make_prompt_set
from tests.generation.tiny_runs import TEXTS, finish, outcome

pytestmark = pytest.mark.django_db
State = Generation.State


def pixels(generation: Generation) -> np.ndarray:
    with generation.image.open("rb") as file:
        return np.asarray(Image.open(file).convert("RGB"), dtype=np.int16)


# --- What is stored ----------------------------------------------------------------------------------------


def test_batch_becomes_images_and_heat_maps_with_their_origin(tiny_run, tiny_checkpoint):
    run = tiny_run(scheduler="ddim")
    assert execute_batch(run) == 3
    assert execute_batch(run) == 0
    for generation, text in zip(outcome(run), TEXTS, strict=True):
        assert (generation.state, generation.error, generation.attempts) == (State.DONE, "", 1)
        with generation.image.open("rb") as file:
            image = file.read()
        with generation.heat_maps.open("rb") as file:
            heat_maps = file.read()
        assert hashlib.sha256(image).hexdigest() == generation.image_sha256
        assert hashlib.sha256(heat_maps).hexdigest() == generation.heat_maps_sha256
        assert Image.open(BytesIO(image)).format == "PNG"
        assert Image.open(BytesIO(image)).size == (generation.width, generation.height) == (128, 128)
        loaded = GlobalHeatMap.load(BytesIO(heat_maps))
        assert (loaded.prompt, loaded.image_size) == (text, (128, 128))
        assert generation.checkpoint_revision == folder_revision(tiny_checkpoint)
        assert generation.versions["daamweb"] == CODE_VERSION
        assert generation.versions["torch"] == version("torch")
        assert generation.versions["diffusers"] == version("diffusers")
        assert generation.versions["pipeline"] == "StableDiffusionPipeline"
        assert generation.versions["device"]
        assert generation.seconds > 0
        assert generation.finished_at <= timezone.now()


def test_overlays_differ_from_word_to_word(tiny_run):
    [generation] = finish(tiny_run("a cat on grass", num_inference_steps=4))
    words = list(generation.prompt.words.all())
    drawn = {word.text: overlay_file(generation=generation, start=word.start, end=word.end) for word in words}
    assert len(set(drawn.values())) == len(words) == 4
    heat_maps = generation.load_heat_maps()
    soft = {word.text: heat_maps.span(word.start, word.end).soft() for word in words}
    for first, second in combinations(soft, 2):
        difference = np.abs(soft[first] / soft[first].max() - soft[second] / soft[second].max())
        assert difference.max() > 0.05, (first, second)


def test_prompt_longer_than_the_encoder_is_no_error(tiny_run):
    text = " ".join(["cat"] * 100)
    [generation] = finish(tiny_run(text))
    assert generation.load_heat_maps().attended == 75


# --- Seeds and settings ------------------------------------------------------------------------------------


def test_same_seed_same_bytes_and_another_seed_others(tiny_run):
    first = finish(tiny_run(seeds=[0, 1]))
    second = finish(tiny_run(seeds=[0, 1]))
    assert [g.image_sha256 for g in first] == [g.image_sha256 for g in second]
    assert [g.heat_maps_sha256 for g in first] == [g.heat_maps_sha256 for g in second]
    assert len({g.image_sha256 for g in first}) == 6


def test_batch_size_changes_rounding_only(tiny_run):
    alone = finish(tiny_run(batch_size=1))
    together = finish(tiny_run(batch_size=3))
    assert np.abs(pixels(alone[0]) - pixels(alone[1])).max() > 20
    for one, other in zip(alone, together, strict=True):
        assert one.prompt.text == other.prompt.text
        assert np.abs(pixels(one) - pixels(other)).max() <= 2
        one_maps, other_maps = one.load_heat_maps(), other.load_heat_maps()
        for grid, sums in one_maps.levels.items():
            np.testing.assert_allclose(sums, other_maps.levels[grid], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "setting", [{"num_inference_steps": 3}, {"guidance_scale": 1.0}, {"scheduler": "euler"}], ids=str
)
def test_settings_of_the_run_are_those_of_the_image(tiny_run, setting):
    [usual] = finish(tiny_run("a cat"))
    [other] = finish(tiny_run("a cat", **setting))
    assert usual.image_sha256 != other.image_sha256


# --- Where checkpoints lie ---------------------------------------------------------------------------------


def test_relative_folder_is_one_of_the_project_wherever_the_worker_was_started(
    tiny_run, tiny_checkpoint, settings, tmp_path, monkeypatch
):
    settings.BASE_DIR = tiny_checkpoint.parent
    monkeypatch.chdir(tmp_path)
    [generation] = finish(tiny_run("a cat", source=tiny_checkpoint.name))
    assert generation.checkpoint_revision == folder_revision(tiny_checkpoint)


def test_run_is_made_with_what_it_was_started_with_whatever_became_of_the_checkpoint(
    tiny_run, tiny_checkpoint, monkeypatch
):
    asked = []
    load_pipeline = execution.load_pipeline

    def note(source, **options):
        asked.append((source, options["revision"], options["dtype"]))
        return load_pipeline(source, **options)

    monkeypatch.setattr(execution, "load_pipeline", note)
    run = tiny_run("a cat")
    Checkpoint.objects.update(name="other", source="owner/other", revision="v2", data_type="bfloat16")
    [generation] = finish(GenerationRun.objects.get(pk=run.pk))
    assert asked == [(str(tiny_checkpoint), None, "float32")]
    assert generation.checkpoint_revision == folder_revision(tiny_checkpoint)


def test_demo_checkpoint_makes_an_image_as_it_comes_with_the_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = create_run(
        name="demo",
        prompt_set=make_prompt_set([("a cat", [("a", "DET", ""), ("cat", "NOUN", "")])]),
        checkpoint=find_or_create_demo_checkpoint(),
        num_inference_steps=1,
    )
    [generation] = finish(run)
    assert (generation.width, generation.height) == (SIZE, SIZE)
    assert generation.load_heat_maps().word("cat").soft().max() > 0
