"""`with trace(pipeline) as tracer`: install the recorder in a pipeline, collect heat maps, restore."""

import functools
import inspect
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from generation.daam.calls import NetworkCall, PipelineCall
from generation.daam.heat_maps import GlobalHeatMap, Grid
from generation.daam.hooks import hooked, is_hooked, wrapped
from generation.daam.layers import Layers
from generation.daam.networks import Network, UnsupportedPipeline, find_network
from generation.daam.options import Options
from generation.daam.recorded_attention import RecordedAttention
from generation.daam.recorder import TraceError
from generation.daam.rows import Rows, find_rows
from generation.daam.sides import Side, Texts, given_texts, new_side
from generation.daam.tokens import PromptTokens


@contextmanager
def trace(
    pipeline: Any,
    clamp: bool = False,
    resolutions: Collection[int] | None = None,
    keep_steps: bool = False,
    *,
    mid_block: bool = False,
    special_tokens: bool = False,
    negative_prompt: bool = False,
    record: RecordedAttention | None = None,
    inject: RecordedAttention | None = None,
) -> Iterator["Tracer"]:
    """Record the cross-attention between image and prompt while the pipeline generates inside the block.

    pipeline: a diffusers pipeline with a UNet that attends to text, such as StableDiffusionPipeline, the
        image-to-image, inpainting and ControlNet ones, and those of Stable Diffusion XL. Its images are the
        same to the bit as without tracing. Nothing of it is replaced for good: on leaving the block, also by
        an error, it is as before. Experimental: StableDiffusion3Pipeline and FluxPipeline, in which image and
        text attend to each other jointly; what is recorded is what the image's cells pay to the text, and
        what such a map means is not established.
    clamp: clamp each layer's and attention head's upscaled sum at 0, at the size of the latents, before
        summing them, as the authors' code does. The default is the paper's Eq. 6, without clamping.
    resolutions: record only layers whose grid's shorter side, in latent cells, is one of these (Figure 11):
        of 64, 32, 16 for Stable Diffusion at 512 by 512.
    keep_steps: also keep the sums of each time step (`GlobalHeatMap.steps`, `.during`).
    mid_block: record the UNet's middle block too. Eq. 6 sums the down and up blocks.
    special_tokens: also make maps of the start and end tokens (`Tracer.special_heat_maps`).
    negative_prompt: also make maps of the negative prompt (`Tracer.negative_heat_maps`).
    record: fill this with every cross-attention map of the next call of the pipeline.
    inject: use these maps in place of the pipeline's own. The images are other ones then, and the heat maps
        are of the attention that was injected.

    The block's value is a Tracer. Calls of the pipeline inside the block add their images to
    `tracer.heat_maps`, in order.

    Raises UnsupportedPipeline for a pipeline without text cross-attention or whose attention cannot be seen;
    TraceError when the pipeline is being traced already, and, from inside the pipeline's call, whenever maps
    would be incomplete; ValueError for options that contradict each other.
    """
    options = Options(
        clamp=clamp,
        resolutions=resolutions,
        keep_steps=keep_steps,
        mid_block=mid_block,
        special_tokens=special_tokens,
        negative_prompt=negative_prompt,
        record=record,
        inject=inject,
    )
    tracer = Tracer(pipeline, _free_network(pipeline, options), options)
    with ExitStack() as restore:
        tracer.install(restore)
        yield tracer
        tracer.check_finished()


def _free_network(pipeline: Any, options: Options) -> Network:
    network = find_network(pipeline, mid_block=options.mid_block or options.need_all_maps)
    if options.need_all_maps and network.text != "only":
        raise UnsupportedPipeline(
            f"The joint attention of {type(pipeline).__name__} cannot be recorded for injection or replaced."
        )
    if any(is_hooked(layer) for layer in network.layers.values()):
        raise TraceError("The pipeline is being traced already; leave that block first.")
    return network


