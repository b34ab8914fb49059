"""Caption files → captions, with one clear reason for every row that is none.

Formats: COCO caption JSON, CSV, JSON Lines, plain text (one caption a line), CoNLL-U. White space around a
caption is dropped, that inside is kept. A caption without an id gets the number of its row as its id. Blank
lines are skipped.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from generation.prompts.conllu import COLUMNS, read_conllu
from generation.prompts.formats import (
    Caption,
    CaptionFileError,
    RowError,
    csv_delimiter,
    numbered_lines,
    parse_json,
    read_coco,
    read_csv,
    read_jsonl,
    read_text,
)

__all__ = ["FORMATS", "Caption", "CaptionFile", "CaptionFileError", "RowError", "read_captions"]

MAX_CAPTION_LENGTH = 2_000
MAX_ID_LENGTH = 200

READERS: dict[str, Callable[[str], Iterator[Caption | RowError]]] = {
    "coco": read_coco,
    "csv": read_csv,
    "jsonl": read_jsonl,
    "text": read_text,
    "conllu": read_conllu,
}
FORMATS = ("auto", *READERS)
EXTENSIONS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "text",
    ".conllu": "conllu",
    ".conll": "conllu",
}


# Where `surrogateescape` puts the bytes 0x80 to 0xff that are not UTF-8.
UNDECODABLE = re.compile("[\udc80-\udcff]")
CONLLU_COMMENT = re.compile(r"#\s*(sent_id|text|newdoc|newpar|global\.columns)\b")


@dataclass(frozen=True)
class CaptionFile:
    """What a file holds: the captions that can be imported, and an error for each row that cannot."""

    captions: list[Caption]
    errors: list[RowError]
    format: str


def read_captions(content: bytes, *, format: str = "auto", file_name: str = "") -> CaptionFile:
    """The captions of a file.

    `format` is one of FORMATS; "auto" goes by the extension of `file_name` and then by the content. Raises
    CaptionFileError where the file as a whole cannot be read or holds no row at all.
    """
    if format not in FORMATS:
        raise CaptionFileError(f"unknown format {format!r}; the formats are {', '.join(FORMATS)}")
    text = _decode(content)
    if format == "auto":
        extension = PurePath(file_name).suffix.lower()
        format = EXTENSIONS.get(extension) or _format_of(text)
        if extension == ".json" and format != "jsonl":
            format = "coco"
    if format == "text" and (actual := _format_of(text)) not in ("text", "csv"):
        raise CaptionFileError(f"this is no plain text with one caption a line; it looks like {actual}")
    if format == "coco" and (line := _undecodable_line(text)):
        raise CaptionFileError(f"line {line}: bytes that are not UTF-8; save the file as UTF-8")
    captions: list[Caption] = []
    errors: list[RowError] = []
    rows_by_id: dict[str, int] = {}
    for item in READERS[format](text):
        error = item if isinstance(item, RowError) else _problem(item, rows_by_id)
        if error:
            errors.append(error)
        elif isinstance(item, Caption):
            rows_by_id[item.external_id] = item.row
            captions.append(item)
    if not captions and not errors:
        raise CaptionFileError("the file holds no captions")
    return CaptionFile(captions, errors, format)


def _decode(content: bytes) -> str:
    """UTF-8 with or without a byte order mark; other bytes become lone surrogates, reported by row."""
    if not content.strip():
        raise CaptionFileError("the file is empty")
    text = content.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise CaptionFileError("the file is in UTF-16; save it as UTF-8")
    if b"\0" in content[:1024] and _undecodable_line(text):
        raise CaptionFileError("this is no text file in UTF-8")
    return text


def _undecodable_line(text: str) -> int | None:
    """The number of the first line with bytes that are not UTF-8."""
    return next((number for number, line in numbered_lines(text) if UNDECODABLE.search(line)), None)


def _format_of(text: str) -> str:
    """What the content looks like, by its beginning."""
    start = text.lstrip()
    _, first_line = next(numbered_lines(text), (1, ""))
    if re.match(r'\{\s*["}]|\[\s*[\[{"]', start):
        try:
            value = parse_json(first_line)
        except CaptionFileError:
            return "coco"
        return "jsonl" if isinstance(value, dict) and "annotations" not in value else "coco"
    lines = (line for _, line in numbered_lines(text) if not line.startswith("#"))
    if CONLLU_COMMENT.match(start) or next(lines, "").count("\t") == COLUMNS - 1:
        return "conllu"
    return "csv" if csv_delimiter(first_line) else "text"


def _problem(caption: Caption, rows_by_id: Mapping[str, int]) -> RowError | None:
    """Why a caption that could be read cannot be imported."""
    length, identifier = len(caption.text), caption.external_id
    if not length:
        reason = "a caption without text"
    elif length > MAX_CAPTION_LENGTH:
        reason = f"a caption of {length:,} characters; the limit is {MAX_CAPTION_LENGTH:,}"
    elif len(identifier) > MAX_ID_LENGTH:
        reason = f"an id of {len(identifier):,} characters; the limit is {MAX_ID_LENGTH:,}"
    elif character := _forbidden((caption.text, identifier, caption.metadata, _labels(caption))):
        reason = character
    elif identifier in rows_by_id:
        reason = f"the id {identifier!r} is already that of row {rows_by_id[identifier]}"
    else:
        return None
    return RowError(caption.row, reason)


def _labels(caption: Caption) -> list[str]:
    """What a CoNLL-U file says of the caption's words."""
    return [
        label
        for word in caption.words or ()
        for label in (word.lemma, word.part_of_speech, word.tag, word.relation, word.enhanced_relation)
    ]


def _forbidden(value: object) -> str | None:
    """What is wrong with the first character, here or inside a collection, that cannot be stored."""
    if isinstance(value, str):
        for character in value:
            code = ord(character)
            if UNDECODABLE.match(character):
                return f"bytes that are not UTF-8 (0x{code - 0xDC00:02x}); save the file as UTF-8"
            if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n\r":
                return f"the character U+{code:04X}, which is no part of a text"
        return None
    if isinstance(value, Mapping):
        return _forbidden((*value.keys(), *value.values()))
    if isinstance(value, (list, tuple)):
        return next(filter(None, map(_forbidden, value)), None)
    return None
