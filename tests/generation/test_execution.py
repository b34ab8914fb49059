"""A batch end to end: real rows and files, a real (tiny) Stable Diffusion pipeline."""

import hashlib
import shutil
import uuid
import weakref
from datetime import timedelta
from importlib.metadata import version
from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from django.core.files.storage import FileSystemStorage
from django.utils import timezone
from PIL import Image

from daamweb import CODE_VERSION
from generation import execution
from generation.daam import GlobalHeatMap
from generation.daam.checkpoints import folder_revision
from generation.demo.scenes import SIZE
from generation.execution import execute_batch
from generation.models import Checkpoint, Generation, GenerationRun
from generation.pictures.overlays import overlay_file
from generation.services.checkpoints import find_or_create_demo_checkpoint
from generation.services.runs import create_run, retry_failed
from tests.factories import make_prompt_set

pytestmark = pytest.mark.django_db
State = Generation.State
TEXTS = ("a cat on a red sofa", "a dog and a ball", "two apples")


@pytest.fixture
def make(tiny_checkpoint):
    """A queued run on the tiny checkpoint."""

    def make(*texts: str, source: str | None = None, **settings) -> GenerationRun:
        number = GenerationRun.objects.count()
        words = [[(word, "NOUN", "") for word in text.split()] for text in texts or TEXTS]
        return create_run(
            name=f"run {number}",
            prompt_set=make_prompt_set(list(zip(texts or TEXTS, words, strict=True))),
            checkpoint=Checkpoint.objects.create(
                name=f"checkpoint {number}", source=str(source or tiny_checkpoint)
            ),
            **{"num_inference_steps": 2, "batch_size": 3} | settings,
        )

    return make


def outcome(run: GenerationRun) -> list[Generation]:
    return list(run.generations.order_by("prompt__position", "seed"))


def finish(run: GenerationRun) -> list[Generation]:
    while execute_batch(run):
        pass
    generations = outcome(run)
    assert [generation.error for generation in generations] == [""] * len(generations)
    assert {generation.state for generation in generations} == {State.SUCCEEDED}
    return generations


def pixels(generation: Generation) -> np.ndarray:
    with generation.image.open("rb") as file:
        return np.asarray(Image.open(file).convert("RGB"), dtype=np.int16)


# --- What is stored ----------------------------------------------------------------------------------------


def test_batch_becomes_images_and_heat_maps_with_their_origin(make, tiny_checkpoint):
    run = make(scheduler="ddim")
    assert execute_batch(run) == 3
    assert execute_batch(run) == 0
    for generation, text in zip(outcome(run), TEXTS, strict=True):
        assert (generation.state, generation.error, generation.attempts) == (State.SUCCEEDED, "", 1)
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


def test_overlays_differ_from_word_to_word(make):
    [generation] = finish(make("a cat on grass", num_inference_steps=4))
    words = list(generation.prompt.words.all())
    drawn = {word.text: overlay_file(generation=generation, start=word.start, end=word.end) for word in words}
    assert len(set(drawn.values())) == len(words) == 4
    heat_maps = generation.load_heat_maps()
    soft = {word.text: heat_maps.span(word.start, word.end).soft() for word in words}
    for first, second in combinations(soft, 2):
        difference = np.abs(soft[first] / soft[first].max() - soft[second] / soft[second].max())
        assert difference.max() > 0.05, (first, second)


def test_prompt_longer_than_the_encoder_is_no_error(make):
    text = " ".join(["cat"] * 100)
    [generation] = finish(make(text))
    assert generation.load_heat_maps().attended == 75


# --- Seeds and settings ------------------------------------------------------------------------------------


def test_same_seed_same_bytes_and_another_seed_others(make):
    first = finish(make(seeds=[0, 1]))
    second = finish(make(seeds=[0, 1]))
    assert [g.image_sha256 for g in first] == [g.image_sha256 for g in second]
    assert [g.heat_maps_sha256 for g in first] == [g.heat_maps_sha256 for g in second]
    assert len({g.image_sha256 for g in first}) == 6


