"""What goes wrong in a batch, and what other workers do meanwhile."""

import shutil
import uuid
import weakref
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from generation import execution
from generation.execution import execute_batch
from generation.models import Generation, GenerationRun
from generation.services.runs import retry_failed
from tests.generation.tiny_runs import TEXTS, finish, outcome

pytestmark = pytest.mark.django_db
State = Generation.State


# --- What goes wrong ---------------------------------------------------------------------------------------


def engine_that_fails(monkeypatch, on: str) -> list[int]:
    """The real engine, but for one prompt. The sizes of the batches it was asked for."""
    make_images = execution.make_images
    sizes = []

    def fail_on_one(run, loaded, generations):
        sizes.append(len(generations))
        if any(generation.prompt.text == on for generation in generations):
            raise RuntimeError("CUDA out of memory")
        return make_images(run, loaded, generations)

    monkeypatch.setattr(execution, "make_images", fail_on_one)
    return sizes


def test_one_bad_prompt_does_not_take_the_others_with_it(tiny_run, monkeypatch, caplog):
    sizes = engine_that_fails(monkeypatch, on=TEXTS[1])
    run = tiny_run()
    assert execute_batch(run) == 3
    good, bad, other = outcome(run)
    assert (good.state, bad.state, other.state) == (State.DONE, State.FAILED, State.DONE)
    assert bad.error == "RuntimeError: CUDA out of memory"
    assert (bad.claim, bad.lease_expires_at) == (None, None)
    assert sizes == [3, 1, 1, 1]
    assert f"Generation {good.pk}, {bad.pk}, {other.pk} failed." in caplog.text
    assert f"Generation {bad.pk} failed." in caplog.text
    assert "Traceback" in caplog.text
    assert execute_batch(run) == 0


def test_batch_too_large_for_the_memory_is_made_one_by_one(tiny_run, monkeypatch):
    make_images = execution.make_images

    def only_one(run, loaded, generations):
        if len(generations) > 1:
            raise MemoryError
        return make_images(run, loaded, generations)

    monkeypatch.setattr(execution, "make_images", only_one)
    finish(tiny_run())


def test_failed_batch_holds_no_memory_while_its_images_are_tried(tiny_run, monkeypatch):
    make_images = execution.make_images
    batches = []

    class Batch:
        """What the pipeline has in the GPU's memory."""

    def only_one(run, loaded, generations):
        assert all(batch() is None for batch in batches)
        if len(generations) > 1:
            batch = Batch()
            batches.append(weakref.ref(batch))
            raise RuntimeError("CUDA out of memory")
        return make_images(run, loaded, generations)

    monkeypatch.setattr(execution, "make_images", only_one)
    finish(tiny_run())
    assert len(batches) == 1


def test_failed_image_can_be_retried(tiny_run, monkeypatch):
    run = tiny_run("a cat")
    with monkeypatch.context() as broken:
        engine_that_fails(broken, on="a cat")
        execute_batch(run)
    assert outcome(run)[0].state == State.FAILED
    assert retry_failed(run=run) == 1
    finish(run)


def assert_all_failed(run: GenerationRun, *reasons: str) -> None:
    for generation in outcome(run):
        assert (generation.state, generation.claim) == (State.FAILED, None)
        for reason in (run.checkpoint_name, *reasons):
            assert reason in generation.error
        assert "\n" not in generation.error
    assert execute_batch(run) == 0


def test_unknown_checkpoint_fails_everything_that_waits_with_a_clear_error(tiny_run, root):
    for source, reason in (
        ("owner/no-such-weights", "The hub did not give a repository named"),
        (root / "weights", "There is no folder"),
        ("/nowhere/weights", "add it to CHECKPOINT_ROOTS"),
    ):
        run = tiny_run(source=source, batch_size=1)
        assert execute_batch(run) == 3
        assert_all_failed(run, "could not be loaded", str(source), reason)


@pytest.mark.parametrize("name", ["folder", "unet", "unet/config.json", "model_index.json"])
def test_folder_that_leads_out_by_now_is_not_loaded(tiny_run, tiny_checkpoint, root, monkeypatch, name):
    """It did not when it was named."""
    folder = shutil.copytree(tiny_checkpoint, root / "folder")
    run = tiny_run(source=folder)
    moved = folder if name == "folder" else folder / name
    moved.rename(root.parent / "outside")
    moved.symlink_to(root.parent / "outside")
    monkeypatch.setattr(execution, "load_pipeline", None)
    execute_batch(run)
    assert_all_failed(run, "could not be loaded", "CHECKPOINT_ROOTS")


def test_hub_id_is_not_the_folder_where_the_worker_was_started(
    tiny_run, tiny_checkpoint, root, settings, monkeypatch
):
    shutil.copytree(tiny_checkpoint, root / "owner" / "name")
    settings.BASE_DIR = root
    monkeypatch.chdir(root)
    run = tiny_run(source="owner/name")
    execute_batch(run)
    assert_all_failed(run, "The hub did not give a repository named 'owner/name'")


