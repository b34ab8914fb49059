"""A report in one file, as it is stored: what is shown as JSON, and every figure as SVG."""

import json
import zlib
from typing import IO, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from evaluation.documents.content import ReportContent

_DOCUMENT = "document.json"
# What zipfile raises where bytes are not as they were written; RuntimeError where they claim a password or a
# method that it does not have.
DAMAGE = (BadZipFile, zlib.error, EOFError, RuntimeError)


class ArchiveError(ValueError):
    """The file is none that `write_archive` wrote, or it was cut off."""


def write_archive(content: ReportContent, file: IO[bytes]) -> None:
    """Write the report into an empty file that can be sought in."""
    from evaluation.documents.drawing import render_figure

    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr(_DOCUMENT, json.dumps(content.document(), ensure_ascii=False, allow_nan=False))
        for item in content.figures():
            archive.writestr(_figure(item.name), render_figure(item.figure, "svg"))


def read_document(file: IO[bytes]) -> dict[str, Any]:
    """What is shown; see ReportContent.document. Raises ArchiveError."""
    try:
        document: dict[str, Any] = json.loads(_read(file, _DOCUMENT))
    except (KeyError, ValueError) as error:
        raise ArchiveError(f"the stored report is damaged: {error}") from error
    return document


def read_figure(file: IO[bytes], name: str) -> bytes:
    """A figure as SVG. Raises KeyError where there is none of that name, and ArchiveError."""
    return _read(file, _figure(name))


def _figure(name: str) -> str:
    return f"figures/{name}.svg"


def _read(file: IO[bytes], member: str) -> bytes:
    try:
        with ZipFile(file) as archive:
            return archive.read(member)
    except DAMAGE as error:
        raise ArchiveError(f"the stored report is damaged: {error}") from error
