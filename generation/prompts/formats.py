"""Readers of caption files: content → captions as they stand, with the rows that cannot be read.

Each reader takes decoded text in which bytes that are not UTF-8 stand as lone surrogates (`surrogateescape`),
so that one bad line spoils no other, and yields `Caption` or `RowError` in the order of the file. What holds
for every format (lengths, forbidden characters, duplicate ids) is checked in captions.py. Blank lines hold no
caption in any format.
"""

import csv
import io
import json
import math
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from generation.prompts.words import ParsedWord

TEXT_COLUMNS = ("caption", "text", "prompt")
ID_COLUMN = "id"
DELIMITERS = (",", ";", "\t")


class CaptionFileError(ValueError):
    """A file that cannot be read as a whole."""


@dataclass(frozen=True)
class Caption:
    """One caption of a file.

    `row` is its line (the first one, where it has several), or in COCO JSON its place in `annotations`; both
    count from 1. `words` are the gold words of a CoNLL-U file.
    """

    row: int
    external_id: str
    text: str
    metadata: Mapping[str, object] = field(default_factory=dict)
    words: tuple[ParsedWord, ...] | None = None


@dataclass(frozen=True)
class RowError:
    row: int
    reason: str


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers. Only line feeds and carriage returns end a line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def read_text(text: str) -> Iterator[Caption | RowError]:
    """One caption a line."""
    for number, line in numbered_lines(text):
        yield Caption(row=number, external_id=str(number), text=line.strip())


def read_jsonl(text: str) -> Iterator[Caption | RowError]:
    """One JSON object a line, with its caption under `caption`, `text` or `prompt` and perhaps an `id`."""
    for number, line in numbered_lines(text):
        try:
            value = parse_json(line)
        except CaptionFileError as error:
            yield RowError(number, str(error))
            continue
        if isinstance(value, dict):
            yield _from_object(number, value, TEXT_COLUMNS)
        else:
            yield RowError(number, f"expected a JSON object, found {_json_type(value)}")


def read_coco(text: str) -> Iterator[Caption | RowError]:
    """COCO caption JSON: a list `annotations` of objects with `id`, `image_id` and `caption`."""
    document = parse_json(text)
    annotations = document.get("annotations") if isinstance(document, dict) else None
    if not isinstance(annotations, list):
        found = (
            f"the keys {_listed(document) or '(none)'}"
            if isinstance(document, dict)
            else _json_type(document)
        )
        raise CaptionFileError(
            f"expected a JSON object with a list `annotations` (COCO captions), found {found}"
        )
    for number, annotation in enumerate(annotations, start=1):
        if isinstance(annotation, dict):
            yield _from_object(number, annotation, ("caption",))
        else:
            yield RowError(number, f"expected an annotation object, found {_json_type(annotation)}")


def read_csv(text: str) -> Iterator[Caption | RowError]:
    """Cells separated by commas, semicolons or tabs, under a header.

    The captions stand in the column `caption`, `text` or `prompt` (the first of these that there is), their
    ids perhaps in `id`; the other columns become metadata.
    """
    _, first_line = next(numbered_lines(text), (1, ""))
    delimiter = csv_delimiter(first_line) or ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            row, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _header(cells)
            elif len(cells) != len(header):
                yield RowError(row, f"{len(cells)} cells, but the header has {len(header)} columns")
            else:
                yield _from_object(row, dict(zip(header, cells, strict=True)), TEXT_COLUMNS)
    except csv.Error as error:
        raise CaptionFileError(f"line {line}: not valid CSV: {error}") from error


def parse_json(text: str) -> object:
    """Raises CaptionFileError with the line and column of what is no JSON. NaN and Infinity are none."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text else ""
        raise CaptionFileError(f"not valid JSON at {line}column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise CaptionFileError("not readable as JSON: nested too deeply") from error
    except CaptionFileError:
        raise
    except ValueError as error:
        raise CaptionFileError(f"not readable as JSON: {error}") from error


def _finite(number: str) -> float:
    """A number too large for a float would become infinite, which no database takes as JSON."""
    value = float(number)
    if not math.isfinite(value):
        raise CaptionFileError(f"not readable as JSON: the number {number[:20]} is too large")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise CaptionFileError(f"not valid JSON: {name} is no JSON value")


def _from_object(row: int, values: Mapping[str, object], text_keys: tuple[str, ...]) -> Caption | RowError:
    key = next((key for key in text_keys if key in values), None)
    if key is None:
        return RowError(row, f"no {_alternatives(text_keys)}; found {_listed(values) or 'nothing'}")
    text = values[key]
    if not isinstance(text, str):
        return RowError(row, f"`{key}` has to be a text, found {_json_type(text)}")
    identifier = values.get(ID_COLUMN)
    if isinstance(identifier, (dict, list)):
        return RowError(row, f"`{ID_COLUMN}` has to be a text or a number, found {_json_type(identifier)}")
    metadata = {name: value for name, value in values.items() if name not in (key, ID_COLUMN)}
    return Caption(
        row=row, external_id=_identifier(identifier) or str(row), text=text.strip(), metadata=metadata
    )


def _identifier(value: object) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value)


def csv_delimiter(header: str) -> str | None:
    """What separates the cells of a header with a column of captions; None where it has no such column."""
    return next((delimiter for delimiter in DELIMITERS if _text_column(_cells(header, delimiter))), None)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _text_column(cells: list[str]) -> str | None:
    names = {cell.strip().lower() for cell in cells}
    return next((name for name in TEXT_COLUMNS if name in names), None)


def _header(cells: list[str]) -> list[str]:
    """The names of the columns; those with a meaning here in small letters, the others as they are."""
    names = [cell.strip() for cell in cells]
    names = [name.lower() if name.lower() in (*TEXT_COLUMNS, ID_COLUMN) else name for name in names]
    if _text_column(names) is None:
        raise CaptionFileError(
            f"no column {_alternatives(TEXT_COLUMNS)}; the columns found: {_listed(names)}"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CaptionFileError(f"more than one column is called {_listed(twice)}")
    return names


def _alternatives(names: tuple[str, ...]) -> str:
    quoted = [f"`{name}`" for name in names]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _listed(names: Iterable[str]) -> str:
    """Ten names at most, none long, so that a message stays one line whatever the file holds."""
    names = list(names)
    shown = ", ".join(reprlib.repr(name) for name in names[:10])
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10} more"


def _json_type(value: object) -> str:
    """What JSON calls a value."""
    if value is None:
        return "null"
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return names[type(value)]
