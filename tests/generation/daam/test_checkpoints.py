import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from generation.daam import checkpoints
from generation.daam.checkpoint_folders import CheckpointNotFound, CheckpointUnreadable
from generation.daam.checkpoints import load_pipeline
from generation.daam.schedulers import SCHEDULERS
from tests.generation.daam.helpers import generate

UNET = "unet/diffusion_pytorch_model.safetensors"
TEXT_ENCODER = "text_encoder/model.safetensors"


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(checkpoints, "_cached", None)


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    """A checkpoint to change."""
    return shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint")


def test_a_folder_is_loaded_once(tiny_checkpoint):
    first = load_pipeline(str(tiny_checkpoint))
    assert load_pipeline(str(tiny_checkpoint)).pipeline is first.pipeline
    assert first.pipeline.unet.dtype == torch.float32
    assert first.pipeline.progress_bar(total=1).disable


def test_the_pipeline_generates_what_the_saved_one_did(tiny_checkpoint, tiny_pipeline):
    [expected] = generate(tiny_pipeline, "a dog", num_inference_steps=2)
    pipeline = load_pipeline(str(tiny_checkpoint)).pipeline
    [image] = generate(pipeline, "a dog", num_inference_steps=2)
    assert np.array_equal(image, expected)


def test_another_checkpoint_takes_the_place_of_the_last(tiny_checkpoint, folder):
    first = load_pipeline(str(tiny_checkpoint)).pipeline
    load_pipeline(str(folder))
    assert load_pipeline(str(tiny_checkpoint)).pipeline is not first


def test_dtype(tiny_checkpoint):
    assert load_pipeline(str(tiny_checkpoint), dtype="bfloat16").pipeline.unet.dtype == torch.bfloat16
    with pytest.raises(ValueError, match="float32, float16, bfloat16"):
        load_pipeline(str(tiny_checkpoint), dtype="int8")


# revisions


def test_revision_is_that_of_the_content(tiny_checkpoint, folder):
    original = load_pipeline(str(tiny_checkpoint)).revision
    assert len(original) == 64
    assert load_pipeline(str(folder)).revision == original


def test_revision_changes_with_content_and_names(folder):
    revisions = {load_pipeline(str(folder)).revision}
    config = folder / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace("0.012", "0.013"))
    revisions.add(load_pipeline(str(folder)).revision)
    (folder / "README").write_text("")
    revisions.add(load_pipeline(str(folder)).revision)
    (folder / "README").rename(folder / "README.md")
    revisions.add(load_pipeline(str(folder)).revision)
    assert len(revisions) == 4


def test_changed_weights_are_loaded_again(folder):
    before = load_pipeline(str(folder))
    weights = load_file(folder / UNET)
    weights["conv_in.bias"] += 1
    save_file(weights, folder / UNET, metadata={"format": "pt"})
    after = load_pipeline(str(folder))
    assert after.revision != before.revision
    assert torch.equal(after.pipeline.unet.conv_in.bias, before.pipeline.unet.conv_in.bias + 1)


def test_hidden_files_do_not_count(folder):
    before = load_pipeline(str(folder)).revision
    (folder / ".gitattributes").write_text("*")
    assert load_pipeline(str(folder)).revision == before


def test_a_folder_can_be_held_to_its_revision(folder):
    revision = load_pipeline(str(folder)).revision
    assert load_pipeline(str(folder), revision=revision).revision == revision
    (folder / "README").write_text("")
    with pytest.raises(CheckpointNotFound, match=f"{revision}.* have changed"):
        load_pipeline(str(folder), revision=revision)


# schedulers


def test_default_scheduler_is_the_papers(tiny_checkpoint):
    scheduler = load_pipeline(str(tiny_checkpoint)).pipeline.scheduler
    assert type(scheduler).__name__ == "DPMSolverMultistepScheduler"
    assert scheduler.config.algorithm_type == "dpmsolver++"
    assert scheduler.config.solver_order == 2


@pytest.mark.parametrize("name", list(SCHEDULERS))
def test_every_scheduler_keeps_the_checkpoints_noise_schedule_and_generates(tiny_checkpoint, name):
    pipeline = load_pipeline(str(tiny_checkpoint), scheduler=name).pipeline
    assert type(pipeline.scheduler).__name__ == SCHEDULERS[name].class_name
    assert pipeline.scheduler.config.beta_start == 0.00085
    assert pipeline.scheduler.config.beta_schedule == "scaled_linear"
    [image] = generate(pipeline, "a dog", num_inference_steps=3)
    assert image.std() > 10


def test_a_scheduler_does_not_depend_on_the_one_before(tiny_checkpoint):
    first = dict(load_pipeline(str(tiny_checkpoint), scheduler="dpm-solver++").pipeline.scheduler.config)
    load_pipeline(str(tiny_checkpoint), scheduler="pndm")
    again = dict(load_pipeline(str(tiny_checkpoint), scheduler="dpm-solver++").pipeline.scheduler.config)
    assert again == first


def test_an_unknown_scheduler(tiny_checkpoint):
    with pytest.raises(ValueError, match=r"no scheduler 'magic'; choose one of dpm-solver\+\+, ddim"):
        load_pipeline(str(tiny_checkpoint), scheduler="magic")


# not found, unreadable


@pytest.mark.parametrize("source", ["no/such-checkpoint", "nosuchcheckpoint"])
def test_neither_folder_nor_hub(source):
    with pytest.raises(CheckpointNotFound, match=f"no folder '{source}' here, and the hub did not give"):
        load_pipeline(source)


