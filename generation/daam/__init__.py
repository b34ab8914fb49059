"""DAAM: which pixels of a generated image attend to which words of its prompt (see `trace`).

Heat maps are read and drawn without torch; `trace` loads it when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from generation.daam.archive import HeatMapFileError
from generation.daam.heat_maps import GlobalHeatMap, StepLevels, WordHeatMap
from generation.daam.tokens import PromptTokens, WordNotAttended, WordNotFound

if TYPE_CHECKING:
    from generation.daam.given_image import attribute
    from generation.daam.networks import UnsupportedPipeline
    from generation.daam.recorded_attention import RecordedAttention
    from generation.daam.recorder import TraceError
    from generation.daam.tracer import Tracer, trace

__all__ = [
    "GlobalHeatMap",
    "HeatMapFileError",
    "PromptTokens",
    "RecordedAttention",
    "StepLevels",
    "TraceError",
    "Tracer",
    "UnsupportedPipeline",
    "WordHeatMap",
    "WordNotAttended",
    "WordNotFound",
    "attribute",
    "trace",
]


# where each name lives that needs torch
_WITH_TORCH = {
    "RecordedAttention": "recorded_attention",
    "TraceError": "recorder",
    "Tracer": "tracer",
    "UnsupportedPipeline": "networks",
    "attribute": "given_image",
    "trace": "tracer",
}


def __getattr__(name: str) -> Any:
    if name in _WITH_TORCH:
        return getattr(importlib.import_module(f"generation.daam.{_WITH_TORCH[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
