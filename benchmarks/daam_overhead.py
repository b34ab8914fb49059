"""What tracing costs, at the shapes of Stable Diffusion 2.0 base with random weights.

    python -m benchmarks.daam_overhead

On one CPU core: the cross-attention core of one step, which is the attention of all layers without the
projections around it. Three ways: plain attention; plain attention and a second softmax over the 77 tokens
(the control, what a replaced attention processor has to do); and the engine's. In a whole step on a CPU the
difference would drown in noise. Rounds are interleaved, their order is reversed each time, the first two do
not count, and medians of the process's own CPU time are compared, which other processes disturb little. If
the control does not come out at 1.3 or more, the figures mean nothing, and the run is discarded (exit
status 1).

With a GPU, also whole steps of the whole UNet in float16, eager and compiled, for one image and for eight,
after a check that every attention back end gives the same latents to the bit with tracing and without.
"""

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from generation.daam.attention import Watch, attend
from generation.daam.recorder import Recorder

ROUNDS, WARM_UPS = 15, 2
# of the two-softmax control; below, the run is discarded
LEAST_CONTROL = 1.3
# the bars for the engine, by rows of the batch
MOST_OVERHEAD = {2: 1.15, 8: 1.25}
TOKENS, TEXT_LENGTH, FEATURES = 12, 77, 64
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Layer:
    attention_heads: int
    side: int  # of its grid, in cells


# two in each down block and three in each up block
LAYERS = (
    *(
        Layer(attention_heads, side)
        for attention_heads, side in ((5, 64), (10, 32), (20, 16))
        for _ in range(2)
    ),
    *(
        Layer(attention_heads, side)
        for attention_heads, side in ((20, 16), (10, 32), (5, 64))
        for _ in range(3)
    ),
)


def medians(
    ways: Mapping[str, Callable[[], object]],
    rounds: int,
    warm_ups: int,
    clock: Callable[[], float],
) -> dict[str, float]:
    """Seconds per call of each way."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(warm_ups + rounds):
        order = list(ways) if number % 2 else list(reversed(ways))
        for name in order:
            started = clock()
            ways[name]()
            if number >= warm_ups:
                seconds[name].append(clock() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


class Core:
    """The attention of every layer in one step.

    rows: of the batch; with guidance, the second half belongs to the images' own prompts.
    """

    def __init__(self, rows: int, layers: tuple[Layer, ...] = LAYERS) -> None:
        generator = torch.Generator().manual_seed(rows)

        def random(layer: Layer, length: int) -> torch.Tensor:
            """(rows, attention heads, length, features), with the strides that a projection leaves."""
            shape = (rows, length, layer.attention_heads, FEATURES)
            return torch.randn(shape, generator=generator).transpose(1, 2)

        self._layers = layers
        self._inputs = [
            (random(layer, layer.side**2), random(layer, TEXT_LENGTH), random(layer, TEXT_LENGTH))
            for layer in layers
        ]
        self._rows = list(range(rows // 2, rows))
        self._columns = slice(1, 1 + TOKENS)
        self.held = 0

    def plain(self) -> None:
        for inputs in self._inputs:
            functional.scaled_dot_product_attention(*inputs)

    def two_softmaxes(self) -> None:
        sums: dict[int, torch.Tensor] = {}
        rows = slice(self._rows[0], None)
        for layer, (query, key, value) in zip(self._layers, self._inputs, strict=True):
            functional.scaled_dot_product_attention(query, key, value)
            scores = (query[rows] * FEATURES**-0.5) @ key[rows].transpose(-1, -2)
            of_layer = scores.softmax(dim=-1)[..., self._columns].sum(dim=1)
            sums[layer.side] = sums.get(layer.side, 0) + of_layer

    def traced(self) -> None:
        recorder = Recorder(clamp=False, resolutions=None, keep_steps=False)

        def watched(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
            output, attention = attend(query, key, value)
            recorder.add("", grid, attention.attention_head_sum(self._rows, self._columns))
            return output

        for layer, inputs in zip(self._layers, self._inputs, strict=True):
            grid = (layer.side, layer.side)
            with Watch(watched):
                functional.scaled_dot_product_attention(*inputs)
        self.held = sum(sums.nbytes for sums in recorder.levels()[None].values())

    def measure(self, rounds: int = ROUNDS, warm_ups: int = WARM_UPS) -> dict[str, float]:
        ways = {"plain": self.plain, "two softmaxes": self.two_softmaxes, "traced": self.traced}
        with torch.no_grad():
            return medians(ways, rounds, warm_ups, time.process_time)


def report_core(rows: int, seconds: Mapping[str, float], held: int) -> bool:
    """Print one measurement; False if it is to be discarded."""
    plain = seconds["plain"]
    print(f"Cross-attention core of one step, {rows} rows, {TOKENS} tokens:")
    for name, of_way in seconds.items():
        print(f"  {name:14} {1000 * of_way:8.1f} ms   {of_way / plain:.3f}")
    print(f"  held for maps  {held / MEBIBYTE:8.2f} MiB")
    if seconds["two softmaxes"] / plain < LEAST_CONTROL:
        print(f"  DISCARDED: the control is below {LEAST_CONTROL}; run again on a quieter machine.")
        return False
    if rows in MOST_OVERHEAD and seconds["traced"] / plain > MOST_OVERHEAD[rows]:
        print(f"  ABOVE THE BAR of {MOST_OVERHEAD[rows]}")
    return True


# whole steps, on a GPU


def whole_pipeline(device: str, dtype: torch.dtype, **unet_options: Any) -> Any:
    """Stable Diffusion 2.0 base's UNet with random weights, in a pipeline whose other parts are small."""
    from tempfile import TemporaryDirectory

    from diffusers import StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    from generation.demo.tiny import build_tiny_checkpoint

    options = {
        "sample_size": 64,
        "cross_attention_dim": 1024,
        "attention_head_dim": [5, 10, 20, 20],
        "use_linear_projection": True,
        **unet_options,
    }
    with TemporaryDirectory() as folder:
        small = StableDiffusionPipeline.from_pretrained(build_tiny_checkpoint(folder), use_safetensors=True)
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(small.tokenizer),
            hidden_size=options["cross_attention_dim"],
            num_hidden_layers=1,
            bos_token_id=small.tokenizer.bos_token_id,
            eos_token_id=small.tokenizer.eos_token_id,
            pad_token_id=small.tokenizer.pad_token_id,
        )
    )
    parts = {**small.components, "unet": UNet2DConditionModel(**options), "text_encoder": text_encoder}
    pipeline = StableDiffusionPipeline(**parts, requires_safety_checker=False).to(device, dtype)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


