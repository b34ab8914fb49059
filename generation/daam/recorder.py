"""Sees queries and keys of text cross-attention and sums the scores; the image stays as it is."""

from collections.abc import Collection
from typing import Any

import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend
from torch.overrides import TorchFunctionMode

from generation.daam.heat_maps import Grid

_scaled_dot_product_attention = functional.scaled_dot_product_attention
# a UNet halves its grid at most that often
_MOST_HALVINGS = 8


class TraceError(RuntimeError):
    """Tracing cannot give complete maps; the message says why."""


class Recorder:
    """Sums of cross-attention scores of one generation: one call of the pipeline, with one or more images.

    columns: where the tokens of interest stand in the text encoder's sequence.
    clamp: keep each layer and attention head apart, to clamp their upscaled maps at 0 as the authors' code
        does.
    resolutions: only layers whose grid's shorter side is one of these; None for all.
    keep_steps: keep each time step apart.
    """

    def __init__(
        self, columns: slice, *, clamp: bool, resolutions: Collection[int] | None, keep_steps: bool
    ) -> None:
        self._columns = columns
        self._clamp = clamp
        self._resolutions = resolutions
        self._keep_steps = keep_steps
        self._latent_size: Grid = (0, 0)
        self._grids: dict[int, Grid] = {}
        self._rows: list[int] = []
        self._text_length = 0
        self._time_step: float | None = None
        self._captured: set[str] = set()
        self._sides: set[int] = set()
        # float32 (images, tokens, cells), or (images, attention heads, tokens, cells) to be clamped
        self._sums: dict[tuple[float | None, str | None, Grid], torch.Tensor] = {}

    @property
    def is_empty(self) -> bool:
        return not self._sums

    def begin_call(
        self, latent_size: Grid, rows: list[int], text_length: int, time_step: torch.Tensor | float
    ) -> None:
        """Prepare for one call of the UNet.

        latent_size: (height, width) of the latents. rows: the row of the UNet's batch that belongs to each
            image.
        text_length: tokens of the text states. time_step: needed only if time steps are kept.
        """
        self._latent_size = latent_size
        self._grids = _grids_by_cells(latent_size)
        self._rows = rows
        self._text_length = text_length
        self._time_step = float(time_step) if self._keep_steps else None
        self._captured = set()

    def end_call(self, layers: Collection[str]) -> list[str]:
        """The layers of `layers` whose attention was not seen during the call.

        Raises TraceError if no layer has one of the wanted resolutions.
        """
        missed = [layer for layer in layers if layer not in self._captured]
        absent = set(self._resolutions or ()) - self._sides
        if absent and not missed:
            raise TraceError(
                f"No layer has the resolution {', '.join(map(str, sorted(absent)))}. With latents of "
                f"{self._latent_size} cells there are {', '.join(map(str, sorted(self._sides)))}."
            )
        return missed

    def watch(self, layer: str) -> TorchFunctionMode:
        """A context that records the text cross-attention of `layer` whichever processor computes it."""
        return _Watch(self, layer)

    def attend(
        self,
        layer: str,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        *,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> torch.Tensor:
        """`scaled_dot_product_attention`, bit for bit, that also adds the layer's scores to the sums.

        Only the layer's first attention over as many keys as the text has tokens counts: an IP-Adapter's
        image comes after the text.
        """
        is_text = key.shape[-2] == self._text_length and layer not in self._captured
        grid = self._grids.get(query.shape[-2])
        if not is_text or is_causal or enable_gqa or query.dim() != 4 or grid is None:
            return _scaled_dot_product_attention(
                query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
            )
        self._captured.add(layer)
        self._sides.add(min(grid))
        if self._resolutions is not None and min(grid) not in self._resolutions:
            return _scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, scale=scale)
        output, logsumexp = _attention_and_logsumexp(query, key, value, attn_mask, dropout_p, scale)
        scores = self._scores(query, key, logsumexp, attn_mask, scale)
        self._add(layer, grid, scores if self._clamp else scores.sum(dim=1))
        return output

    def levels(self) -> dict[float | None, dict[Grid, torch.Tensor]]:
        """{time step: {(h, w): float32 (images, tokens, h, w)}} in the order of generation.

        The only time step is None unless steps are kept. With clamping there is one level, of the latents'
        size: each layer's and head's sum over time upscaled to it, clamped at 0 and summed (the authors take
        the mean, which is the same map up to a factor).
        """
        levels: dict[float | None, dict[Grid, torch.Tensor]] = {}
        for (time_step, _, grid), sums in self._sums.items():
            level = sums.view(*sums.shape[:-1], *grid)
            if self._clamp:
                level = _upscaled(level, self._latent_size).clamp_(min=0).sum(dim=1)
                grid = self._latent_size
            of_step = levels.setdefault(time_step, {})
            of_step[grid] = of_step[grid] + level if grid in of_step else level
        return levels

    def _scores(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        logsumexp: torch.Tensor | None,
        attn_mask: torch.Tensor | None,
        scale: float | None,
    ) -> torch.Tensor:
        """Softmax probabilities of the wanted tokens: float32 (images, attention heads, tokens, cells)."""
        if attn_mask is not None:
            attn_mask = attn_mask.expand(*query.shape[:-1], key.shape[-2])
        rows = self._rows
        # a slice is a view, while a list of rows would copy
        picked = slice(rows[0], rows[-1] + 1) if rows == list(range(rows[0], rows[-1] + 1)) else rows
        scale = query.shape[-1] ** -0.5 if scale is None else scale
        query, key = query[picked].detach().float(), key[picked].detach().float() * scale
        if logsumexp is not None:
            scores = key[:, :, self._columns] @ query.transpose(-1, -2)
            return scores.sub_(logsumexp[picked].unsqueeze(-2)).exp_()
        scores = query @ key.transpose(-1, -2)
        if attn_mask is not None:
            mask = attn_mask[picked]
            scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
        return scores.softmax(dim=-1)[..., self._columns].transpose(-1, -2)

    def _add(self, layer: str, grid: Grid, scores: torch.Tensor) -> None:
        place = (self._time_step, layer if self._clamp else None, grid)
        if place in self._sums:
            self._sums[place] += scores
        else:
            self._sums[place] = scores.contiguous()


