"""From what is stored of an answer's page to those columns of `columns_of_pages` that are in no row as they
are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotations.models import Study
from evaluation.frames.columns_of_pages import FAST

OTHER_IMAGE = "other image"


@dataclass(frozen=True)
class Rules:
    """What the frozen plan says of single answers: how long a task takes at least, and whether only answers
    are analysed whose pictures are known to have been painted."""

    least_milliseconds: float = 0
    painted_only: bool = False

    @classmethod
    def of(cls, study: Study) -> "Rules":
        settings = study.plan.settings if study.plan is not None else {}
        return cls(1000 * (settings.get("min_seconds") or 0), bool(settings.get("painted_only", False)))


# Column → where it stands in a layout.
_TOLD = {
    **{name: name for name in ("input", "arrangement", "scheme", "direction", "enlarged", "overlay_hidden")},
    "served_image_sha256": "image_sha256",
    "served_overlay_sha256": "overlay_sha256",
}
_SIZES = {"viewport": ("viewport_width", "viewport_height"), "picture": ("picture_width", "picture_height")}


def viewed_milliseconds(spans: Sequence[Sequence[int]]) -> int | None:
    """The sum of the spans; None where there are none: nothing was measured."""
    total = 0
    for begin, end in spans:
        total += end - begin
    return total if spans else None


def page_values(
    told: Sequence[str], flags: Sequence[str], stored: Mapping[str, Sequence[Any]], rules: Rules
) -> dict[str, Sequence[Any]]:
    """By column, of some answers' layouts and flags as JSON and of their columns that are stored."""
    layouts = _parsed(told)
    values: dict[str, Sequence[Any]] = {
        column: [layout.get(name) for layout in layouts] for column, name in _TOLD.items()
    }
    for name, columns in _SIZES.items():
        sizes = [layout.get(name) or (None, None) for layout in layouts]
        for side, column in enumerate(columns):
            values[column] = [size[side] for size in sizes]
    values["language"] = [
        layout.get("language") or kept for layout, kept in zip(layouts, stored["language"], strict=True)
    ]
    percents = [layout.get("pixel_ratio") for layout in layouts]
    values["pixel_ratio"] = [None if percent is None else percent / 100 for percent in percents]
    values["viewed_milliseconds"] = [viewed_milliseconds(spans) for spans in _parsed(stored["visible_spans"])]
    values["order_known"] = [
        milliseconds is not None or bool(layout)
        for milliseconds, layout in zip(stored["milliseconds"], layouts, strict=True)
    ]
    values["flags"] = _flags(flags, stored["image_sha256"], values, rules)
    return values


def _flags(
    flags: Sequence[str], images: Sequence[str], values: Mapping[str, Sequence[Any]], rules: Rules
) -> list[list[str]]:
    """Those that are stored, and those that follow from what is known here; one list for equal ones."""
    known: dict[tuple[str, bool, bool], list[str]] = {}
    found = []
    for stored, served, image, viewed in zip(
        flags, values["served_image_sha256"], images, values["viewed_milliseconds"], strict=True
    ):
        is_other = served is not None and served != image
        is_fast = viewed is not None and viewed < rules.least_milliseconds
        key = (stored, is_other, is_fast)
        if key not in known:
            known[key] = [*json.loads(stored), *[OTHER_IMAGE] * is_other, *[FAST] * is_fast]
        found.append(known[key])
    return found


def _parsed(texts: Sequence[str]) -> list[Any]:
    """All at once: to begin anew takes longer than what is in each of them."""
    parsed: list[Any] = json.loads(f"[{','.join(texts)}]")
    return parsed