class Steps:
    """Steps of the whole UNet, with guidance."""

    def __init__(self, pipeline: Any, images: int, steps: int) -> None:
        self._pipeline, self._images, self._steps = pipeline, images, steps

    def plain(self) -> torch.Tensor:
        latents: torch.Tensor = self._pipeline(
            ["a small red boat near the beach and a dog on a sofa"] * self._images,
            num_inference_steps=self._steps,
            output_type="latent",
            generator=torch.Generator("cpu").manual_seed(0),
        ).images
        return latents.cpu()  # which waits for the device

    def traced(self) -> torch.Tensor:
        from generation.daam import trace

        with trace(self._pipeline):
            return self.plain()

    def check(self) -> None:
        """Raises RuntimeError unless every attention back end gives the same latents to the bit."""
        for backend in (
            SDPBackend.FLASH_ATTENTION,
            SDPBackend.EFFICIENT_ATTENTION,
            SDPBackend.CUDNN_ATTENTION,
            SDPBackend.MATH,
        ):
            with ExitStack() as chosen:
                chosen.enter_context(sdpa_kernel([backend, SDPBackend.MATH]))
                if not torch.equal(self.plain(), self.traced()):
                    raise RuntimeError(f"With {backend.name}, tracing changes the image.")
            print(f"  {backend.name}: the same to the bit")


def report_steps(name: str, ways: Mapping[str, Callable[[], object]], steps: int) -> None:
    seconds = medians(ways, ROUNDS, WARM_UPS, time.perf_counter)
    print(f"{name}:")
    for way, of_way in seconds.items():
        print(f"  {way:14} {1000 * of_way / steps:8.2f} ms   {of_way / seconds['plain']:.4f}")


def measure_gpu(steps: int = 10) -> None:
    pipeline = whole_pipeline("cuda", torch.float16)
    print(f"Whole steps on {torch.cuda.get_device_name()}, float16, with guidance:")
    for images in (1, 8):
        whole = Steps(pipeline, images, steps)
        whole.check()
        report_steps(f"Eager, {images} image(s)", {"plain": whole.plain, "traced": whole.traced}, steps)
    pipeline.unet.compile()
    for images in (1, 8):
        # the engine refuses what is compiled, so this is what tracing eagerly is to be compared with
        report_steps(f"Compiled, {images} image(s)", {"plain": Steps(pipeline, images, steps).plain}, steps)


def main() -> int:
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one CPU core, medians of {ROUNDS} interleaved rounds")
    kept = []
    for rows in (2, 8):
        core = Core(rows)
        seconds = core.measure()
        kept.append(report_core(rows, seconds, core.held))
    if torch.cuda.is_available():
        with torch.no_grad():
            measure_gpu()
    else:
        print("There is no GPU here: whole steps were not measured.")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
