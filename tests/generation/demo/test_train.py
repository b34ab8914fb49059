"""The whole training on next to nothing, and what comes out of it as a checkpoint."""

import sys

import pytest
import torch

from generation.daam import trace
from generation.daam.checkpoints import load_pipeline
from generation.demo import architecture, train
from generation.demo.scenes import SIZE

pytestmark = pytest.mark.services  # for their time


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder with the state of a training of a few steps, and the checkpoint that it exported."""
    folder = tmp_path_factory.mktemp("training")
    with pytest.MonkeyPatch.context() as patch:
        run(patch, folder, "--autoencoder-steps", "10", "--shards", "1", "--steps", "2")
    return folder


def run(patch, folder, *arguments):
    patch.setattr(train, "SCENES_PER_SHARD", 8)
    patch.setattr(train, "SCENES_FOR_SCALE", 8)
    target, threads = str(folder / "checkpoint"), str(torch.get_num_threads())
    common = ["--folder", str(folder), "--export", target, "--batch-size", "4", "--threads", threads]
    patch.setattr(sys, "argv", ["train", *common, *arguments])
    train.main()


def test_the_checkpoint_loads_like_any_other_and_generates_with_heat_maps(small):
    pipeline = load_pipeline(str(small / "checkpoint"), dtype="float32").pipeline
    with trace(pipeline) as tracer:
        image = pipeline("a cat and a hot dog", num_inference_steps=2, guidance_scale=4).images[0]
    assert image.size == (SIZE, SIZE)
    assert sorted(tracer.heat_maps[0].levels) == [(8, 8), (16, 16)]
    assert tracer.heat_maps[0].word("hot dog").soft().shape == (SIZE, SIZE)


def test_latents_are_scaled_to_about_the_deviation_of_the_noise(small):
    latents = torch.load(small / "latents-000.pt", weights_only=True)["latents"].float()
    assert latents.shape == (8, architecture.LATENT_CHANNELS, 16, 16)
    assert 0.7 < latents.std() < 1.4


def test_a_finished_training_exports_its_state_again(small, monkeypatch):
    before = (small / "checkpoint" / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
    run(monkeypatch, small, "--export-only")
    after = (small / "checkpoint" / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
    assert after == before


def test_training_goes_on_from_a_checkpoint_with_its_autoencoder(small, tmp_path, monkeypatch):
    begin = ["--begin-from", str(small / "checkpoint"), "--bfloat16"]
    run(monkeypatch, tmp_path, *begin, "--shards", "1", "--steps", "1")
    old, new = (
        load_pipeline(str(folder / "checkpoint"), dtype="float32").pipeline for folder in (small, tmp_path)
    )
    assert torch.equal(old.vae.decoder.conv_in.weight, new.vae.decoder.conv_in.weight)
    assert old.vae.config.scaling_factor == new.vae.config.scaling_factor
    assert not torch.equal(old.unet.conv_in.weight, new.unet.conv_in.weight)
    assert torch.allclose(old.unet.conv_in.weight, new.unet.conv_in.weight, atol=0.01)


def test_training_begins_a_new_unet_on_the_autoencoder_of_a_checkpoint(small, tmp_path, monkeypatch):
    old = load_pipeline(str(small / "checkpoint"), dtype="float32").pipeline
    torch.nn.init.ones_(old.unet.conv_in.weight)
    old.save_pretrained(tmp_path / "begun")
    begin = ["--begin-from", str(tmp_path / "begun"), "--new-unet"]
    run(monkeypatch, tmp_path, *begin, "--shards", "1", "--steps", "1")
    new = load_pipeline(str(tmp_path / "checkpoint"), dtype="float32").pipeline
    assert torch.equal(old.vae.decoder.conv_in.weight, new.vae.decoder.conv_in.weight)
    assert new.unet.conv_in.weight.max() < 0.5


def test_a_decoder_is_trained_on_and_its_encoder_is_not(small, tmp_path, monkeypatch):
    begin = ["--begin-from", str(small / "checkpoint"), "--shards", "1", "--steps", "1"]
    run(monkeypatch, tmp_path, *begin, "--decoder-steps", "2")
    old, new = (
        load_pipeline(str(folder / "checkpoint"), dtype="float32").pipeline.vae
        for folder in (small, tmp_path)
    )
    changed = {
        name for name, weight in old.state_dict().items() if not torch.equal(weight, new.state_dict()[name])
    }
    assert "decoder.conv_in.weight" in changed
    assert all(name.startswith(("decoder.", "post_quant_conv.")) for name in changed)
    run(monkeypatch, tmp_path, *begin[:2], "--decoder-steps", "2", "--export-only")
    again = load_pipeline(str(tmp_path / "checkpoint"), dtype="float32").pipeline.vae
    assert torch.equal(again.decoder.conv_in.weight, new.decoder.conv_in.weight)


@pytest.mark.parametrize(
    ("begin", "missing"),
    [
        ((), "autoencoder and the unet"),
        (("--begin-from",), "unet"),
        (("--begin-from", "--decoder-steps"), "decoder and the unet"),
    ],
)
def test_nothing_is_exported_where_there_is_no_state(small, tmp_path, monkeypatch, capsys, begin, missing):
    values = {"--begin-from": str(small / "checkpoint"), "--decoder-steps": "2"}
    arguments = [piece for option in begin for piece in (option, values[option])]
    with pytest.raises(SystemExit):
        run(monkeypatch, tmp_path, *arguments, "--export-only")
    assert f"{tmp_path} has no state of the {missing} to export" in capsys.readouterr().err
    assert not (tmp_path / "checkpoint").exists()
