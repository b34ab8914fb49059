"""What cannot be traced is refused, and the message names what to change."""

import copy

import pytest
import torch
from diffusers import (
    AnimateDiffPipeline,
    DDIMScheduler,
    IFPipeline,
    MotionAdapter,
    PyramidAttentionBroadcastConfig,
    StableDiffusionPanoramaPipeline,
    UNet2DModel,
)
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0, XFormersAttnProcessor
from torch.nn import functional

from generation.daam import UnsupportedPipeline, trace
from tests.generation.daam.helpers import generate
from tests.generation.daam.tiny_pipelines import build

# before tracing


def test_a_pipeline_without_a_unet_is_refused():
    with pytest.raises(UnsupportedPipeline, match="object has no UNet"), trace(object()):
        pass


def test_a_unet_without_text_attention_is_refused(tiny_pipeline, monkeypatch):
    unet = UNet2DModel(
        sample_size=16,
        block_out_channels=(8, 8),
        down_block_types=("DownBlock2D",) * 2,
        up_block_types=("UpBlock2D",) * 2,
        norm_num_groups=4,
    )
    monkeypatch.setitem(vars(tiny_pipeline), "unet", unet)
    with pytest.raises(UnsupportedPipeline, match="no cross-attention"), trace(tiny_pipeline):
        pass


def test_a_compiled_unet_is_refused(tiny_pipeline, monkeypatch):
    monkeypatch.setitem(vars(tiny_pipeline), "unet", torch.compile(tiny_pipeline.unet))
    with pytest.raises(UnsupportedPipeline, match="compile"), trace(tiny_pipeline):
        pass


@pytest.mark.parametrize("how", ["repeated blocks", "forward"])
def test_a_unet_that_is_compiled_in_part_is_refused(tiny_pipeline, monkeypatch, how):
    unet = copy.deepcopy(tiny_pipeline.unet)
    if how == "forward":
        unet.forward = torch.compile(unet.forward)
    else:
        unet.down_blocks[0].attentions[0].transformer_blocks[0].compile()
    monkeypatch.setitem(vars(tiny_pipeline), "unet", unet)
    with pytest.raises(UnsupportedPipeline, match=r"compiled, in whole or in part"), trace(tiny_pipeline):
        pass


def test_a_unet_of_pixels_is_refused(tiny_pipeline):
    pixels = IFPipeline(
        tokenizer=tiny_pipeline.tokenizer,
        text_encoder=tiny_pipeline.text_encoder,
        unet=tiny_pipeline.unet,
        scheduler=tiny_pipeline.scheduler,
        safety_checker=None,
        feature_extractor=None,
        watermarker=None,
        requires_safety_checker=False,
    )
    with pytest.raises(UnsupportedPipeline, match="IFPipeline has no UNet of latents"), trace(pixels):
        pass


def test_a_pipeline_that_gives_its_unet_pieces_of_the_image_is_refused(tiny_pipeline):
    panorama = StableDiffusionPanoramaPipeline(**tiny_pipeline.components, requires_safety_checker=False)
    with pytest.raises(UnsupportedPipeline, match="in pieces"), trace(panorama):
        pass


def test_a_transformer_that_reuses_attention_is_refused_with_the_setting_to_change(tiny_pipeline):
    pipeline, _ = build("flux", tiny_pipeline)
    pipeline.transformer.enable_cache(
        PyramidAttentionBroadcastConfig(
            spatial_attention_block_skip_range=2, current_timestep_callback=lambda: 500
        )
    )
    with pytest.raises(UnsupportedPipeline, match=r"transformer\.disable_cache\(\)"), trace(pipeline):
        pass
    pipeline.transformer.disable_cache()
    with trace(pipeline):
        pass


@pytest.fixture
def own_processors(tiny_pipeline):
    """Puts the processors back."""
    before = tiny_pipeline.unet.attn_processors
    yield
    tiny_pipeline.unet.set_attn_processor(before)


