"""The columns that say how an answer's page was shown and looked at: what it told, bounded, and what follows
from that. See annotations/measured.py."""

from annotations.measured import FLAGS, WORDS
from evaluation.frames.stored_columns import CommonColumn

# A flag of our own, beside those that are stored: the plan says how long a task takes at least.
FAST = "fast"
_FLAGS = {**FLAGS, FAST: "its pictures were looked at for less than the plan’s minimum"}


def _milliseconds(name: str, meaning: str, path: str = "") -> CommonColumn:
    return CommonColumn(
        name, "whole number", f"{meaning}; empty: not measured.", "milliseconds", path=path, dtype="Int32"
    )


def _whole(name: str, meaning: str, unit: str = "") -> CommonColumn:
    return CommonColumn(name, "whole number", f"{meaning}; empty: not told.", unit, dtype="Int32")


def _word(name: str, meaning: str) -> CommonColumn:
    words = ", ".join(WORDS[name])
    return CommonColumn(name, "text", f"{meaning}: {words}; empty: not told.")


def _hash(name: str, meaning: str) -> CommonColumn:
    return CommonColumn(name, "text", f"{meaning}, in hexadecimal digits, as the page told; empty: not told.")


_CSS = "CSS pixels"
OF_PAGES = (
    _milliseconds(
        "milliseconds",
        "Time from the appearance of the page on which this revision was sent to its answer, as the browser "
        "measured it and at most what the server knows of",
        "milliseconds",
    ),
    CommonColumn(
        "painted", "text",
        "Whether the page told that its pictures were painted before the answer: painted or unknown.",
        path="painted",
    ),
    _milliseconds(
        "painted_milliseconds", "Time from the page’s appearance until all its pictures were painted",
        "painted_milliseconds",
    ),
    _milliseconds(
        "first_input_milliseconds", "Time from the page’s appearance to the first key, click or touch",
        "first_input_milliseconds",
    ),
    _milliseconds(
        "viewed_milliseconds", "How long the page was visible with its pictures painted: the sum of "
        "visible_spans",
    ),
    CommonColumn(
        "visible_spans", "JSON",
        "List of pairs [begin, end], counted from the page’s appearance: when it was visible with its "
        "pictures painted; [] where nothing was measured.",
        "milliseconds", path="visible_spans",
    ),
    CommonColumn(
        "interrupted", "truth",
        "Whether the page of the first answer was left and loaded again, so that its times may lack what was "
        "before.",
        path="assignment__interrupted", dtype="bool",
    ),
    _word("input", "What the answer was given with"),
    CommonColumn(
        "order_known", "truth",
        "Whether the page’s script ran, which keeps the order of the clicks: where it is False, what was "
        "ticked stands in the order of the page.",
        dtype="bool",
    ),
    _word("arrangement", "Whether the whole task fitted on the screen or had to be scrolled"),
    _whole("viewport_width", "Width of the browser’s window", _CSS),
    _whole("viewport_height", "Height of the browser’s window", _CSS),
    _whole("picture_width", "Width at which the image was shown when the answer was given", _CSS),
    _whole("picture_height", "Height at which the image was shown when the answer was given", _CSS),
    CommonColumn(
        "pixel_ratio", "number", "Pixels of the device to one CSS pixel, zooming included; empty: not told.",
        "device pixels per CSS pixel",
    ),
    _word("scheme", "Colour scheme that the browser asked for"),
    _word("direction", "In which direction the answers stood in a row, the first one first"),
    _whole("enlarged", "How often a picture was enlarged", "times"),
    _whole("overlay_hidden", "How often the overlay was hidden", "times"),
    _hash("served_image_sha256", "SHA-256 of the image that the browser was sent"),
    _hash("served_overlay_sha256", "SHA-256 of the overlay that the browser was sent"),
    CommonColumn(
        "flags", "list",
        f"What makes the page’s report doubtful: "
        f"{'; '.join(f'{flag} ({meaning})' for flag, meaning in _FLAGS.items())}.",
    ),
)  # fmt: skip
