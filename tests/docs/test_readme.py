"""README.md tells to run what can be run, and to set what is read.

Links, make targets and `manage.py` commands are tested for every page in test_pages.py, and `make demo`
itself by .ci/demo."""

import re
import shlex

import pytest
from django.core.management import get_commands, load_command_class

from tests.docs.pages import TOP, in_backticks, read

TEXT = read(TOP / "README.md")


def column_below(heading: str, number: int) -> list[str]:
    """A column of the first table of a section, without its head."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [row.split("|")[number] for row in re.findall(r"^\|(.*)\|$", section, re.MULTILINE)[2:]]


STEPS = [
    code
    for cell in column_below("The road from prompts to figures", 2)
    for code in in_backticks(cell)
    if not code.startswith("--")
]


@pytest.mark.parametrize("step", STEPS)
def test_every_command_of_the_road_takes_its_arguments(step):
    name, *arguments = shlex.split(step)
    app = get_commands()[name]
    parser = load_command_class(app, name).create_parser("manage.py", name)
    parser.parse_args(arguments)


def test_every_command_of_ours_is_on_the_road():
    ours = {
        name for name, app in get_commands().items() if app in ("generation", "annotations", "evaluation")
    }
    assert {step.split()[0] for step in STEPS} == ours - {"demo"}


def test_the_variables_are_those_that_are_read():
    table = {name for cell in column_below("When it grows", 0) for name in in_backticks(cell)}
    settings = read(TOP / "daamweb" / "settings.py")
    read_there = set(re.findall(r'\benv(?:\.\w+)?\("(\w+)"', settings))
    assert table == {*read_there, "DAAMWEB_COMMIT"}


def test_every_file_and_folder_it_names_is_there():
    top = {path.name for path in TOP.iterdir()}
    paths = {code for code in in_backticks(TEXT) if re.fullmatch(r"[\w.-]+/[\w./-]*", code)}
    paths = {path for path in paths if path.split("/")[0] in top - {"var"}}
    assert len(paths) > 3
    assert [path for path in paths if not (TOP / path).exists()] == []


def test_its_picture_of_the_folders_is_true():
    block = TEXT.split("\n## Where things live\n")[1].split("\n\n")[1]
    app = ""
    for line in block.splitlines():
        name = line.split()[0]
        if not line.startswith("      "):
            app = name
            assert all((TOP / each).is_dir() for each in line.split() if each.endswith("/"))
        else:
            assert (TOP / app / name).exists()