@pytest.mark.usefixtures("own_processors")
def test_attention_slicing_is_refused_with_the_setting_to_change(tiny_pipeline):
    tiny_pipeline.enable_attention_slicing()
    try:
        with pytest.raises(UnsupportedPipeline, match="disable_attention_slicing"), trace(tiny_pipeline):
            pass
    finally:
        tiny_pipeline.disable_attention_slicing()


@pytest.mark.usefixtures("own_processors")
def test_xformers_is_refused_with_the_setting_to_change(tiny_pipeline):
    tiny_pipeline.unet.set_attn_processor(XFormersAttnProcessor())
    with pytest.raises(UnsupportedPipeline, match="disable_xformers"), trace(tiny_pipeline):
        pass


# while generating


@pytest.mark.usefixtures("own_processors")
def test_a_layer_that_was_not_seen_is_an_error_instead_of_a_partial_map(tiny_pipeline):
    """A processor that the tracer does not know, and that computes attention by itself, in one layer only."""
    layer = tiny_pipeline.unet.up_blocks[1].attentions[0].transformer_blocks[0].attn2
    layer.set_processor(AttnProcessor())
    with trace(tiny_pipeline) as tracer:
        with pytest.raises(
            UnsupportedPipeline, match=r"up_blocks\.1.*AttnProcessor does not.*AttnProcessor2_0"
        ):
            generate(tiny_pipeline, "a dog")
        layer.set_processor(AttnProcessor2_0())
        generate(tiny_pipeline, "a dog", num_inference_steps=1)
    assert len(tracer.heat_maps) == 1


def test_a_layer_that_was_not_called_is_an_error_instead_of_a_partial_map(tiny_pipeline, monkeypatch):
    """As with DeepCache, which takes a block's output from the step before."""
    block = tiny_pipeline.unet.up_blocks[0]
    outputs = []

    def every_other_step(*args, **kwargs):
        outputs.append(type(block).forward(block, *args, **kwargs) if len(outputs) % 2 == 0 else outputs[-1])
        return outputs[-1]

    monkeypatch.setitem(vars(block), "forward", every_other_step)
    with (
        trace(tiny_pipeline) as tracer,
        pytest.raises(UnsupportedPipeline, match=r"up_blocks\.0.* was not called in this step.*DeepCache"),
    ):
        generate(tiny_pipeline, "a dog")
    assert len(outputs) == 2
    assert tracer.heat_maps == []


def test_attention_that_replaces_torchs_is_an_error_that_says_so(tiny_pipeline, monkeypatch):
    """As SageAttention has it."""

    def other(query, key, value, **kwargs):
        return (query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5).softmax(dim=-1) @ value

    monkeypatch.setattr(functional, "scaled_dot_product_attention", other)
    with (
        trace(tiny_pipeline),
        pytest.raises(UnsupportedPipeline, match=r"undo what replaces torch\.nn\.functional\.scaled_dot"),
    ):
        generate(tiny_pipeline, "a dog")


def test_the_frames_of_a_video_are_not_taken_for_images(tiny_pipeline):
    adapter = MotionAdapter(
        block_out_channels=(32, 32, 64),
        motion_layers_per_block=1,
        motion_norm_num_groups=8,
        motion_num_attention_heads=4,
        use_motion_mid_block=False,
    )
    pipeline = AnimateDiffPipeline(
        vae=tiny_pipeline.vae,
        text_encoder=tiny_pipeline.text_encoder,
        tokenizer=tiny_pipeline.tokenizer,
        unet=tiny_pipeline.unet,
        motion_adapter=adapter,
        scheduler=DDIMScheduler.from_config(tiny_pipeline.scheduler.config),
    )
    pipeline.set_progress_bar_config(disable=True)
    with (
        trace(pipeline),
        pytest.raises(UnsupportedPipeline, match="latents of 5 axes, those of a video"),
    ):
        pipeline("a dog", num_frames=4, num_inference_steps=1, output_type="latent", height=64, width=64)
