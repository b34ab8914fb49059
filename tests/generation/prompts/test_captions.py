import json

import pytest

from generation.prompts.captions import (
    MAX_CAPTION_LENGTH,
    CaptionFileError,
    RowError,
    read_captions,
)


def coco(*annotations: object) -> bytes:
    return json.dumps({"info": {}, "annotations": annotations}).encode()


def texts(content: bytes, **options: str) -> list[str]:
    return [caption.text for caption in read_captions(content, **options).captions]


def test_coco_captions_keep_id_and_image():
    read = read_captions(
        coco(
            {"image_id": 7, "id": 41, "caption": "A cat on a mat. \n"},
            {"image_id": 7, "id": 42, "caption": "A dog."},
        ),
        file_name="captions.json",
    )
    assert read.format == "coco"
    assert [(c.row, c.external_id, c.text) for c in read.captions] == [
        (1, "41", "A cat on a mat."),
        (2, "42", "A dog."),
    ]
    assert read.captions[0].metadata == {"image_id": 7}
    assert read.errors == []


@pytest.mark.parametrize("column", ["caption", "text", "prompt", "Caption"])
def test_csv_finds_the_column_and_keeps_the_others_as_metadata(column):
    content = f'id,{column},source\nx1,"a cat, asleep",zoo\nx2,a dog,farm\n'.encode()
    read = read_captions(content)
    assert read.format == "csv"
    assert [(c.row, c.external_id, c.text, c.metadata) for c in read.captions] == [
        (2, "x1", "a cat, asleep", {"source": "zoo"}),
        (3, "x2", "a dog", {"source": "farm"}),
    ]


def test_csv_prefers_caption_to_text_and_text_to_prompt():
    read = read_captions(b"prompt,text,caption\np,t,c\n", format="csv")
    assert read.captions[0].text == "c"
    assert read.captions[0].metadata == {"prompt": "p", "text": "t"}


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_may_use_other_delimiters(delimiter):
    content = f"caption{delimiter}place\na cat, asleep{delimiter}zoo\n".encode()
    assert texts(content, file_name="a.csv") == ["a cat, asleep"]


def test_csv_rows_count_lines_also_after_a_quoted_line_break():
    read = read_captions(b'caption,id\n"a cat\nasleep",1\n,2\n')
    assert read.captions[0].text == "a cat\nasleep"
    assert read.errors == [RowError(4, "a caption without text")]


def test_jsonl_reads_one_object_a_line():
    read = read_captions(b'{"text": "a cat", "id": 1.5, "place": "zoo"}\n\n{"caption": "a dog"}\n')
    assert read.format == "jsonl"
    assert [(c.row, c.external_id, c.text, c.metadata) for c in read.captions] == [
        (1, "1.5", "a cat", {"place": "zoo"}),
        (3, "3", "a dog", {}),
    ]


