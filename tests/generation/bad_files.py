"""Caption files that cannot be imported as they are, each with what has to be said about it."""

import json
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class BadFile:
    """`row` is None where the file as a whole is bad; else all other rows are good."""

    name: str
    content: bytes
    row: int | None
    reason: str


def conllu_word(number: int, form: str, head: int, columns: int = 10) -> str:
    return "\t".join([str(number), form, form, "NOUN", "_", "_", str(head), "root", "_", "_"][:columns])


GOOD_SENTENCE = f"# sent_id = good\n# text = cats\n{conllu_word(1, 'cats', 0)}\n"

FILES = {
    "empty": BadFile("captions.txt", b"", None, "the file is empty"),
    "blank": BadFile("captions.csv", b" \n\n", None, "the file is empty"),
    "picture": BadFile("cat.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff", None, "no text file in UTF-8"),
    "utf-16": BadFile("captions.txt", "a cat".encode("utf-16"), None, "the file is in UTF-16"),
    "other json": BadFile("captions.json", b'{\n"images": []\n}', None, "with a list `annotations`"),
    "json as text": BadFile("captions.txt", b'{"annotations": []}', None, "it looks like coco"),
    "broken json": BadFile("captions.json", b'{"annotations": [', None, "not valid JSON"),
    "no caption column": BadFile("captions.csv", b"id,title\n1,a cat\n", None, "no column `caption`"),
    "without text": BadFile(
        "captions.json",
        json.dumps({"annotations": [{"id": 1, "caption": "a cat"}, {"id": 2, "caption": " "}]}).encode(),
        2,
        "a caption without text",
    ),
    "not utf-8": BadFile("captions.txt", b"a cat\na caf\xe9\n", 2, "bytes that are not UTF-8 (0xe9)"),
    "duplicate id": BadFile(
        "captions.csv", b"id,caption\n7,a cat\n7,a dog\n", 3, "the id '7' is already that of row 2"
    ),
    "100 kB": BadFile("captions.txt", b"a cat\n" + b"x" * 100_000, 2, "a caption of 100,000 characters"),
    "missing cell": BadFile("captions.csv", b"id,caption\n1,a cat\n2\n", 3, "1 cells, but the header has 2"),
    "no json line": BadFile("captions.jsonl", b'{"caption": "a cat"}\n{"caption"\n', 2, "not valid JSON"),
    "conllu columns": BadFile(
        "captions.conllu",
        f"{GOOD_SENTENCE}\n{conllu_word(1, 'dogs', 0, columns=9)}\n".encode(),
        5,
        "9 columns separated by tabs",
    ),
    "conllu head": BadFile(
        "captions.conllu", f"{GOOD_SENTENCE}\n{conllu_word(1, 'dogs', 4)}\n".encode(), 5, "the head '4'"
    ),
}

whole_files = pytest.mark.parametrize(
    "bad", [pytest.param(bad, id=name) for name, bad in FILES.items() if bad.row is None]
)
bad_rows = pytest.mark.parametrize(
    "bad", [pytest.param(bad, id=name) for name, bad in FILES.items() if bad.row is not None]
)
