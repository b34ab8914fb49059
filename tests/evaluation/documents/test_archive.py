import io
from zipfile import ZipFile

import pytest

from evaluation.documents.archive import ArchiveError, read_document, read_figure, write_archive
from evaluation.documents.content import NamedFigure, ReportContent, Section
from evaluation.documents.drawing import message_figure
from evaluation.documents.tables import Table

TABLE = Table("scores", "Scores", ("item", "score"), tuple((f"item {n}", n) for n in range(40)))
CONTENT = ReportContent(
    (Section("Scores", tables=(TABLE,), figures=(NamedFigure("scores", "S", message_figure("a", "b")),)),)
)


@pytest.fixture
def stored() -> bytes:
    file = io.BytesIO()
    write_archive(CONTENT, file)
    return file.getvalue()


def test_what_is_shown_and_drawn_comes_back(stored):
    assert read_document(io.BytesIO(stored)) == CONTENT.document()
    assert b"<svg" in read_figure(io.BytesIO(stored), "scores")
    with pytest.raises(KeyError):
        read_figure(io.BytesIO(stored), "none such")


def with_member(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "damaged",
    [b"", b"no archive", with_member("other.json", b"{}"), with_member("document.json", b"{"),
     with_member("document.json", b"\xff")],
)  # fmt: skip
def test_a_file_that_is_no_report_is_said_to_be_none(damaged):
    with pytest.raises(ArchiveError):
        read_document(io.BytesIO(damaged))


def test_wherever_a_byte_is_wrong_it_is_noticed_or_does_no_harm(stored):
    for place in range(0, len(stored), 7):
        damaged = bytearray(stored)
        damaged[place] ^= 0x55
        try:
            document = read_document(io.BytesIO(damaged))
        except ArchiveError:
            continue
        assert document == CONTENT.document()


def test_a_file_that_was_cut_off_is_noticed(stored):
    for length in range(0, len(stored), 97):
        with pytest.raises(ArchiveError):
            read_document(io.BytesIO(stored[:length]))
