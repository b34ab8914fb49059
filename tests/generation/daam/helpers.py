"""Generating with the tiny pipeline, and DAAM as its definition says it, slowly."""

from contextlib import contextmanager

import numpy as np
import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from generation.daam import trace

aten = torch.ops.aten
# {cells: (h, w)} of the tiny pipeline's layers
GRIDS = {256: (16, 16), 64: (8, 8), 16: (4, 4)}


def generate(pipeline, prompt, seeds=(0,), **options):
    """Images as uint8 arrays, one seed per image."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    options = {"num_inference_steps": 4, **options}
    images = pipeline(prompt, generator=generators, **options).images
    return [np.asarray(image) for image in images]


class ScoreLog:
    """An attention processor that writes down every score in float64 and leaves the rest to another."""

    def __init__(self, processor, name, log):
        self.processor, self.name, self.log = processor, name, log

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, **kwargs):
        text = encoder_hidden_states
        if isinstance(text, tuple):  # with an IP-Adapter: the text, then the images
            text = text[0]
        query = attn.to_q(hidden_states).double().unflatten(-1, (attn.heads, -1)).transpose(1, 2)
        key = attn.to_k(text).double().unflatten(-1, (attn.heads, -1)).transpose(1, 2)
        scores = (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(dim=-1)
        self.log.append((self.name, scores))  # (rows, attention heads, cells, tokens)
        return self.processor(attn, hidden_states, encoder_hidden_states, attention_mask, **kwargs)


class JointScoreLog(TorchFunctionMode):
    """Writes down, in float64, what image cells pay to the text in every joint attention.

    text: slice of the sequence that is the text; the rest is the image.
    """

    def __init__(self, text):
        super().__init__()
        self.text, self.log = text, []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        names = ("query", "key", "value")
        given = {**dict(zip(names, args, strict=False)), **(kwargs or {})}
        length = given["query"].shape[-2] if func is functional.scaled_dot_product_attention else 0
        if length > self.text.stop - self.text.start > 0 and length >= self.text.stop:
            query, key = given["query"].double(), given["key"].double()
            scores = (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(dim=-1)
            image = [n for n in range(length) if not self.text.start <= n < self.text.stop]
            self.log.append((len(self.log), scores[:, :, image, self.text]))
        return func(*args, **(kwargs or {}))


@contextmanager
def scores_logged(pipeline, mid_block=False):
    """Every score of every text cross-attention of the down and up blocks: [(layer, scores)] in order."""
    log = []
    before = pipeline.unet.attn_processors
    after = {
        name: ScoreLog(processor, name, log)
        if ".attn2." in name and (mid_block or "mid_block" not in name)
        else processor
        for name, processor in before.items()
    }
    pipeline.unet.set_attn_processor(after)
    try:
        yield log
    finally:
        pipeline.unet.set_attn_processor(before)


def naive_heat_maps(log, row, tokens, grids, image_size, first=1):
    """Eq. 6 to the letter: float64 (tokens, height, width), each score upscaled, then summed.

    tokens: how many, from column `first`. grids: {cells: (h, w)}.
    """
    total = torch.zeros(tokens, *image_size, dtype=torch.float64)
    for _, scores in log:
        maps = scores[row, :, :, first : tokens + first].transpose(-1, -2)  # (attention heads, tokens, cells)
        maps = maps.unflatten(-1, grids[maps.shape[-1]])
        total += functional.interpolate(maps, size=image_size, mode="bicubic", align_corners=False).sum(dim=0)
    return total.numpy()


def token_heat_maps(heat_map):
    """Each token's heat map by the engine: float32 (tokens, height, width)."""
    spans = heat_map.offsets[: heat_map.attended]
    return np.stack([heat_map.span(int(start), int(end)).soft() for start, end in spans])


def relative_deviation(actual, expected):
    """The largest difference, in units of the largest value."""
    return np.abs(actual - expected).max() / np.abs(expected).max()


def assert_same_levels(actual, expected, tolerance):
    assert list(actual) == list(expected)
    for grid in expected:
        assert relative_deviation(actual[grid], expected[grid]) <= tolerance


def traced(pipeline, prompt, seeds=(0,), trace_options=None, **options):
    """Images, and their heat maps."""
    with trace(pipeline, **(trace_options or {})) as tracer:
        images = generate(pipeline, prompt, seeds, **options)
    return images, tracer.heat_maps


class KernelCount(TorchDispatchMode):
    """How many operations reach torch's kernels; views do not, nor does the choice between kernels."""

    def __init__(self):
        super().__init__()
        self.kernels = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        no_kernel = (aten.detach.default, aten._unsafe_view.default, aten._fused_sdp_choice.default)
        self.kernels += not (func.is_view or func in no_kernel)
        return func(*args, **(kwargs or {}))
