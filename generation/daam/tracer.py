"""`with trace(pipeline) as tracer`: install the recorder in a pipeline, collect heat maps, restore."""

import functools
import inspect
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers.models.attention_processor import Attention

from generation.daam.heat_maps import GlobalHeatMap, Grid, StepLevels, sum_steps
from generation.daam.hooks import hooked, is_hooked, wrapped
from generation.daam.recorder import Recorder, TraceError, image_rows
from generation.daam.tokens import PromptTokens, tokenize

# attention that does not go through torch's scaled dot product attention, and what to change
_UNSEEN = {
    "SlicedAttnProcessor": "call pipeline.disable_attention_slicing()",
    "SlicedAttnAddedKVProcessor": "call pipeline.disable_attention_slicing()",
    "XFormersAttnProcessor": "call pipeline.disable_xformers_memory_efficient_attention()",
    "XFormersAttnAddedKVProcessor": "call pipeline.disable_xformers_memory_efficient_attention()",
    "IPAdapterXFormersAttnProcessor": "call pipeline.disable_xformers_memory_efficient_attention()",
}
_ELSE = "call pipeline.unet.set_attn_processor(AttnProcessor2_0())"


class UnsupportedPipeline(TraceError):
    """The pipeline's attention cannot be traced; the message names what is in the way and what to change."""


@contextmanager
def trace(
    pipeline: Any, clamp: bool = False, resolutions: Collection[int] | None = None, keep_steps: bool = False
) -> Iterator["Tracer"]:
    """Record the cross-attention between image and prompt while the pipeline generates inside the block.

    pipeline: a diffusers pipeline with a UNet that attends to text, such as StableDiffusionPipeline. Its
        images are the same to the bit as without tracing. Nothing of it is replaced for good: on leaving the
        block, also by an error, it is as before.
    clamp: clamp each layer's and attention head's upscaled sum at 0, at the size of the latents, before
        summing them, as the authors' code does. The default is the paper's Eq. 6, without clamping.
    resolutions: record only layers whose grid's shorter side, in latent cells, is one of these (Figure 11):
        of 64, 32, 16 for Stable Diffusion at 512 by 512. The middle block is never recorded; Eq. 6 sums the
        down and up blocks.
    keep_steps: also keep the sums of each time step (`GlobalHeatMap.steps`, `.during`).

    The block's value is a Tracer. Calls of the pipeline inside the block add their images to
    `tracer.heat_maps`, in order.

    Raises UnsupportedPipeline for a pipeline without text cross-attention or whose attention cannot be seen;
    TraceError when the pipeline is being traced already, and, from inside the pipeline's call, whenever maps
    would be incomplete; ValueError for options that contradict each other.
    """
    if clamp and keep_steps:
        raise ValueError(
            "clamp=True clamps sums over all time steps, so keep_steps=True would have nothing to keep."
        )
    if resolutions is not None and not resolutions:
        raise ValueError("resolutions is empty; None records every resolution.")
    layers = _cross_attention_layers(pipeline)
    tracer = Tracer(pipeline, layers, clamp, resolutions, keep_steps)
    with ExitStack() as restore:
        tracer.install(restore)
        yield tracer
        tracer.check_finished()


@dataclass(frozen=True)
class _Generation:
    """One call of the pipeline, with an entry per image."""

    prompts: Sequence[str]
    tokens: Sequence[PromptTokens]
    prompt_embeds: torch.Tensor  # (images, tokens, features)
    negative_embeds: torch.Tensor | None
    recorder: Recorder


