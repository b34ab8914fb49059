"""Where the denoising network of each class of pipeline attends to text, and what it is called with."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from diffusers import FluxPipeline, StableDiffusion3Pipeline
from diffusers.models.attention_processor import Attention

from generation.daam.heat_maps import Grid
from generation.daam.recorder import TraceError

# attention that does not go through torch's scaled dot product attention, and what to change
_UNSEEN = {
    "SlicedAttnProcessor": "call pipeline.disable_attention_slicing()",
    "SlicedAttnAddedKVProcessor": "call pipeline.disable_attention_slicing()",
    "XFormersAttnProcessor": "call pipeline.disable_xformers_memory_efficient_attention()",
    "XFormersAttnAddedKVProcessor": "call pipeline.disable_xformers_memory_efficient_attention()",
    "XFormersJointAttnProcessor": "call pipeline.disable_xformers_memory_efficient_attention()",
    "IPAdapterXFormersAttnProcessor": "call pipeline.disable_xformers_memory_efficient_attention()",
}
_ELSE = "call pipeline.unet.set_attn_processor(AttnProcessor2_0())"
_REPLACED = (
    "undo what replaces torch.nn.functional.scaled_dot_product_attention (SageAttention) or merges the "
    "image's cells (token merging)"
)
_OTHER_BACKEND = 'call pipeline.transformer.set_attention_backend("native")'
# pipelines whose UNet is given the image in pieces: each call's maps are of one of them
_PIECEWISE = ("StableDiffusionPanoramaPipeline",)
# a UNet halves its grid at most that often
_MOST_HALVINGS = 8


class UnsupportedPipeline(TraceError):
    """The pipeline's attention cannot be traced; the message names what is in the way and what to change."""


@dataclass(frozen=True, eq=False)
class NetworkInputs:
    """What one call of the network is given.

    latent_size: (height, width) of its finest grid of cells. latents: (rows, …). text_states: (rows, tokens,
    features).
    """

    latent_size: Grid
    latents: torch.Tensor
    time_step: torch.Tensor | float
    text_states: torch.Tensor

    def grids(self) -> dict[int, Grid]:
        """{h * w: (h, w)} of a UNet's resolutions: each halves the one before, rounding up."""
        grids: dict[int, Grid] = {}
        h, w = self.latent_size
        for _ in range(_MOST_HALVINGS):
            grids.setdefault(h * w, (h, w))
            h, w = (h + 1) // 2, (w + 1) // 2
        return grids


@dataclass(frozen=True, eq=False)
class Network:
    """The denoising network of a pipeline.

    module: its UNet or transformer.
    layers: {name: module} of the attention to text.
    text: where the text stands in the keys: alone ("only"), or beside the image, whose cells come first
        ("after") or last ("before"). Beside the image, it is among the queries as well.
    cell: the side of a cell of the finest grid, in pixels.
    tokenizer: of the text encoder that is looked at.
    prompt_argument: of `encode_prompt`, the text that goes to this encoder if it is not the prompt itself.
    first_column: where this encoder's part of the text states begins.
    negative_apart: whether the negative prompt is encoded by a second call, and guides in one of its own.
    read: the arguments of the module's forward as NetworkInputs; None for a call that is not to be recorded.
    """

    module: Any
    layers: dict[str, Any]
    text: Literal["only", "after", "before"]
    cell: int
    tokenizer: Any
    prompt_argument: str | None
    first_column: int
    negative_apart: bool
    read: Callable[..., NetworkInputs | None]

    def why_unseen(self, path: str) -> str:
        """What to change so that the attention of this layer can be seen."""
        processor = type(self.layers[path].processor).__name__
        usual = _REPLACED if processor == "AttnProcessor2_0" else _ELSE
        change = _UNSEEN.get(processor, usual if self.text == "only" else _OTHER_BACKEND)
        return (
            f"The attention of {path} cannot be seen: {processor} does not use torch's scaled dot product "
            f"attention over the text as it is set now. To trace, {change}."
        )

    def why_not_called(self, path: str) -> str:
        """What to change so that this layer is called in every step."""
        return (
            f"{path} was not called in this step, so the maps would be incomplete: something takes its part "
            "of the network from another step or leaves it out. To trace, turn that off (DeepCache, for one)."
        )

    def cells_and_text(self, queries: int, keys: int, text_length: int) -> tuple[slice, int] | None:
        """Which queries are the image's cells, and the key of the text's first token; None if these are not
        the image's queries to the text."""
        if self.text == "only":
            return (slice(0, queries), 0) if keys == text_length else None
        cells = keys - text_length
        if queries != keys or cells <= 0:
            return None
        return (slice(0, cells), cells) if self.text == "after" else (slice(text_length, None), 0)


def find_network(pipeline: Any, mid_block: bool) -> Network:
    """The network of the pipeline, with the layers to watch.

    Raises UnsupportedPipeline if there is no such network, or if its attention cannot be seen.
    """
    if isinstance(pipeline, StableDiffusion3Pipeline):
        network = _stable_diffusion_3(pipeline)
    elif isinstance(pipeline, FluxPipeline):
        network = _flux(pipeline)
    else:
        network = _unet(pipeline, mid_block)
    if any(_is_compiled(module) for module in network.module.modules()):
        raise UnsupportedPipeline(
            f"The denoising network of this {type(pipeline).__name__} is compiled, in whole or in part, and "
            "what is compiled cannot be watched; trace a pipeline without torch.compile."
        )
    if getattr(network.module, "is_cache_enabled", False):
        raise UnsupportedPipeline(
            f"The transformer of this {type(pipeline).__name__} takes some attention from earlier steps, so "
            "that maps would be incomplete. To trace, call pipeline.transformer.disable_cache()."
        )
    for path, layer in network.layers.items():
        backend = str(getattr(layer.processor, "_attention_backend", None) or "native")
        uses_torch = backend.removeprefix("AttentionBackendName.").lower().startswith(("native", "_native"))
        if type(layer.processor).__name__ in _UNSEEN or not uses_torch:
            raise UnsupportedPipeline(network.why_unseen(path))
    return network