def test_batch_size_changes_rounding_only(make):
    alone = finish(make(batch_size=1))
    together = finish(make(batch_size=3))
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
def test_settings_of_the_run_are_those_of_the_image(make, setting):
    [usual] = finish(make("a cat"))
    [other] = finish(make("a cat", **setting))
    assert usual.image_sha256 != other.image_sha256


# --- What goes wrong ---------------------------------------------------------------------------------------


def engine_that_fails(monkeypatch, on: str) -> list[int]:
    """The real engine, but for one prompt. The sizes of the batches it was asked for."""
    make_images = execution.make_images
    sizes = []

    def fail_on_one(run, loaded, generations, on_step=None):
        sizes.append(len(generations))
        if any(generation.prompt.text == on for generation in generations):
            raise RuntimeError("CUDA out of memory")
        return make_images(run, loaded, generations, on_step)

    monkeypatch.setattr(execution, "make_images", fail_on_one)
    return sizes


def test_one_bad_prompt_does_not_take_the_others_with_it(make, monkeypatch, caplog):
    sizes = engine_that_fails(monkeypatch, on=TEXTS[1])
    run = make()
    assert execute_batch(run) == 3
    good, bad, other = outcome(run)
    assert (good.state, bad.state, other.state) == (State.SUCCEEDED, State.FAILED, State.SUCCEEDED)
    assert bad.error == "RuntimeError: CUDA out of memory"
    assert (bad.claim, bad.lease_expires_at) == (None, None)
    assert sizes == [3, 1, 1, 1]
    assert f"Generation {good.pk}, {bad.pk}, {other.pk} failed." in caplog.text
    assert f"Generation {bad.pk} failed." in caplog.text
    assert "Traceback" in caplog.text
    assert execute_batch(run) == 0


def test_batch_too_large_for_the_memory_is_made_one_by_one(make, monkeypatch):
    make_images = execution.make_images

    def only_one(run, loaded, generations, on_step=None):
        if len(generations) > 1:
            raise MemoryError
        return make_images(run, loaded, generations, on_step)

    monkeypatch.setattr(execution, "make_images", only_one)
    finish(make())


def test_failed_batch_holds_no_memory_while_its_images_are_tried(make, monkeypatch):
    make_images = execution.make_images
    batches = []

    class Batch:
        """What the pipeline has in the GPU's memory."""

    def only_one(run, loaded, generations, on_step=None):
        assert all(batch() is None for batch in batches)
        if len(generations) > 1:
            batch = Batch()
            batches.append(weakref.ref(batch))
            raise RuntimeError("CUDA out of memory")
        return make_images(run, loaded, generations, on_step)

    monkeypatch.setattr(execution, "make_images", only_one)
    finish(make())
    assert len(batches) == 1


def test_failed_image_can_be_retried(make, monkeypatch):
    run = make("a cat")
    with monkeypatch.context() as broken:
        engine_that_fails(broken, on="a cat")
        execute_batch(run)
    assert outcome(run)[0].state == State.FAILED
    assert retry_failed(run=run) == 1
    finish(run)


def assert_all_failed(run: GenerationRun, *reasons: str) -> None:
    for generation in outcome(run):
        assert (generation.state, generation.claim) == (State.FAILED, None)
        for reason in (run.checkpoint.name, *reasons):
            assert reason in generation.error
        assert "\n" not in generation.error
    assert execute_batch(run) == 0


@pytest.mark.parametrize("source", ["/nowhere/weights", "owner/no-such-weights"])
def test_unknown_checkpoint_fails_everything_that_waits_with_a_clear_error(make, source):
    run = make(source=source, batch_size=1)
    assert execute_batch(run) == 3
    assert_all_failed(run, "could not be loaded", source)


