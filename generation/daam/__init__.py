"""DAAM: which pixels of a generated image attend to which words of its prompt (see `trace`).

Heat maps are read and drawn without torch; `trace` loads it when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from generation.daam.archive import HeatMapFileError
from generation.daam.heat_maps import GlobalHeatMap, StepLevels, WordHeatMap
from generation.daam.tokens import WordNotAttended, WordNotFound

if TYPE_CHECKING:
    from generation.daam.recorder import TraceError
    from generation.daam.tracer import Tracer, UnsupportedPipeline, trace

__all__ = [
    "GlobalHeatMap",
    "HeatMapFileError",
    "StepLevels",
    "TraceError",
    "Tracer",
    "UnsupportedPipeline",
    "WordHeatMap",
    "WordNotAttended",
    "WordNotFound",
    "trace",
]


def __getattr__(name: str) -> Any:
    if name in ("TraceError", "Tracer", "UnsupportedPipeline", "trace"):
        return getattr(importlib.import_module("generation.daam.tracer"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
