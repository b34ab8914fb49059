"""One tiny pipeline of every supported kind: diffusers' own classes with random weights.

Each builder takes the tiny Stable Diffusion pipeline, whose parts it shares or copies, and returns a pipeline
and the arguments that its calls need besides prompt, generator and number of steps.
"""

import copy

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionControlNetPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from peft import LoraConfig
from PIL import Image
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

_SIZE = 128
_TEXT = 32


def picture(seed=0):
    """Coloured blocks, 128 by 128."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((_SIZE, _SIZE), Image.Resampling.NEAREST)


def text_to_image(tiny):
    return tiny, {}


def image_to_image(tiny):
    return StableDiffusionImg2ImgPipeline(**_parts(tiny)), {"image": picture(), "strength": 0.6}


def inpainting(tiny):
    mask = Image.new("L", (_SIZE, _SIZE))
    mask.paste(255, (32, 32, 96, 96))
    return StableDiffusionInpaintPipeline(**_parts(tiny)), {
        "image": picture(),
        "mask_image": mask,
        "height": _SIZE,
        "width": _SIZE,
    }


def controlnet(tiny):
    """Of which only the UNet is traced."""
    network = ControlNetModel.from_unet(tiny.unet)
    for layer in network.controlnet_down_blocks:  # made to start without effect
        torch.nn.init.normal_(layer.weight, std=0.5)
    return StableDiffusionControlNetPipeline(**_parts(tiny), controlnet=network.eval()), {"image": picture()}


def lora(tiny):
    unet = copy.deepcopy(tiny.unet)
    unet.add_adapter(
        LoraConfig(r=4, init_lora_weights=False, target_modules=["to_q", "to_k", "to_v", "to_out.0"])
    )
    return type(tiny)(**{**_parts(tiny), "unet": unet.eval()}, requires_safety_checker=False), {}


def ip_adapter(tiny):
    """An image prompt of four tokens, whose attention follows that to the text."""
    unet = copy.deepcopy(tiny.unet)
    features, tokens = 16, 4
    projection = {
        "proj.weight": torch.randn(tokens * _TEXT, features),
        "proj.bias": torch.zeros(tokens * _TEXT),
        "norm.weight": torch.ones(_TEXT),
        "norm.bias": torch.zeros(_TEXT),
    }
    modules = dict(unet.named_modules())
    adapter = {}
    attended = [name.removesuffix(".processor") for name in unet.attn_processors if ".attn2." in name]
    for number, name in enumerate(attended):
        for part in ("k", "v"):
            shape = (modules[name].to_k.out_features, _TEXT)
            adapter[f"{2 * number + 1}.to_{part}_ip.weight"] = 0.3 * torch.randn(shape)
    unet._load_ip_adapter_weights([{"image_proj": projection, "ip_adapter": adapter}])
    embeddings = torch.randn(2, 1, features)  # negative and positive
    pipeline = type(tiny)(**{**_parts(tiny), "unet": unet.eval()}, requires_safety_checker=False)
    return pipeline, {"ip_adapter_image_embeds": [embeddings]}


def fused_projections(tiny):
    unet = copy.deepcopy(tiny.unet)
    unet.fuse_qkv_projections()
    return type(tiny)(**{**_parts(tiny), "unet": unet}, requires_safety_checker=False), {}


def stable_diffusion_xl(tiny):
    return StableDiffusionXLPipeline(**_xl_parts(tiny), add_watermarker=False), {
        "height": _SIZE,
        "width": _SIZE,
    }


def stable_diffusion_xl_image_to_image(tiny):
    pipeline = StableDiffusionXLImg2ImgPipeline(**_xl_parts(tiny), add_watermarker=False)
    return pipeline, {"image": picture(), "strength": 0.6}


def stable_diffusion_3(tiny):
    transformer = SD3Transformer2DModel(
        sample_size=16,
        patch_size=2,
        in_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=_TEXT,
        caption_projection_dim=32,
        pooled_projection_dim=_TEXT,
        out_channels=4,
        pos_embed_max_size=16,
    )
    _liven(transformer)
    clip = _clip(CLIPTextModelWithProjection, tiny.tokenizer, _TEXT // 2)
    pipeline = StableDiffusion3Pipeline(
        transformer=transformer.eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=_vae(),
        text_encoder=clip,
        tokenizer=tiny.tokenizer,
        text_encoder_2=copy.deepcopy(clip),
        tokenizer_2=tiny.tokenizer,
        text_encoder_3=_t5(),
        tokenizer_3=_t5_tokenizer(),
    )
    return pipeline, {"height": 96, "width": _SIZE, "max_sequence_length": 48}


def flux(tiny):
    transformer = FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=_TEXT,
        pooled_projection_dim=_TEXT,
        axes_dims_rope=(4, 6, 6),
    )
    _liven(transformer)
    pipeline = FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_vae(),
        text_encoder=_clip(CLIPTextModel, tiny.tokenizer, _TEXT),
        tokenizer=tiny.tokenizer,
        text_encoder_2=_t5(),
        tokenizer_2=_t5_tokenizer(),
        transformer=transformer.eval(),
    )
    return pipeline, {"height": 96, "width": _SIZE, "max_sequence_length": 48}


WITH_UNET = {
    build.__name__: build
    for build in (
        text_to_image,
        image_to_image,
        inpainting,
        controlnet,
        lora,
        ip_adapter,
        fused_projections,
        stable_diffusion_xl,
        stable_diffusion_xl_image_to_image,
    )
}
JOINT = {build.__name__: build for build in (stable_diffusion_3, flux)}


def build(name, tiny):
    """The pipeline of this name and its arguments, with the same weights in every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        pipeline, options = {**WITH_UNET, **JOINT}[name](tiny)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline, options