def _is_compiled(module: Any) -> bool:
    return (
        hasattr(module, "_orig_mod")
        or module._compiled_call_impl is not None
        or hasattr(module.forward, "_torchdynamo_orig_callable")
    )


def _unet(pipeline: Any, mid_block: bool) -> Network:
    unet = getattr(pipeline, "unet", None)
    name = type(pipeline).__name__
    # a refiner of Stable Diffusion XL has only the second
    tokenizer = getattr(pipeline, "tokenizer", None) or getattr(pipeline, "tokenizer_2", None)
    of_latents = all(hasattr(pipeline, attribute) for attribute in ("encode_prompt", "vae_scale_factor"))
    if unet is None or tokenizer is None or not of_latents:
        raise UnsupportedPipeline(
            f"{name} has no UNet of latents that attends to an encoded prompt; only such pipelines, and "
            "those of Stable Diffusion 3 and Flux, can be traced."
        )
    if name in _PIECEWISE:
        raise UnsupportedPipeline(f"{name} gives its UNet the image in pieces; there is no map of the whole.")
    layers = {
        f"{part}.{path}": module
        for part in ("down_blocks", "up_blocks", *(["mid_block"] if mid_block else []))
        for path, module in (getattr(unet, part, None) or torch.nn.ModuleList()).named_modules()
        if isinstance(module, Attention) and module.is_cross_attention
    }
    if not layers:
        raise UnsupportedPipeline(
            f"The UNet of this {name} has no cross-attention to text in its down and up blocks."
        )
    return Network(
        module=unet,
        layers=layers,
        text="only",
        cell=pipeline.vae_scale_factor,
        tokenizer=tokenizer,
        prompt_argument=None,
        first_column=0,
        negative_apart=False,
        read=_unet_call,
    )


def _stable_diffusion_3(pipeline: Any) -> Network:
    """Joint attention, the image first. The text states are CLIP's, then T5's; T5's tokens are looked at if
    it is loaded, as it sees long prompts too."""
    transformer = pipeline.transformer
    has_t5 = pipeline.text_encoder_3 is not None
    patch = transformer.config.patch_size

    def read(
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        pooled_projections: torch.Tensor | None = None,
        timestep: torch.Tensor | float = 0.0,
        *_: Any,
        skip_layers: Any = None,
        **__: Any,
    ) -> NetworkInputs | None:
        if skip_layers is not None:  # skip-layer guidance: a call that is worse on purpose
            return None
        size = hidden_states.shape[-2] // patch, hidden_states.shape[-1] // patch
        return NetworkInputs(size, hidden_states, timestep, encoder_hidden_states)

    return Network(
        module=transformer,
        layers={
            f"transformer_blocks.{number}.attn": block.attn
            for number, block in enumerate(transformer.transformer_blocks)
        },
        text="after",
        cell=pipeline.vae_scale_factor * patch,
        tokenizer=pipeline.tokenizer_3 if has_t5 else pipeline.tokenizer,
        prompt_argument="prompt_3" if has_t5 else None,
        first_column=pipeline.tokenizer_max_length if has_t5 else 0,
        negative_apart=False,
        read=read,
    )


def _flux(pipeline: Any) -> Network:
    """Joint attention, T5's text first; positions are already rotated into queries and keys."""
    transformer = pipeline.transformer
    blocks = {
        f"{part}.{number}.attn": block.attn
        for part in ("transformer_blocks", "single_transformer_blocks")
        for number, block in enumerate(getattr(transformer, part))
    }
    return Network(
        module=transformer,
        layers=blocks,
        text="before",
        cell=pipeline.vae_scale_factor * 2,
        tokenizer=pipeline.tokenizer_2,
        prompt_argument="prompt_2",
        first_column=0,
        negative_apart=True,
        read=_flux_call,
    )


def _unet_call(
    sample: torch.Tensor,
    timestep: torch.Tensor | float,
    encoder_hidden_states: torch.Tensor,
    *_: Any,
    **__: Any,
) -> NetworkInputs:
    if sample.dim() != 4:
        raise UnsupportedPipeline(
            f"The UNet is given latents of {sample.dim()} axes, those of a video perhaps; only images "
            "can be traced."
        )
    return NetworkInputs((sample.shape[-2], sample.shape[-1]), sample, timestep, encoder_hidden_states)


def _flux_call(
    hidden_states: torch.Tensor,
    encoder_hidden_states: torch.Tensor,
    pooled_projections: torch.Tensor | None = None,
    timestep: torch.Tensor | float = 0.0,
    img_ids: torch.Tensor | None = None,
    *_: Any,
    **__: Any,
) -> NetworkInputs:
    cells = hidden_states.shape[1]
    # (cells, 3): nothing, row and column of each cell
    height = int(img_ids[..., 1].max()) + 1 if img_ids is not None else math.isqrt(cells)
    return NetworkInputs((height, cells // height), hidden_states, 1000 * timestep, encoder_hidden_states)
