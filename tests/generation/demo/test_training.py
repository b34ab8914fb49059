import pytest
import torch

from generation.demo.training import Training


def line(folder, steps, begun=0):
    """A training of one number towards 3."""
    torch.manual_seed(0)
    network = torch.nn.Linear(1, 1, bias=False)
    return network, Training("line", network, folder=folder, steps=steps, rate=0.1, device="cpu", begun=begun)


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


def test_weights_without_a_state_count_the_steps_behind_them(tmp_path):
    network, training = line(tmp_path, 300, begun=250)
    before = network.weight.item()
    learn(network, training)
    assert training.step == 300
    assert len((tmp_path / "line.csv").read_text().split()) == 1
    assert network.weight.item() != before
