"""While the layers of the network attend: scores are added to the sums, maps recorded or injected."""

import functools
from collections.abc import Callable
from typing import Any

import torch

from generation.daam.attention import Attention, Watch, attend, scaled_dot_product_attention
from generation.daam.calls import NetworkCall
from generation.daam.heat_maps import Grid
from generation.daam.networks import Network, UnsupportedPipeline
from generation.daam.options import Options
from generation.daam.recorder import time_of
from generation.daam.sides import Side


class Layers:
    """The layers of a network, watched."""

    def __init__(self, network: Network, options: Options) -> None:
        self._network = network
        self._options = options
        self._record, self._inject = options.record, options.inject

    def begin_call(self, call: NetworkCall) -> None:
        """Prepare for one call of the network.

        Raises TraceError if the call is not one of those whose maps are to be injected.
        """
        for side, _ in call.sides():
            side.recorder.begin_call(call.inputs.latent_size, call.inputs.time_step)
        if call.rows.prompt is not None and self._options.need_all_maps:
            time_step = time_of(call.inputs.time_step)
            if self._inject is not None:
                self._inject.check_call(call.number, time_step)
            if self._record is not None:
                self._record.begin_call(call.number, time_step)

    def around(
        self, call: NetworkCall, layer: str, forward: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The layer's own forward, watched."""
        call.called.add(layer)
        with Watch(functools.partial(self._attend, call, layer)):
            return forward(*args, **kwargs)

    def end_call(self, call: NetworkCall) -> None:
        """Raises UnsupportedPipeline if any layer was not called or not seen; TraceError if no layer has one
        of the wanted resolutions."""
        for layer in self._network.layers:
            if layer not in call.called:
                raise UnsupportedPipeline(self._network.why_not_called(layer))
            if layer not in call.seen:
                raise UnsupportedPipeline(self._network.why_unseen(layer))
        for side, _ in call.sides():
            side.recorder.end_call()

    def _attend(
        self,
        call: NetworkCall,
        layer: str,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        *args: Any,
        **kwargs: Any,
    ) -> torch.Tensor:
        """`scaled_dot_product_attention` that also adds the layer's scores to the sums.

        Only the layer's first attention to the text counts: an IP-Adapter's image comes after the text.
        """
        length = call.inputs.text_states.shape[1]
        found = self._network.cells_and_text(query.shape[-2], key.shape[-2], length)
        grid = call.grids.get(len(range(*found[0].indices(query.shape[-2])))) if found else None
        if found is None or grid is None or layer in call.seen:
            return scaled_dot_product_attention(query, key, value, *args, **kwargs)
        cells, text = found
        wanted = [(side, rows) for side, rows in call.sides() if self._adds(side, layer, grid)]
        if not wanted and not self._options.need_all_maps:
            call.seen.add(layer)
            return scaled_dot_product_attention(query, key, value, *args, **kwargs)
        output, attention = attend(query, key, value, *args, **kwargs)
        if attention is None:
            return output
        call.seen.add(layer)
        injected = self._record_and_inject(call, layer, attention, value, output)
        for side, rows in wanted:
            if injected is not None and rows is call.rows.prompt:
                # a copy, as the recorder adds to it
                scores = injected[..., side.columns].transpose(-1, -2).to(torch.float32, copy=True)
                scores = scores if side.recorder.keeps_attention_heads else scores.sum(dim=1)
            else:
                columns = _shifted(side.columns, text)
                of = (
                    attention.probabilities
                    if side.recorder.keeps_attention_heads
                    else attention.attention_head_sum
                )
                scores = of(rows, columns, cells)
            side.recorder.add(layer, grid, scores)
        return output

    def _adds(self, side: Side, layer: str, grid: Grid) -> bool:
        # for `record` and `inject` the middle block is watched in any case
        return (self._options.mid_block or not layer.startswith("mid_block")) and side.recorder.wants(grid)

    def _record_and_inject(
        self,
        call: NetworkCall,
        layer: str,
        attention: Attention,
        value: torch.Tensor,
        output: torch.Tensor,
    ) -> torch.Tensor | None:
        """Record the prompts' maps, and write what follows from injected ones into `output`, if asked for.

        The injected maps: (images, attention heads, cells, tokens).
        """
        rows = call.rows.prompt
        if rows is None:
            return None
        maps = None
        if self._inject is not None:
            shape = torch.Size((*attention.query.shape[1:3], attention.key.shape[2]))
            maps = self._inject.maps(call.number, layer, len(rows), shape)
            if maps is not None:
                output[rows] = (maps.to(value) @ value[rows]).to(output.dtype)
        if self._record is not None and self._record.wants(call.number):
            own = maps
            if own is None:
                own = attention.probabilities(rows, slice(None)).transpose(-1, -2).to(value.dtype)
            self._record.add(call.number, layer, own.contiguous())
        return maps


def _shifted(columns: slice | torch.Tensor, by: int) -> slice | torch.Tensor:
    if isinstance(columns, slice):
        return slice(columns.start + by, columns.stop + by)
    return columns + by if by else columns