@pytest.mark.parametrize("source", ["", "/no/such/folder", "no such folder", "../x/y"])
def test_neither_folder_nor_the_name_of_a_hub_repository(source):
    with pytest.raises(CheckpointNotFound, match="cannot be the id"):
        load_pipeline(source)


@pytest.mark.parametrize("source", ["owner/name", "name"])
def test_a_hub_id_is_one_whatever_folder_is_here(folder, monkeypatch, source):
    (folder.parent / source).parent.mkdir(exist_ok=True)
    folder.rename(folder.parent / source)
    monkeypatch.chdir(folder.parent)
    assert len(load_pipeline(source).revision) == 64
    with pytest.raises(CheckpointNotFound, match=f"^The hub did not give a repository named '{source}'"):
        load_pipeline(source, from_hub=True)


def test_a_folder_is_not_looked_for_on_the_hub():
    with pytest.raises(CheckpointNotFound, match=r"There is no folder 'owner/name' here\.$"):
        load_pipeline("owner/name", from_hub=False)


def test_a_folder_that_is_no_checkpoint_is_not_hashed(tmp_path, monkeypatch):
    (tmp_path / "film.mkv").write_bytes(b"film")
    monkeypatch.setattr(hashlib, "file_digest", None)
    with pytest.raises(CheckpointUnreadable, match=r"no model_index\.json"):
        load_pipeline(str(tmp_path))


def test_parts_and_weights_lie_in_the_folder(folder):
    """Both lead to files that could be loaded."""
    index = folder / "model_index.json"
    whole = index.read_text()
    (folder / "unet").rename(folder.parent / "unet")
    index.write_text(whole.replace('"unet"', '"../unet"'))
    with pytest.raises(CheckpointUnreadable, match=r"a part with the name '\.\./unet'"):
        load_pipeline(str(folder))
    index.write_text(whole)
    (folder.parent / "unet").rename(folder / "unet")
    weights = load_file(folder / UNET)
    (folder / UNET).rename(folder.parent / "outside.safetensors")
    shards = {"metadata": {}, "weight_map": dict.fromkeys(weights, "../../outside.safetensors")}
    (folder / f"{UNET}.index.json").write_text(json.dumps(shards))
    with pytest.raises(CheckpointUnreadable, match="names weights that are not files beside it"):
        load_pipeline(str(folder))
    (folder.parent / "outside.safetensors").rename(folder / "unet" / "outside.safetensors")
    shards["weight_map"] = dict.fromkeys(weights, "outside.safetensors")
    (folder / f"{UNET}.index.json").write_text(json.dumps(shards))
    assert load_pipeline(str(folder)).pipeline.unet is not None


@pytest.mark.parametrize("where", ["pipeline", "unet"])
def test_code_of_a_checkpoints_own_is_not_run(folder, where):
    run = folder.parent / "was run"
    code = f"open({str(run)!r}, 'w')\nclass Evil: pass"
    index = json.loads((folder / "model_index.json").read_text())
    if where == "pipeline":
        (folder / "evil.py").write_text(code)
        index["_class_name"] = ["evil", "Evil"]
    else:
        (folder / "unet" / "evil.py").write_text(code)
        index["unet"] = ["evil", "Evil"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointUnreadable):
        load_pipeline(str(folder))
    assert not run.exists()


@pytest.mark.parametrize("name", [UNET, TEXT_ENCODER])
def test_damaged_weights_name_the_file_and_the_reason(folder, name):
    content = (folder / name).read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"not safetensors" * 100):
        (folder / name).write_bytes(damaged)
        with pytest.raises(CheckpointUnreadable, match=f"{name}: \\w+"):
            load_pipeline(str(folder))


@pytest.mark.parametrize("name", [UNET, TEXT_ENCODER])
def test_missing_weights(folder, name):
    (folder / name).unlink()
    with pytest.raises(CheckpointUnreadable, match="safetensors"):
        load_pipeline(str(folder))


@pytest.mark.parametrize("name", [UNET, TEXT_ENCODER, "vae/diffusion_pytorch_model.safetensors"])
def test_weights_that_lack_a_tensor_are_not_made_up(folder, name):
    weights = load_file(folder / name)
    dropped = sorted(weights)[-1]
    del weights[dropped]
    save_file(weights, folder / name, metadata={"format": "pt"})
    with pytest.raises(CheckpointUnreadable, match=dropped):
        load_pipeline(str(folder))


def test_weights_that_do_not_fit_the_configuration(folder):
    config = folder / "unet" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "cross_attention_dim": 16}))
    with pytest.raises(CheckpointUnreadable, match=r"size mismatch|shape"):
        load_pipeline(str(folder))


def test_a_configuration_that_is_not_json(folder):
    (folder / "unet" / "config.json").write_text("{")
    with pytest.raises(CheckpointUnreadable, match=r"config\.json"):
        load_pipeline(str(folder))


def test_pickled_weights_are_not_read(folder):
    weights = load_file(folder / UNET)
    (folder / UNET).unlink()
    torch.save(weights, folder / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(CheckpointUnreadable, match="safetensors"):
        load_pipeline(str(folder))


def test_a_failed_load_leaves_the_next_one_alone(tiny_checkpoint, folder):
    (folder / UNET).write_bytes(b"")
    with pytest.raises(CheckpointUnreadable):
        load_pipeline(str(folder))
    assert load_pipeline(str(tiny_checkpoint)).pipeline.unet is not None