class Tracer:
    """Collects the heat maps of every image that the traced pipeline generates.

    heat_maps: one GlobalHeatMap per image, in the order of the pipeline's output; those of a second call
        follow those of the first. Empty before the first call; one that ended by an error adds none.
    special_heat_maps: likewise, of the text encoder's start token and of the end token after the prompt, as
        the two words of a text: `.word("<|endoftext|>")` for CLIP. Empty unless asked for.
    negative_heat_maps: likewise, of the negative prompts. Empty unless asked for.
    """

    def __init__(self, pipeline: Any, network: Network, options: Options) -> None:
        self.heat_maps: list[GlobalHeatMap] = []
        self.special_heat_maps: list[GlobalHeatMap] = []
        self.negative_heat_maps: list[GlobalHeatMap] = []
        self._pipeline = pipeline
        self._network = network
        self._options = options
        self._layers = Layers(network, options)
        self._described: list[str | PromptTokens] | None = None
        self._pipeline_call: PipelineCall | None = None
        self._network_call: NetworkCall | None = None
        self._latent_size: Grid = (0, 0)
        # what the network was given last, and whose rows it holds: it is given the same in every step, or
        # two in turn
        self._known_rows: list[tuple[torch.Tensor, Rows]] = []

    def describe(self, prompts: str | PromptTokens | Sequence[str | PromptTokens]) -> None:
        """Say what the `prompt_embeds` mean that the following calls of the pipeline are given without text.

        prompts: one per entry of the embeddings before `num_images_per_prompt`: the text that was encoded, as
            the pipeline's tokenizer takes it (in chunks of 77 if the embeddings are that long), or
            PromptTokens that tell each token's characters and its column in the embeddings.
        """
        self._described = [prompts] if isinstance(prompts, (str, PromptTokens)) else list(prompts)

    def install(self, restore: ExitStack) -> None:
        """Hook into the pipeline; `restore` undoes it when it closes."""
        pipeline, network = self._pipeline, self._network
        # torch's own hooks, as offloading to the CPU takes the network's forward away after each call
        before = network.module.register_forward_pre_hook(self._before_call, with_kwargs=True)
        restore.callback(before.remove)
        restore.callback(network.module.register_forward_hook(self._after_call).remove)
        for name, layer in network.layers.items():
            restore.enter_context(hooked(layer, functools.partial(self._around_layer, name)))
        restore.enter_context(wrapped(pipeline, "encode_prompt", self._encode_prompt))
        if network.negative_apart:
            # the first thing that a pipeline does in its call: what is encoded next is the prompt
            restore.enter_context(wrapped(pipeline, "check_inputs", self._begin_pipeline_call))
        # the last thing
        restore.enter_context(wrapped(pipeline, "maybe_free_model_hooks", self._end_pipeline_call))

    def check_finished(self) -> None:
        """Warn if the pipeline's last call never came to its end, so that it has no heat maps."""
        if self._pipeline_call is not None:
            warnings.warn(
                "The pipeline's last call did not come to its end; it has no heat maps.", stacklevel=4
            )

    # what the pipeline does, in order

    def _begin_pipeline_call(self, check_inputs: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._pipeline_call = None
        return check_inputs(*args, **kwargs)

    def _encode_prompt(self, encode_prompt: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        encoded = encode_prompt(*args, **kwargs)
        arguments = inspect.signature(encode_prompt).bind(*args, **kwargs).arguments
        if self._network.negative_apart:
            self._encoded_in_two_calls(encoded[0], arguments)
        else:
            self._encoded(encoded[0], encoded[1], arguments)
        return encoded

    def _encoded(
        self, prompt_embeds: torch.Tensor, negative_embeds: torch.Tensor | None, arguments: dict[str, Any]
    ) -> None:
        prompt = self._side(prompt_embeds, self._texts(arguments))
        negative = None
        if self._options.negative_prompt:
            texts = self._texts(arguments, "negative_prompt")
            if texts is None and arguments.get("negative_prompt_embeds") is None:
                texts = [""]  # what guidance uses
            if negative_embeds is None or texts is None:
                raise TraceError(
                    "There is no negative prompt to make maps of: the pipeline generates without guidance, "
                    "or was given negative_prompt_embeds without their text."
                )
            negative = self._side(negative_embeds, texts)
        self._start(PipelineCall(prompt, prompt_embeds, negative, negative_embeds))

    def _encoded_in_two_calls(self, embeds: torch.Tensor, arguments: dict[str, Any]) -> None:
        if self._pipeline_call is None:
            side = self._side(embeds, self._texts(arguments))
            self._start(PipelineCall(side, embeds, None, None))
            return
        self._pipeline_call.negative_embeds = embeds
        if self._options.negative_prompt:
            self._pipeline_call.negative = self._side(embeds, self._texts(arguments))

    def _start(self, pipeline_call: PipelineCall) -> None:
        self._pipeline_call = pipeline_call
        self._known_rows = []
        prompts = [tokens.prompt for tokens in pipeline_call.prompt.tokens]
        columns = [tokens.columns.tolist() for tokens in pipeline_call.prompt.tokens]
        if self._options.inject is not None:
            self._options.inject.check(prompts, columns)
        if self._options.record is not None:
            self._options.record.begin(prompts, columns)

    def _before_call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._network_call = None
        inputs = self._network.read(*args, **kwargs)
        if inputs is None:
            return
        pipeline_call = self._pipeline_call
        if pipeline_call is None:
            raise TraceError(
                "The denoising network was called before the pipeline's encode_prompt said which text it is "
                "given."
            )
        rows = self._rows_of(inputs.text_states, pipeline_call)
        if rows.prompt is None and (rows.negative is None or pipeline_call.negative is None):
            return
        self._latent_size = inputs.latent_size
        self._network_call = NetworkCall(inputs, rows, pipeline_call, number=len(pipeline_call.latents))
        self._layers.begin_call(self._network_call)
        if rows.prompt is not None:
            sums = inputs.latents.sum(dim=tuple(range(1, inputs.latents.dim())), dtype=torch.float32)
            pipeline_call.latents.append((inputs.time_step, sums, rows.prompt))

    def _rows_of(self, text_states: torch.Tensor, pipeline_call: PipelineCall) -> Rows:
        for known, rows in self._known_rows:
            if known is text_states:
                return rows
        rows = find_rows(text_states, pipeline_call.prompt_embeds, pipeline_call.negative_embeds)
        self._known_rows = [*self._known_rows[-1:], (text_states, rows)]
        return rows

    def _around_layer(self, name: str, forward: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._network_call is None:
            return forward(*args, **kwargs)
        return self._layers.around(self._network_call, name, forward, *args, **kwargs)

    def _after_call(self, module: Any, args: tuple[Any, ...], output: Any) -> None:
        network_call, self._network_call = self._network_call, None
        if network_call is not None:
            self._layers.end_call(network_call)

    def _end_pipeline_call(self, free_model_hooks: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        pipeline_call, self._pipeline_call = self._pipeline_call, None
        self._known_rows = []
        if pipeline_call is not None:
            self._finish(pipeline_call)
        return free_model_hooks(*args, **kwargs)

    def _texts(self, arguments: dict[str, Any], name: str = "prompt") -> list[str] | None:
        return given_texts(self._pipeline, self._network, arguments, name)

    def _side(self, embeds: torch.Tensor, texts: Texts | None) -> Side:
        texts = self._described if texts is None else texts
        if texts is None:
            raise TraceError(
                "The pipeline was given prompt_embeds without their text; say with tracer.describe(...) what "
                "they mean."
            )
        return new_side(
            self._network,
            embeds,
            texts,
            with_special_tokens=self._options.special_tokens,
            new_recorder=self._options.new_recorder,
        )

    def _finish(self, pipeline_call: PipelineCall) -> None:
        prompt, negative = pipeline_call.prompt, pipeline_call.negative
        if prompt.recorder.is_empty:
            raise TraceError("The pipeline ended without a single step, so there is no attention to show.")
        if negative is not None and negative.recorder.is_empty:
            raise TraceError("The pipeline used no negative prompt: it generated without guidance.")
        height, width = self._latent_size
        image_size = height * self._network.cell, width * self._network.cell
        made = [
            prompt.heat_maps(prompt.tokens, image_size),
            prompt.heat_maps(prompt.special, image_size),
            negative.heat_maps(negative.tokens, image_size) if negative else [],
        ]
        for heat_maps in made:
            if None in heat_maps:
                raise TraceError(pipeline_call.why_not_finite(heat_maps.index(None)))
        for kept, heat_maps in zip(
            (self.heat_maps, self.special_heat_maps, self.negative_heat_maps), made, strict=True
        ):
            kept.extend(each for each in heat_maps if each is not None)