class _Watch(TorchFunctionMode):
    def __init__(self, recorder: Recorder, layer: str) -> None:
        super().__init__()
        self._recorder = recorder
        self._layer = layer

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is _scaled_dot_product_attention:
            return self._recorder.attend(self._layer, *args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def image_rows(
    text_states: torch.Tensor, prompt_embeds: torch.Tensor, negative_embeds: torch.Tensor | None
) -> list[int] | None:
    """The row of the UNet's batch that belongs to each image; None for a call with the negative prompts only.

    text_states: (rows, tokens, features), what the UNet was given. prompt_embeds, negative_embeds: (images,
    tokens, features), what `encode_prompt` returned. A row belongs to the image whose text it holds, which
    leaves ties when texts are equal. Guidance puts the negative prompts first; so if the batch starts with
    them they are passed over, even if they equal the prompts. Images with equal prompts take their rows in
    order, and of two rows for one image the first counts (perturbed-attention guidance appends the perturbed
    one).

    Raises TraceError if the rows hold other texts.
    """
    images = len(prompt_embeds)
    first = 0
    if negative_embeds is not None:
        negative_embeds = negative_embeds.to(text_states)
        if torch.equal(text_states, negative_embeds) and not torch.equal(
            prompt_embeds.to(text_states), negative_embeds
        ):
            return None
        if len(text_states) > images and torch.equal(text_states[:images], negative_embeds):
            first = images
    equal = text_states.unsqueeze(1) == prompt_embeds.to(text_states).unsqueeze(0)
    belongs = equal.flatten(2).all(dim=-1).tolist()  # (rows, images)
    free = list(range(first, len(text_states)))
    rows = []
    for image in range(images):
        row = next((row for row in free if belongs[row][image]), None)
        if row is None:
            raise TraceError(
                f"The UNet was given a text that is not the one of image {image}: something changed the "
                "embeddings that encode_prompt returned, so its attention cannot be told apart."
            )
        free.remove(row)
        rows.append(row)
    return rows


def _grids_by_cells(latent_size: Grid) -> dict[int, Grid]:
    """{h * w: (h, w)} of a UNet's resolutions: each halves the one before, rounding up."""
    grids: dict[int, Grid] = {}
    h, w = latent_size
    for _ in range(_MOST_HALVINGS):
        grids.setdefault(h * w, (h, w))
        h, w = (h + 1) // 2, (w + 1) // 2
    return grids


def _attention_and_logsumexp(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None,
    dropout_p: float,
    scale: float | None,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The output (rows, heads, cells, features) and each cell's logsumexp of scores (rows, heads, cells).

    The kernel is the one that torch itself would pick, so the output is the same to the bit. There is no
    logsumexp (None) with masks and where the kernel is another than flash attention on a CPU.
    """
    if attn_mask is None and dropout_p == 0 and query.device.type == "cpu":
        choice = torch._fused_sdp_choice(query, key, value, scale=scale)
        if choice == SDPBackend.FLASH_ATTENTION.value:
            output, logsumexp = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
                query, key, value, scale=scale
            )
            return output, logsumexp
    return _scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, scale=scale), None


def _upscaled(sums: torch.Tensor, size: Grid) -> torch.Tensor:
    """(images, heads, tokens, h, w), bicubically upscaled to the size."""
    upscaled = functional.interpolate(sums.flatten(0, 1), size=size, mode="bicubic", align_corners=False)
    return upscaled.view(*sums.shape[:2], *upscaled.shape[1:])
