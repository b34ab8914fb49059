"""Single attention calls: seen on their way to torch, and how much each cell attends to each token."""

import functools
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend
from torch.overrides import TorchFunctionMode

_scaled_dot_product_attention = functional.scaled_dot_product_attention


class Watch(TorchFunctionMode):
    """A context in which `attend` takes the place of torch's scaled dot product attention.

    The mode belongs to the thread that enters it, so pipelines in other threads are not disturbed.
    """

    def __init__(self, attend: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self._attend = attend

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is _scaled_dot_product_attention:
            return self._attend(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


@dataclass(frozen=True, eq=False)
class Attention:
    """One call of scaled dot product attention.

    query, key: (rows, attention heads, queries or keys, features).
    logsumexp: float32 (rows, attention heads, queries), of each query's scaled products with all keys; None
        if the kernel that made the output does not tell it.
    attn_mask: as torch takes it. scale: of the products.
    one_by_one: take one row of the batch at a time. On a CPU its numbers are views of the queries and still
        lie in the cache when the next operation comes; other devices want few kernels.
    """

    query: torch.Tensor
    key: torch.Tensor
    logsumexp: torch.Tensor | None
    attn_mask: torch.Tensor | None
    scale: float
    one_by_one: bool

    def probabilities(
        self, rows: list[int], columns: slice | torch.Tensor, queries: slice = slice(None)
    ) -> torch.Tensor:
        """The softmax over all keys, in these columns: float32 (rows, attention heads, columns, queries)."""
        portions = [self._probabilities(some, columns, queries) for some in self._portions(rows)]
        # without a logsumexp they are views, and would hold all columns as long as they are held
        return _joined(portions).contiguous()

    def attention_head_sum(
        self, rows: list[int], columns: slice | torch.Tensor, queries: slice = slice(None)
    ) -> torch.Tensor:
        """The same, summed over the attention heads: float32 (rows, columns, queries)."""
        return _joined(
            [self._probabilities(some, columns, queries).sum(dim=1) for some in self._portions(rows)]
        )

    def _portions(self, rows: list[int]) -> list[slice | list[int]]:
        if self.one_by_one:
            return [slice(row, row + 1) for row in rows]
        first, last = rows[0], rows[-1]
        # a slice is a view, while a list of rows copies
        return [slice(first, last + 1) if rows == list(range(first, last + 1)) else rows]

    def _probabilities(
        self, rows: slice | list[int], columns: slice | torch.Tensor, queries: slice
    ) -> torch.Tensor:
        device = self.query.device.type
        # autocast would round the products to half precision
        with torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext():
            return self._softmax(rows, columns, queries)

    def _softmax(
        self, rows: slice | list[int], columns: slice | torch.Tensor, queries: slice
    ) -> torch.Tensor:
        query = _float(self.query[rows, :, queries]).transpose(-1, -2)
        key, attention_heads = self.key[rows], self.key.shape[1]
        count = len(key)
        if self.logsumexp is not None:
            key = _float(key[:, :, columns])
            logsumexp = self.logsumexp[rows, :, queries].flatten(0, 1).unsqueeze(-2)
            scores = torch.baddbmm(logsumexp, key, query, beta=-1, alpha=self.scale)
            return scores.exp_().view(count, attention_heads, *scores.shape[1:])
        scores = torch.bmm(_float(key), query) * self.scale
        scores = scores.view(count, attention_heads, *scores.shape[1:])
        if self.attn_mask is not None:
            attn_mask = self.attn_mask.expand(*self.query.shape[:-1], self.key.shape[-2])
            attn_mask = attn_mask[rows, :, queries].transpose(-1, -2)
            if attn_mask.dtype == torch.bool:
                scores = scores.masked_fill(~attn_mask, -torch.inf)
            else:
                scores = scores + attn_mask
        probabilities: torch.Tensor = scores.softmax(dim=-2)[:, :, columns]
        return probabilities


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tuple[torch.Tensor, Attention | None]:
    """`scaled_dot_product_attention`, bit for bit: its output, and what it attended to; None of the latter
    for causal attention, grouped queries and other than four axes.

    The kernel is the one that torch itself would pick, asked for its logsumexp. There is none with masks and
    from other kernels than torch's fused ones; the probabilities are then a softmax in float32.
    """
    if is_causal or enable_gqa or query.dim() != 4:
        return scaled_dot_product_attention(
            query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
        ), None
    seen = functools.partial(
        Attention,
        query,
        key,
        scale=query.shape[-1] ** -0.5 if scale is None else scale,
        one_by_one=query.device.type == "cpu",
    )
    if attn_mask is None and dropout_p == 0 and not _is_autocast(query, key, value):
        fused = _fused_attention(query, key, value, scale)
        if fused is not None:
            output, logsumexp = fused
            return output, seen(logsumexp=logsumexp, attn_mask=None)
    output = scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, scale=scale)
    return output, seen(logsumexp=None, attn_mask=attn_mask)


def scaled_dot_product_attention(*args: Any, **kwargs: Any) -> torch.Tensor:
    """torch's own."""
    return _scaled_dot_product_attention(*args, **kwargs)


def _is_autocast(*tensors: torch.Tensor) -> bool:
    """Whether torch would first convert these to another type."""
    device = tensors[0].device.type
    if not torch.is_autocast_enabled(device):
        return False
    dtype = torch.get_autocast_dtype(device)
    return any(each.dtype != dtype for each in tensors)


def _fused_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """The output (rows, attention heads, queries, features) and logsumexp (rows, attention heads, queries) of
    torch's choice of kernel; None if that one tells no logsumexp."""
    device = query.device.type
    if device not in ("cpu", "cuda"):
        return None
    choice = torch._fused_sdp_choice(query, key, value, scale=scale)
    aten = torch.ops.aten
    if device == "cpu":
        if choice != SDPBackend.FLASH_ATTENTION.value:
            return None
        output, logsumexp = aten._scaled_dot_product_flash_attention_for_cpu(query, key, value, scale=scale)
        return output, logsumexp
    # torch pads features for these kernels unless they are a multiple of 8; every supported model's are
    if query.shape[-1] % 8:
        return None
    if choice == SDPBackend.FLASH_ATTENTION.value:
        output, logsumexp = aten._scaled_dot_product_flash_attention(query, key, value, scale=scale)[:2]
    elif choice == SDPBackend.EFFICIENT_ATTENTION.value:
        # its logsumexp is padded to a multiple of 32 queries
        output, logsumexp = aten._scaled_dot_product_efficient_attention(
            query, key, value, None, True, scale=scale
        )[:2]
    elif choice == SDPBackend.CUDNN_ATTENTION.value:
        output, logsumexp = aten._scaled_dot_product_cudnn_attention(
            query, key, value, None, True, scale=scale
        )[:2]
    else:
        return None
    return output, logsumexp.reshape(*query.shape[:2], -1)[..., : query.shape[-2]]


def _float(tensor: torch.Tensor) -> torch.Tensor:
    """(rows, attention heads, …) as float32 (rows * attention heads, …), in one kernel at most."""
    if len(tensor) == 1:
        return tensor.detach()[0].float()
    return tensor.detach().to(torch.float32, memory_format=torch.contiguous_format).flatten(0, 1)


def _joined(portions: list[torch.Tensor]) -> torch.Tensor:
    return portions[0] if len(portions) == 1 else torch.cat(portions)
