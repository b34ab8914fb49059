"""That the benchmark measures what it says; no timings are looked at."""

import torch

from benchmarks.daam_overhead import LAYERS, Core, Layer, Steps, medians, report_core, whole_pipeline


def test_the_layers_are_those_of_stable_diffusion_2():
    assert len(LAYERS) == 15
    assert {layer.attention_heads * layer.side for layer in LAYERS} == {5 * 64}
    assert [sum(layer.side == side for layer in LAYERS) for side in (64, 32, 16)] == [5, 5, 5]


def test_rounds_are_interleaved_in_turning_order_after_warm_ups():
    calls = []
    ways = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    # two warm-ups begin at 0 and 1; then the calls take 10, 20, 30 and 50
    clock = iter([0, 1, 2, 12, 12, 32, 32, 62, 62, 112]).__next__
    seconds = medians(ways, rounds=2, warm_ups=1, clock=clock)
    assert "".join(calls) == "baabba"
    assert seconds == {"a": (10 + 50) / 2, "b": (20 + 30) / 2}


def test_every_way_runs_and_memory_is_counted():
    core = Core(2, layers=(Layer(2, 8), Layer(2, 8), Layer(4, 4)))
    assert list(core.measure(rounds=1, warm_ups=0)) == ["plain", "two softmaxes", "traced"]
    assert core.held == 12 * 4 * (64 + 16)


def test_a_run_whose_control_costs_too_little_is_discarded(capsys):
    assert report_core(2, {"plain": 1.0, "two softmaxes": 1.4, "traced": 1.1}, 0)
    assert "DISCARDED" not in capsys.readouterr().out
    assert not report_core(2, {"plain": 1.0, "two softmaxes": 1.2, "traced": 1.1}, 0)
    assert "DISCARDED" in capsys.readouterr().out
    assert report_core(8, {"plain": 1.0, "two softmaxes": 1.4, "traced": 1.3}, 0)
    assert "ABOVE THE BAR" in capsys.readouterr().out


def test_whole_steps_compare_the_same_latents(capsys):
    """On a small UNet on the CPU: what a GPU runs on the whole one."""
    pipeline = whole_pipeline(
        "cpu",
        torch.float32,
        sample_size=8,
        cross_attention_dim=64,
        block_out_channels=(8, 8, 8, 8),
        attention_head_dim=1,
        norm_num_groups=4,
    )
    Steps(pipeline, images=2, steps=1).check()
    assert capsys.readouterr().out.count("the same to the bit") == 4