class Tracer:
    """Collects the heat maps of every image that the traced pipeline generates.

    heat_maps: one GlobalHeatMap per image, in the order of the pipeline's output; those of a second call
        follow those of the first. Empty before the first generation; a generation that ended by an error adds
        none.
    """

    def __init__(
        self,
        pipeline: Any,
        layers: dict[str, Any],
        clamp: bool,
        resolutions: Collection[int] | None,
        keep_steps: bool,
    ) -> None:
        self.heat_maps: list[GlobalHeatMap] = []
        self._pipeline = pipeline
        self._layers = layers
        self._new_recorder = functools.partial(
            Recorder, clamp=clamp, resolutions=resolutions, keep_steps=keep_steps
        )
        self._generation: _Generation | None = None
        self._latent_size: Grid = (0, 0)
        # what the UNet was given last, and whose rows it holds: both are the same in every step
        self._text_states: torch.Tensor | None = None
        self._rows: list[int] | None = None

    def install(self, restore: ExitStack) -> None:
        """Hook into the pipeline; `restore` undoes it when it closes."""
        pipeline = self._pipeline
        restore.enter_context(
            hooked(pipeline.unet, pre_forward=self._before_unet, post_forward=self._after_unet)
        )
        for name, layer in self._layers.items():
            restore.enter_context(hooked(layer, around_forward=functools.partial(self._around_layer, name)))
        restore.enter_context(wrapped(pipeline, "encode_prompt", self._encode_prompt))
        # the last thing that every pipeline does in its call
        restore.enter_context(wrapped(pipeline, "maybe_free_model_hooks", self._end_generation))

    def check_finished(self) -> None:
        """Warn if the last generation never came to its end, so that it has no heat maps."""
        if self._generation is not None:
            warnings.warn("The last generation did not come to its end; it has no heat maps.", stacklevel=4)

    def _encode_prompt(self, encode_prompt: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        encoded = encode_prompt(*args, **kwargs)
        prompts = inspect.signature(encode_prompt).bind(*args, **kwargs).arguments.get("prompt")
        if prompts is None:
            raise TraceError("The pipeline was given prompt_embeds only; tracing needs the prompt's text.")
        prompts = [prompts] if isinstance(prompts, str) else list(prompts)
        if hasattr(self._pipeline, "maybe_convert_prompt"):
            prompts = self._pipeline.maybe_convert_prompt(prompts, self._pipeline.tokenizer)
        prompt_embeds, negative_embeds = encoded[:2]
        copies = len(prompt_embeds) // len(prompts)
        tokens = [tokenize(self._pipeline.tokenizer, prompt) for prompt in prompts]
        first_column = min(each.first_column for each in tokens)
        columns = slice(first_column, first_column + max(each.attended for each in tokens))
        self._text_states = self._rows = None
        self._generation = _Generation(
            prompts=_repeated(prompts, copies),
            tokens=_repeated(tokens, copies),
            prompt_embeds=prompt_embeds,
            negative_embeds=negative_embeds,
            recorder=self._new_recorder(columns),
        )
        return encoded

    def _before_unet(self, module: Any, *args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        generation = self._generation
        if generation is None:
            raise TraceError(
                "The UNet was called before the pipeline's encode_prompt said which text it is given."
            )
        sample, time_step, text_states = _unet_arguments(*args, **kwargs)
        if text_states is not self._text_states:
            self._text_states = text_states
            self._rows = image_rows(text_states, generation.prompt_embeds, generation.negative_embeds)
        if self._rows is not None:
            self._latent_size = (sample.shape[-2], sample.shape[-1])
            generation.recorder.begin_call(self._latent_size, self._rows, text_states.shape[1], time_step)
        return args, kwargs

    def _around_layer(self, name: str, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._generation is None or self._rows is None:
            return forward(*args, **kwargs)
        with self._generation.recorder.watch(name):
            return forward(*args, **kwargs)

    def _after_unet(self, module: Any, output: Any) -> Any:
        if self._generation is not None and self._rows is not None:
            missed = self._generation.recorder.end_call(self._layers)
            if missed:
                raise UnsupportedPipeline(_why_unseen(missed[0], self._layers[missed[0]]))
        return output

    def _end_generation(self, maybe_free_model_hooks: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        generation, self._generation = self._generation, None
        if generation is not None:
            self.heat_maps.extend(self._finished(generation))
        return maybe_free_model_hooks(*args, **kwargs)

    def _finished(self, generation: _Generation) -> list[GlobalHeatMap]:
        if generation.recorder.is_empty:
            raise TraceError("The pipeline ended without a single step, so there is no attention to show.")
        by_step = {
            time_step: {grid: sums.cpu().numpy() for grid, sums in levels.items()}
            for time_step, levels in generation.recorder.levels().items()
        }
        scale = self._pipeline.vae_scale_factor
        height, width = self._latent_size
        heat_maps = []
        for image, (prompt, tokens) in enumerate(zip(generation.prompts, generation.tokens, strict=True)):
            steps = tuple(
                # copies, so that one image's map does not hold the whole batch's
                StepLevels(
                    time_step or 0, {g: sums[image, : tokens.attended].copy() for g, sums in levels.items()}
                )
                for time_step, levels in by_step.items()
            )
            levels = sum_steps(steps)
            if not all(np.isfinite(sums).all() for sums in levels.values()):
                raise TraceError(
                    f"The attention of image {image} is not finite; the latents or weights hold NaN."
                )
            kept = () if None in by_step else steps
            heat_maps.append(
                GlobalHeatMap(prompt, (height * scale, width * scale), levels, tokens.offsets, kept)
            )
        return heat_maps


def _repeated(items: Sequence[Any], copies: int) -> list[Any]:
    return [item for item in items for _ in range(copies)]


def _unet_arguments(
    sample: torch.Tensor,
    timestep: torch.Tensor | float,
    encoder_hidden_states: torch.Tensor,
    *_: Any,
    **__: Any,
) -> tuple[torch.Tensor, torch.Tensor | float, torch.Tensor]:
    return sample, timestep, encoder_hidden_states


def _cross_attention_layers(pipeline: Any) -> dict[str, Any]:
    """{name: module} of the text cross-attention of the UNet's down and up blocks."""
    unet = getattr(pipeline, "unet", None)
    name = type(pipeline).__name__
    if unet is None or not hasattr(pipeline, "encode_prompt"):
        raise UnsupportedPipeline(
            f"{name} has no UNet that attends to an encoded prompt; only such can be traced."
        )
    if hasattr(unet, "_orig_mod") or unet._compiled_call_impl is not None:
        raise UnsupportedPipeline(f"The UNet of this {name} is compiled; trace it before torch.compile.")
    layers = {
        f"{part}.{path}": module
        for part in ("down_blocks", "up_blocks")
        for path, module in getattr(unet, part, torch.nn.ModuleList()).named_modules()
        if isinstance(module, Attention) and module.is_cross_attention
    }
    if not layers:
        raise UnsupportedPipeline(
            f"The UNet of this {name} has no cross-attention to text in its down and up blocks."
        )
    if is_hooked(unet):
        raise TraceError("The pipeline is being traced already; leave that block first.")
    for path, layer in layers.items():
        if type(layer.processor).__name__ in _UNSEEN:
            raise UnsupportedPipeline(_why_unseen(path, layer))
    return layers


def _why_unseen(path: str, layer: Any) -> str:
    processor = type(layer.processor).__name__
    return (
        f"The attention of {path} cannot be seen: {processor} does not use torch's scaled dot product "
        f"attention over the text alone. To trace, {_UNSEEN.get(processor, _ELSE)}."
    )