def test_unreadable_weights_fail_with_the_name_of_the_file(tiny_run, tiny_checkpoint, root):
    folder = root / "damaged"
    shutil.copytree(tiny_checkpoint, folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    run = tiny_run(source=folder)
    execute_batch(run)
    assert_all_failed(run, "could not be loaded", "unet/diffusion_pytorch_model.safetensors")


def test_folder_that_is_no_checkpoint_fails_with_a_clear_error(tiny_run, root):
    run = tiny_run(source=root)
    execute_batch(run)
    assert_all_failed(run, "could not be loaded", "model_index.json")


@pytest.mark.parametrize("error", [RuntimeError, AssertionError])
def test_whatever_loading_raises_fails_everything_with_a_clear_error(tiny_run, monkeypatch, error):
    def load_pipeline(*args, **options):
        raise error("CUDA out of memory")

    monkeypatch.setattr(execution, "load_pipeline", load_pipeline)
    run = tiny_run()
    assert execute_batch(run) == 3
    assert_all_failed(run, f"{error.__name__}: CUDA out of memory")


def test_file_that_cannot_be_stored_fails_one_image(tiny_run, monkeypatch):
    save = FileSystemStorage.save
    run = tiny_run()
    full = outcome(run)[1]

    def save_but_one(storage, name, content, **options):
        if name.rpartition("/")[2].startswith(f"{full.pk}-"):
            raise OSError(28, "No space left on device")
        return save(storage, name, content, **options)

    monkeypatch.setattr(FileSystemStorage, "save", save_but_one)
    execute_batch(run)
    states = [generation.state for generation in outcome(run)]
    assert states == [State.DONE, State.FAILED, State.DONE]
    full.refresh_from_db()
    assert "could not be stored" in full.error
    assert "No space left on device" in full.error


# --- Other workers -----------------------------------------------------------------------------------------


def test_nothing_is_loaded_when_nothing_is_left(tiny_run, monkeypatch):
    run = tiny_run("a cat")
    finish(run)
    monkeypatch.setattr(execution, "load_pipeline", None)
    assert execute_batch(run) == 0


def test_images_are_claimed_and_kept_while_the_checkpoint_loads(tiny_run, monkeypatch):
    """Their attempt is counted, whatever loading does to the worker; a download may take longer than a
    lease."""
    load_pipeline = execution.load_pipeline
    run = tiny_run("a cat")
    seen, keeping = [], []

    @contextmanager
    def kept(batch):
        keeping.append(batch)
        yield
        keeping.remove(batch)

    def look_meanwhile(*args, **options):
        [generation] = outcome(run)
        seen.append((generation.state, generation.attempts, generation.checkpoint_revision, len(keeping)))
        return load_pipeline(*args, **options)

    monkeypatch.setattr(execution, "kept", kept)
    monkeypatch.setattr(execution, "load_pipeline", look_meanwhile)
    execute_batch(run)
    assert seen == [(State.RUNNING, 1, "", 1)]
    assert keeping == []


def test_worker_that_is_killed_while_it_loads_is_given_up_after_three_times(tiny_run, monkeypatch):
    """Field case: killed five times, out of memory or by its operator."""
    loads = []

    def load_pipeline(*args, **options):
        loads.append(args)
        raise SystemExit

    monkeypatch.setattr(execution, "load_pipeline", load_pipeline)
    run = tiny_run(batch_size=2)
    for _ in range(5):
        with suppress(SystemExit):
            execute_batch(run)
        Generation.objects.filter(state=State.RUNNING).update(
            lease_expires_at=timezone.now() - timedelta(seconds=1)
        )
    assert len(loads) == 3
    assert {generation.state for generation in outcome(run)} == {State.FAILED}
    assert all("3 times" in generation.error for generation in outcome(run))


def test_worker_that_lost_its_batch_while_loading_makes_nothing(tiny_run, monkeypatch):
    load_pipeline = execution.load_pipeline
    run = tiny_run("a cat")

    def lose_it(*args, **options):
        assert Generation.objects.get().cancel()
        return load_pipeline(*args, **options)

    monkeypatch.setattr(execution, "load_pipeline", lose_it)
    monkeypatch.setattr(execution, "make_images", None)
    assert execute_batch(run) == 1
    assert outcome(run)[0].state == State.CANCELLED


def test_result_is_dropped_when_another_worker_took_over(tiny_run, monkeypatch, media_folder, caplog):
    make_images = execution.make_images
    other = uuid.uuid4()

    def lose_one(run, loaded, generations):
        results = make_images(run, loaded, generations)
        Generation.objects.filter(pk=generations[0].pk).update(claim=other)
        return results

    monkeypatch.setattr(execution, "make_images", lose_one)
    run = tiny_run(TEXTS[0], TEXTS[1])
    execute_batch(run)
    lost, kept = outcome(run)
    assert (lost.state, lost.claim) == (State.RUNNING, other)
    assert kept.state == State.DONE
    assert f"Generation {lost.pk} was taken over" in caplog.text
    files = [path.name for path in media_folder.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(name.startswith(f"{kept.pk}-") for name in files)