def _parts(tiny):
    names = ("vae", "text_encoder", "tokenizer", "unet", "scheduler", "safety_checker", "feature_extractor")
    return {name: getattr(tiny, name) for name in names}


def _xl_parts(tiny):
    unet = UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        transformer_layers_per_block=(1, 2),
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 24,
        cross_attention_dim=2 * _TEXT,
        norm_num_groups=8,
    )
    _liven(unet)
    return {
        "vae": tiny.vae,
        "text_encoder": tiny.text_encoder,
        "text_encoder_2": _clip(CLIPTextModelWithProjection, tiny.tokenizer, 24),
        "tokenizer": tiny.tokenizer,
        "tokenizer_2": tiny.tokenizer,
        "unet": unet.eval(),
        "scheduler": EulerDiscreteScheduler(),
    }


def _liven(network):
    """Longer queries and keys: untrained ones give every word the same share everywhere."""
    for name, parameter in network.named_parameters():
        if name.endswith(("to_q.weight", "to_k.weight", "add_q_proj.weight", "add_k_proj.weight")):
            torch.nn.init.normal_(parameter, std=0.5)


def _clip(model, tokenizer, projection):
    return model(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=_TEXT if model is CLIPTextModelWithProjection and projection == 24 else projection,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            projection_dim=projection,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    ).eval()


def _t5_tokenizer():
    words = ["▁a", "▁dog", "▁and", "▁red", "▁cat", "▁", *"abcdefghijklmnopqrstuvwxyz"]
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), *((word, -3.0) for word in words)]
    return T5TokenizerFast(vocab=vocab, extra_ids=0, model_max_length=48)


def _t5():
    config = T5Config(vocab_size=64, d_model=_TEXT, d_kv=8, d_ff=64, num_layers=1, num_heads=4)
    return T5EncoderModel(config).eval()


def _vae():
    """Two halvings fewer than Stable Diffusion's, and the shift that flow models have."""
    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=_SIZE,
        shift_factor=0.1,
    ).eval()
