"""Every point of the security page names a test, and the test is there."""

import re

import pytest

from tests.docs.pages import TOP, read

PAGE = TOP / "docs" / "security.md"
NAMED = sorted(set(re.findall(r"`(tests/[^`\s]+)`", read(PAGE))))


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_the_page_names_is_there(name):
    path, _, function = name.partition("::")
    source = (TOP / path).read_text(encoding="utf-8")
    if function:
        assert re.search(rf"^def {function}\(", source, re.MULTILINE), name
    else:
        assert re.search(r"^def test_", source, re.MULTILINE), name


def test_every_point_of_the_list_names_a_test_or_says_that_there_is_none():
    lists = read(PAGE).partition("## The list")[2].partition("## What it does not do")[0]
    rows = [line for line in lists.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    points = [row for row in rows if not row.startswith("| point ")]
    assert len(points) > 30
    assert [row for row in points if not re.search(r"\| (`tests/[^`]+`|—) \|$", row)] == []