def test_unreadable_weights_fail_with_the_name_of_the_file(make, tiny_checkpoint, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_checkpoint, folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    run = make(source=folder)
    execute_batch(run)
    assert_all_failed(run, "could not be loaded", "unet/diffusion_pytorch_model.safetensors")


def test_folder_that_is_no_checkpoint_fails_with_a_clear_error(make, tmp_path):
    run = make(source=tmp_path)
    execute_batch(run)
    assert_all_failed(run, "could not be loaded", "model_index.json")


@pytest.mark.parametrize("error", [RuntimeError, AssertionError])
def test_whatever_loading_raises_fails_everything_with_a_clear_error(make, monkeypatch, error):
    def load_pipeline(*args, **options):
        raise error("CUDA out of memory")

    monkeypatch.setattr(execution, "load_pipeline", load_pipeline)
    run = make()
    assert execute_batch(run) == 3
    assert_all_failed(run, f"{error.__name__}: CUDA out of memory")


def test_file_that_cannot_be_stored_fails_one_image(make, monkeypatch):
    save = FileSystemStorage.save
    run = make()
    full = outcome(run)[1]

    def save_but_one(storage, name, content, **options):
        if name.rpartition("/")[2].startswith(f"{full.pk}-"):
            raise OSError(28, "No space left on device")
        return save(storage, name, content, **options)

    monkeypatch.setattr(FileSystemStorage, "save", save_but_one)
    execute_batch(run)
    states = [generation.state for generation in outcome(run)]
    assert states == [State.SUCCEEDED, State.FAILED, State.SUCCEEDED]
    full.refresh_from_db()
    assert "could not be stored" in full.error
    assert "No space left on device" in full.error


# --- Other workers -----------------------------------------------------------------------------------------


def test_nothing_is_loaded_when_nothing_is_left(make, monkeypatch):
    run = make("a cat")
    finish(run)
    monkeypatch.setattr(execution, "load_pipeline", None)
    assert execute_batch(run) == 0


def test_nothing_is_claimed_while_the_checkpoint_loads(make, monkeypatch):
    """A download may take longer than a lease."""
    load_pipeline = execution.load_pipeline
    run = make("a cat")
    states = []

    def look_meanwhile(*args, **options):
        states.append(outcome(run)[0].state)
        return load_pipeline(*args, **options)

    monkeypatch.setattr(execution, "load_pipeline", look_meanwhile)
    execute_batch(run)
    assert states == [State.QUEUED]


def test_leases_are_renewed_while_the_pipeline_works(make, settings, monkeypatch):
    settings.GENERATION_LEASE = timedelta(microseconds=1)
    renew_leases = execution.renew_leases
    renewed = []

    def note(claim):
        renewed.append(renew_leases(claim=claim))

    monkeypatch.setattr(execution, "renew_leases", note)
    run = make(num_inference_steps=4)
    assert run.poked_at is None
    execute_batch(run)
    assert renewed == [3, 3, 3, 3]
    run.refresh_from_db()
    assert run.poked_at  # somebody is at it: the sweep need not tell anyone


def test_leases_that_last_are_not_renewed_at_every_step(make, monkeypatch):
    monkeypatch.setattr(execution, "renew_leases", None)
    finish(make("a cat", num_inference_steps=4))


def test_result_is_dropped_when_another_worker_took_over(make, monkeypatch, media_folder, caplog):
    make_images = execution.make_images
    other = uuid.uuid4()

    def lose_one(run, loaded, generations, on_step=None):
        results = make_images(run, loaded, generations, on_step)
        Generation.objects.filter(pk=generations[0].pk).update(claim=other)
        return results

    monkeypatch.setattr(execution, "make_images", lose_one)
    run = make(TEXTS[0], TEXTS[1])
    execute_batch(run)
    lost, kept = outcome(run)
    assert (lost.state, lost.claim) == (State.RUNNING, other)
    assert kept.state == State.SUCCEEDED
    assert f"Generation {lost.pk} was taken over" in caplog.text
    files = [path.name for path in media_folder.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(name.startswith(f"{kept.pk}-") for name in files)


# --- Where checkpoints lie ---------------------------------------------------------------------------------


def test_relative_folder_is_one_of_the_project_wherever_the_worker_was_started(
    make, tiny_checkpoint, settings, tmp_path, monkeypatch
):
    settings.BASE_DIR = tiny_checkpoint.parent
    monkeypatch.chdir(tmp_path)
    [generation] = finish(make("a cat", source=tiny_checkpoint.name))
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
