"""A pipeline that was traced is as it was before."""

import copy

import pytest
from accelerate import cpu_offload_with_hook
from accelerate.hooks import remove_hook_from_module
from diffusers.models.attention_processor import AttnProcessor2_0

from generation.daam import TraceError, trace
from tests.generation.daam.helpers import (
    assert_same_levels,
    generate,
    traced,
)


def assert_untouched(pipeline):
    assert "encode_prompt" not in vars(pipeline)
    assert "maybe_free_model_hooks" not in vars(pipeline)
    for module in pipeline.unet.modules():
        assert not module._forward_pre_hooks
        assert not module._forward_hooks
        assert "forward" not in vars(module)
        assert not hasattr(module, "_diffusers_hook")
    assert {type(each) for each in pipeline.unet.attn_processors.values()} == {AttnProcessor2_0}


def test_everything_is_restored_on_leaving(tiny_pipeline):
    processors = tiny_pipeline.unet.attn_processors
    traced(tiny_pipeline, "a dog", num_inference_steps=1)
    assert_untouched(tiny_pipeline)
    assert all(processors[name] is each for name, each in tiny_pipeline.unet.attn_processors.items())


def test_everything_is_restored_after_an_error_in_the_middle_of_a_call(tiny_pipeline):
    def fail(pipeline, step, time_step, tensors):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), trace(tiny_pipeline) as tracer:
        generate(tiny_pipeline, "a dog", callback_on_step_end=fail)
    assert_untouched(tiny_pipeline)
    assert tracer.heat_maps == []


def test_a_failed_call_leaves_no_trace_in_the_next_one(tiny_pipeline):
    def fail(pipeline, step, time_step, tensors):
        raise ZeroDivisionError

    with trace(tiny_pipeline) as tracer:
        with pytest.raises(ZeroDivisionError):
            generate(tiny_pipeline, "a dog", callback_on_step_end=fail)
        generate(tiny_pipeline, "a dog")
    _, [expected] = traced(tiny_pipeline, "a dog")
    [heat_map] = tracer.heat_maps
    assert_same_levels(heat_map.levels, expected.levels, 0)


def test_a_call_that_never_ended_is_warned_of(tiny_pipeline):
    def fail(pipeline, step, time_step, tensors):
        raise ZeroDivisionError

    with (
        pytest.warns(UserWarning, match="last call did not come to its end; it has no heat maps"),
        trace(tiny_pipeline),
        pytest.raises(ZeroDivisionError),
    ):
        generate(tiny_pipeline, "a dog", callback_on_step_end=fail)


def test_hooks_of_others_stay(tiny_pipeline):
    """Model offloading, for one, keeps a forward of its own on the modules."""
    unet = tiny_pipeline.unet
    calls = []
    original = unet.forward

    def counted(*args, **kwargs):
        calls.append(1)
        return original(*args, **kwargs)

    unet.forward = counted
    try:
        traced(tiny_pipeline, "a dog", num_inference_steps=2)
        assert unet.forward is counted
        assert len(calls) == 2
    finally:
        del unet.forward


def test_offloading_that_changes_its_hooks_after_each_call(tiny_pipeline, monkeypatch):
    """As enable_model_cpu_offload does; here to the CPU from the CPU."""
    unet = tiny_pipeline.unet

    def hook_again():
        remove_hook_from_module(unet, recurse=True)
        cpu_offload_with_hook(unet, "cpu")

    monkeypatch.setitem(vars(tiny_pipeline), "maybe_free_model_hooks", hook_again)
    cpu_offload_with_hook(unet, "cpu")
    try:
        with trace(tiny_pipeline) as tracer:
            generate(tiny_pipeline, "a dog", num_inference_steps=1)
            generate(tiny_pipeline, "a dog", num_inference_steps=1)
        hook = unet._hf_hook
        generate(tiny_pipeline, "a dog", num_inference_steps=1)
        assert unet._hf_hook is not hook
    finally:
        remove_hook_from_module(unet, recurse=True)
        vars(unet).pop("forward", None)
    one, other = tracer.heat_maps
    assert_same_levels(one.levels, other.levels, 0)


def test_tracing_twice_at_once_is_an_error_and_harms_nothing(tiny_pipeline):
    with trace(tiny_pipeline) as tracer:
        with pytest.raises(TraceError, match="already"), trace(tiny_pipeline):
            pass
        generate(tiny_pipeline, "a dog", num_inference_steps=1)
    assert len(tracer.heat_maps) == 1
    assert_untouched(tiny_pipeline)


def test_a_pipeline_can_be_copied_after_tracing(tiny_pipeline):
    traced(tiny_pipeline, "a dog", num_inference_steps=1)
    unet = copy.deepcopy(tiny_pipeline.unet)
    assert unet.down_blocks[0].forward.__self__ is unet.down_blocks[0]
