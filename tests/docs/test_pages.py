"""Every page: what it leads to, tells to run and names is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.docs.pages import PAGES, TOP, anchors, commands, links, read, targets

MAKE = set(re.findall(r"^([.\w/-]+)(?: [.\w/-]+)*:(?!=)", read(TOP / "Makefile"), re.MULTILINE))
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(TOP).as_posix())


def missing(page: Path, address: str) -> bool:
    """Whether a link within the repository leads nowhere."""
    if "://" in address:
        return False
    name, _, anchor = address.partition("#")
    file = (page.parent / name).resolve() if name else page
    return not file.exists() or (bool(anchor) and anchor not in anchors(read(file)))


@every_page
def test_every_link_leads_to_a_file_and_a_heading_of_the_repository(page):
    assert [address for address in links(read(page)) if missing(page, address)] == []


@every_page
def test_every_command_is_one(page):
    assert commands(read(page)) - get_commands().keys() == set()


@every_page
def test_every_make_target_is_one(page):
    assert targets(read(page)) - MAKE == set()


@every_page
def test_no_page_leads_out_of_the_repository(page):
    assert "../shared" not in read(page)
    assert "DESIGN.md" not in read(page)


def test_what_is_not_there_would_be_noticed():
    page = TOP / "docs" / "rows.md"
    assert missing(page, "gone.md")
    assert missing(page, "rows.md#gone")
    assert missing(page, "#gone")
    assert not missing(page, "#how-they-move")
    assert not missing(page, "../README.md")
    assert commands("run `python manage.py gone NAME`") == {"gone"}
    assert targets("`make gone` and\n\n    make there  # a word\n") == {"gone", "there"}
    assert {"demo", "lint", "lint-all"} - MAKE == {"lint-all"}