def test_text_reads_one_caption_a_line_and_numbers_them_by_line():
    read = read_captions(b"a cat\n\n  a dog  \n")
    assert read.format == "text"
    assert [(c.row, c.external_id, c.text) for c in read.captions] == [
        (1, "1", "a cat"),
        (3, "3", "a dog"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa cat\r\na dog\r\n",
        b"\xef\xbb\xbfcaption\r\na cat\r\na dog\r\n",
        b'\xef\xbb\xbf{"caption": "a cat"}\r\n{"caption": "a dog"}\r\n',
        b'\xef\xbb\xbf{\r\n"annotations": [{"caption": "a cat"},\r\n{"caption": "a dog"}]}',
    ],
)
def test_byte_order_mark_and_carriage_returns_are_no_part_of_a_caption(content):
    assert texts(content) == ["a cat", "a dog"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.ndjson", b'{"caption": "a cat"}', "jsonl"),
        ("a.TSV", b"caption\tid\na cat\t1", "csv"),
        ("a.txt", b"caption\na cat", "text"),
        ("a.json", b'{"caption": "a cat"}\n{"caption": "a dog"}', "jsonl"),
        ("", b'{"annotations": [{"caption": "a cat"}]}', "coco"),
        ("", b"a cat, a dog\na cow", "text"),
        ("", b"# sent_id = 1\n1\tcats\tcat\tNOUN\t_\t_\t0\troot\t_\t_\n", "conllu"),
        ("", b"1\tcats\tcat\tNOUN\t_\t_\t0\troot\t_\t_\n", "conllu"),
        ("", b"# 1 on the menu: a pizza\n", "text"),
        ("", b"{a cat} on a mat\n[a dog]\n", "text"),
    ],
)
def test_format_is_found_by_extension_then_by_content(name, content, expected):
    assert read_captions(content, file_name=name).format == expected


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [(12, "12"), ("a-1", "a-1"), (True, "true"), (0, "0"), (None, "1"), ("  ", "1")],
)
def test_ids_are_any_json_scalar(identifier, expected):
    read = read_captions(coco({"id": identifier, "caption": "a cat"}))
    assert read.captions[0].external_id == expected


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "the file is empty"),
        (b" \n\r\n", {}, "the file is empty"),
        (b"\xef\xbb\xbf", {}, "holds no captions"),
        (b"caption,id\n", {}, "holds no captions"),
        (coco(), {}, "holds no captions"),
        (b"a cat", {"format": "yaml"}, "unknown format 'yaml'"),
        (b"a cat", {"format": "coco"}, "not valid JSON at column 1"),
        (b'{"annotations": [\n{"caption": "a cat",}]}', {}, "not valid JSON at line 2, column"),
        (b'{"images": [], "licenses": []}', {"format": "coco"}, "found the keys 'images', 'licenses'"),
        (b'["a cat"]', {"format": "coco"}, "found a list"),
        (b"a cat\na dog", {"file_name": "a.json"}, "not valid JSON at line 1, column 1"),
        (b'{"annotations": [{"caption": "a cat", "score": NaN}]}', {}, "NaN is no JSON value"),
        (b'{"annotations": [{"caption": "a cat", "score": 1e999}]}', {}, "1e999 is too large"),
        (b"[" * 100_000, {"format": "coco"}, "nested too deeply"),
        (b'[{"caption": "a cat"}]', {"format": "text"}, "looks like coco"),
        (b'{"caption": "a cat"}\n', {"file_name": "a.txt"}, "looks like jsonl"),
        (b"title,id\na cat,1\n", {"format": "csv"}, "the columns found: 'title', 'id'"),
        (b"caption,id,caption\na,1,b\n", {"format": "csv"}, "more than one column is called 'caption'"),
        (b'caption,id\na,1\n"a cat,2\n', {"format": "csv"}, "line 3: not valid CSV"),
        ("a cat\na dog".encode("utf-16"), {}, "UTF-16"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", {"format": "text"}, "no text file"),
        (b'{"annotations": [\n{"caption": "caf\xe9"}]}', {}, "line 2: bytes that are not UTF-8"),
    ],
)
def test_unreadable_file_is_refused_with_its_reason(content, options, message):
    with pytest.raises(CaptionFileError, match=message) as caught:
        read_captions(content, **options)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("content", "row", "reason"),
    [
        (coco({"id": 1, "caption": "a cat"}, {"id": 2}), 2, "no `caption`; found 'id'"),
        (coco({"id": 1, "caption": "  "}), 1, "a caption without text"),
        (coco({"id": 1, "caption": None}), 1, "`caption` has to be a text, found null"),
        (coco({"id": 1, "caption": 5}), 1, "`caption` has to be a text, found a number"),
        (coco({"id": [1], "caption": "a cat"}), 1, "`id` has to be a text or a number, found a list"),
        (coco("a cat"), 1, "expected an annotation object, found a text"),
        (
            coco({"id": 1, "caption": "a cat"}, {"id": "1", "caption": "a dog"}),
            2,
            "the id '1' is already that of row 1",
        ),
        (coco({"id": "x" * 201, "caption": "a cat"}), 1, "an id of 201 characters; the limit is 200"),
        (coco({"caption": "a\0cat"}), 1, "the character U+0000, which is no part of a text"),
        (coco({"caption": "a cat \ud83d"}), 1, "the character U+D83D, which is no part of a text"),
        (
            coco({"caption": "a cat", "tags": [{"a": "\0"}]}),
            1,
            "the character U+0000, which is no part of a text",
        ),
        (b"a cat\n" + b"x" * 100_000, 2, "a caption of 100,000 characters; the limit is 2,000"),
        (b"a cat\na caf\xe9\n", 2, "bytes that are not UTF-8 (0xe9); save the file as UTF-8"),
        (b"id,caption\n1,a caf\xe9\n", 2, "bytes that are not UTF-8 (0xe9); save the file as UTF-8"),
        (b"id,caption\n1,a cat\n2\n", 3, "1 cells, but the header has 2 columns"),
        (b"id,caption\n1,a cat, asleep\n", 2, "3 cells, but the header has 2 columns"),
        (b'{"caption": "a cat"}\n["a dog"]\n', 2, "expected a JSON object, found a list"),
        (
            b'{"caption": "a cat"}\n{"id": 4, "size": 1}\n',
            2,
            "no `caption`, `text` or `prompt`; found 'id', 'size'",
        ),
    ],
)
def test_bad_row_is_reported_with_its_number(content, row, reason):
    read = read_captions(content)
    assert read.errors == [RowError(row, reason)]
    assert row not in [caption.row for caption in read.captions]


def test_malformed_line_of_jsonl_spoils_no_other_line():
    read = read_captions(b'{"caption": "a cat"}\n{"caption": \n{"caption": "a dog"}\n')
    assert [c.text for c in read.captions] == ["a cat", "a dog"]
    assert [error.row for error in read.errors] == [2]
    assert read.errors[0].reason.startswith("not valid JSON at column")


def test_longest_allowed_caption_is_read():
    assert texts(b"x" * MAX_CAPTION_LENGTH) == ["x" * MAX_CAPTION_LENGTH]
    assert read_captions(b"x" * (MAX_CAPTION_LENGTH + 1)).errors


def test_every_bad_row_is_reported():
    read = read_captions(
        coco({"id": 1, "caption": ""}, {"id": 2, "caption": "a cat"}, {"id": 2, "caption": "a dog"})
    )
    assert [error.row for error in read.errors] == [1, 3]
    assert [caption.external_id for caption in read.captions] == ["2"]
