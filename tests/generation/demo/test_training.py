from collections import OrderedDict

import pytest
import torch

from generation.demo.training import Training


def line(folder, steps):
    """A training of one number towards 3."""
    torch.manual_seed(0)
    network = torch.nn.Linear(1, 1, bias=False)
    return network, Training("line", network, folder=folder, steps=steps, rate=0.1, device="cpu")


def learn(network, training):
    for _ in training:
        training.learn((network(torch.ones(1, 1)) - 3).square().mean())


def test_training_learns_and_writes_its_curve(tmp_path):
    network, training = line(tmp_path, 400)
    learn(network, training)
    assert abs(network.weight.item() - 3) < 0.1
    rows = [row.split(",") for row in (tmp_path / "line.csv").read_text().split()]
    assert [int(row[0]) for row in rows] == [100, 200, 300, 400]
    assert float(rows[-1][2]) < float(rows[0][2])


def test_training_goes_on_where_it_was_stopped(tmp_path):
    network, training = line(tmp_path, 300)
    learn(network, training)
    again, resumed = line(tmp_path, 500)
    assert resumed.step == 300
    assert torch.equal(resumed.average[0], training.average[0])
    learn(again, resumed)
    assert resumed.step == 500


def test_training_that_is_done_gives_the_averaged_weights_at_once(tmp_path):
    network, training = line(tmp_path, 200)
    learn(network, training)
    again, resumed = line(tmp_path, 200)
    learn(again, resumed)
    assert resumed.step == 200
    assert torch.equal(again.weight, network.weight)


def test_a_stop_while_writing_leaves_the_former_state(tmp_path, monkeypatch):
    network, training = line(tmp_path, 100)
    learn(network, training)

    def break_off(state, file):
        file.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(torch, "save", break_off)
    with pytest.raises(OSError, match="no space"):
        training.save()
    _, resumed = line(tmp_path, 100)
    assert resumed.step == 100
    assert torch.equal(resumed.average[0], training.average[0])


def small_network():
    """Layers as a UNet has them: a convolution in the middle, and its first and last layers."""
    torch.manual_seed(0)
    layers = {
        "conv_in": torch.nn.Conv2d(1, 4, 3, padding=1),
        "middle": torch.nn.Conv2d(4, 4, 3, padding=1),
        "conv_out": torch.nn.Conv2d(4, 1, 3, padding=1),
    }
    return torch.nn.Sequential(OrderedDict(layers))


def learn_to_invert(training, network):
    for _ in training:
        images = torch.randn(8, 1, 6, 6, dtype=network.conv_in.weight.dtype)
        training.learn((network(images) + images).float().square().mean())


def test_matrices_of_the_middle_are_learnt_by_muon_and_it_goes_on_too(tmp_path):
    network = small_network()
    settings = {"folder": tmp_path, "rate": 0.01, "matrix_rate": 0.01, "device": "cpu"}
    training = Training("matrices", network, steps=200, **settings)
    adam, muon = training.optimizers
    assert [tuple(matrix.shape) for matrix in muon.param_groups[0]["params"]] == [(4, 36)]
    assert len(adam.param_groups[0]["params"]) == 5  # both ends, and the middle's bias
    before = network.middle.weight.clone()
    learn_to_invert(training, network)
    rows = [float(row.split(",")[2]) for row in (tmp_path / "matrices.csv").read_text().split()]
    assert rows[-1] < 0.5 * rows[0]
    assert not torch.equal(network.middle.weight, before)

    resumed = Training("matrices", small_network(), steps=300, **settings)
    for kept, master in zip(resumed.masters, training.masters, strict=True):
        assert torch.equal(kept, master)
    momentum = [state["momentum_buffer"] for state in resumed.optimizers[1].state.values()]
    assert momentum
    assert torch.equal(momentum[0], next(iter(muon.state.values()))["momentum_buffer"])


def test_a_bfloat16_network_learns_steps_that_are_finer_than_its_type(tmp_path):
    """At 3, neighbours in bfloat16 lie 1/64 apart: 20 steps of 1/1000 would all be rounded away."""
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 3)
    training = Training(
        "fine", network, folder=tmp_path, steps=400, rate=0.001, device="cpu", dtype=torch.bfloat16
    )
    assert network.weight.dtype == torch.bfloat16
    learn_towards(network, training, 20)
    assert training.masters[0].item() == pytest.approx(2.98, abs=0.001)
    for _ in training:
        learn_towards(network, training, 1)
    assert network.weight.dtype == torch.float32
    assert network.weight.item() == training.average[0].item()
    assert network.weight.item() < 2.97


def learn_towards(network, training, steps):
    for _ in range(steps):
        training.learn(network(torch.ones(1, 1, dtype=network.weight.dtype)).float().square().mean())


def test_a_loss_that_leaves_weights_out_is_an_error(tmp_path):
    network = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
    training = Training("net", network, folder=tmp_path, steps=1, rate=0.1, device="cpu")
    with pytest.raises(ValueError, match="does not depend on all of the network's weights"):
        training.learn(network[0](torch.ones(1, 1)).sum())
