"""What a task's page says of itself beside the answer: when its pictures were painted, how long it was looked
at, on what. Nobody can hold a browser to the truth: what cannot be is bounded or left out, and flagged.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeGuard

LONGEST = timedelta(days=1)
LONGEST_MS = LONGEST // timedelta(milliseconds=1)
# Spans in which the painted page was visible, before and after reloads.
MOST_SPANS = 20
# Of what the page says, as JSON.
MOST_CHARACTERS = 4000

UNKNOWN, PAINTED = "unknown", "painted"

# What a flag says.
FLAGS = {
    "unreadable": "what the page said of itself could not be read at all",
    "damaged": "something that the page said cannot be, and was left out",
    "bounded": "the page said that something took longer than the site knows of, and it was cut",
    "other image": "the page said that it showed another image than the task’s",
}

# What the page may say of how it was shown: a word of a list, whole numbers, or a hash.
WORDS = {
    "arrangement": ("one screen", "scrolling"),
    "scheme": ("light", "dark"),
    "direction": ("ltr", "rtl"),
    "input": ("keyboard", "mouse", "touch", "pen", "other"),
}
MOST_PIXELS = 100_000
MOST_TIMES = 10_000
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Measured:
    """What the page measured, in whole milliseconds since it appeared; None where it measured nothing.

    milliseconds: until the answer. visible_spans: when its pictures were painted and it was visible.
    layout: how it was shown, see `_LAYOUT`. flags: of `FLAGS`."""

    milliseconds: int | None = None
    painted_milliseconds: int | None = None
    first_input_milliseconds: int | None = None
    visible_spans: tuple[tuple[int, int], ...] = ()
    layout: Mapping[str, Any] = field(default_factory=dict)
    interrupted: bool = False
    flags: tuple[str, ...] = ()

    @property
    def painted(self) -> str:
        return UNKNOWN if self.painted_milliseconds is None else PAINTED

    def bounded(self, longest: timedelta) -> "Measured":
        """Nothing took longer than the server knows of."""
        most = min(max(longest // timedelta(milliseconds=1), 0), LONGEST_MS)

        def bound(value: int | None) -> int | None:
            return None if value is None else min(max(value, 0), most)

        spans = tuple((min(begin, most), min(end, most)) for begin, end in self.visible_spans)
        bounded = replace(
            self,
            milliseconds=bound(self.milliseconds),
            painted_milliseconds=bound(self.painted_milliseconds),
            first_input_milliseconds=bound(self.first_input_milliseconds),
            visible_spans=spans[:MOST_SPANS],
        )
        return bounded if bounded == self else replace(bounded, flags=(*self.flags, "bounded"))


def parse_measured(text: str) -> Measured:
    """Of the JSON that a page sends; empty where it has no script. What is no such thing says nothing."""
    if not text:
        return Measured()
    if len(text) > MOST_CHARACTERS:
        return Measured(flags=("unreadable",))
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return Measured(flags=("unreadable",))
    if not isinstance(said, dict):
        return Measured(flags=("unreadable",))
    read = {name: _milliseconds(said.get(name)) for name in ("answered", "painted", "first_input")}
    spans = _spans(said.get("visible", []))
    layout = {name: value for name, is_it in _LAYOUT.items() if is_it(value := said.get(name))}
    painted, answered = read["painted"], read["answered"]
    if painted is not None and (answered is None or painted > answered or not spans):
        # Nobody answers before the pictures are there.
        painted = read["painted"] = None
    left_out = [name for name, value in read.items() if value is None and said.get(name) is not None]
    left_out += [name for name in _LAYOUT if name not in layout and said.get(name) is not None]
    is_damaged = left_out or spans is None or set(said) - _KNOWN
    return Measured(
        milliseconds=answered,
        painted_milliseconds=painted,
        first_input_milliseconds=read["first_input"],
        visible_spans=spans or (),
        layout=layout,
        interrupted=said.get("interrupted") is True,
        flags=("damaged",) if is_damaged else (),
    )


def _milliseconds(value: object) -> int | None:
    """Whole and not below 0. A day and more is bounded later, and flagged as that."""
    return value if _is_whole(value, 10**12) else None


def _is_whole(value: object, most: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _spans(value: object) -> tuple[tuple[int, int], ...] | None:
    """Pairs that follow one another; None if they are none."""
    if not isinstance(value, list) or len(value) > MOST_SPANS:
        return None
    spans, last = [], 0
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:
            return None
        begin, end = _milliseconds(pair[0]), _milliseconds(pair[1])
        if begin is None or end is None or not last <= begin <= end:
            return None
        spans.append((begin, end))
        last = end
    return tuple(spans)


def _is_size(value: object) -> bool:
    """[width, height] in CSS pixels."""
    return isinstance(value, list) and len(value) == 2 and all(_is_whole(side, MOST_PIXELS) for side in value)


def _is_one_of(words: tuple[str, ...]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in words


def _is_tag(value: object) -> bool:
    return isinstance(value, str) and LANGUAGE.fullmatch(value) is not None


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and SHA256.fullmatch(value) is not None


# How the page was shown, and how each is known to be one.
_LAYOUT: dict[str, Callable[[object], bool]] = {
    **{name: _is_one_of(words) for name, words in WORDS.items()},
    "viewport": _is_size,
    "picture": _is_size,
    # Device pixels to a CSS pixel, in percent.
    # In which the study was read; a person may have changed it since the turn was given.
    "language": _is_tag,
    "pixel_ratio": lambda value: _is_whole(value, 10_000),
    "enlarged": lambda value: _is_whole(value, MOST_TIMES),
    "overlay_hidden": lambda value: _is_whole(value, MOST_TIMES),
    "image_sha256": _is_hash,
    "overlay_sha256": _is_hash,
}
_KNOWN = {"answered", "painted", "first_input", "visible", "interrupted", *_LAYOUT}
