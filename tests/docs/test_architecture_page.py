"""What docs/architecture.md names is there, and what is there has a place on it."""

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands

from daamweb.work.jobs import kinds_of_work
from tests.docs.pages import TOP, commands, in_backticks, read

APPS = ("daamweb", "generation", "annotations", "evaluation")
TEXT = read(TOP / "docs" / "architecture.md")
CODES = set(in_backticks(TEXT))
PATHS = {code for code in CODES if "/" in code}
DOTTED = {code for code in CODES if re.fullmatch(rf"({'|'.join(APPS)})(\.\w+)+", code)}
CLASSES = {code for code in CODES if re.fullmatch(r"[A-Z][a-z]\w*", code)}


def classes() -> set[str]:
    """Names of every class of the four packages."""
    sources = [path for app in APPS for path in (TOP / app).rglob("*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def column(heading: str, number: int) -> list[str]:
    """Code in a column of the first table below a heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\|(.*)\|$", section, re.MULTILINE)[2:]
    return [code for row in rows for code in re.findall(r"`([^`]+)`", row.split("|")[number])]


@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_file_and_folder_is_there(path):
    found = TOP / path
    assert found.is_dir() if path.endswith("/") else found.is_file()


@pytest.mark.parametrize("name", sorted(DOTTED))
def test_every_module_and_what_it_has_is_there(name):
    module, _, attribute = name.rpartition(".")
    assert hasattr(importlib.import_module(module), attribute)


def test_every_class_is_there():
    assert {"Work", "Report"} <= CLASSES
    assert CLASSES - classes() == set()


def test_every_command_of_the_way_is_there_and_none_of_ours_is_forgotten():
    ours = {command for command, app in get_commands().items() if app in APPS}
    assert {*column("One way through", 1), *commands(TEXT)} == ours


def test_every_package_has_its_place():
    """Those below the apps that are not the same in every app."""
    common = {"admin", "management", "migrations", "models", "services", "views"}
    packages = {path.parent for app in APPS for path in (TOP / app).glob("*/__init__.py")}
    there = {f"{path.relative_to(TOP).as_posix()}/" for path in packages if path.name not in common}
    assert there - set(column("Where things live", 0)) == set()


def test_every_kind_of_work_is_named():
    assert {kind.__name__ for kind in kinds_of_work()} <= CLASSES


def test_the_direction_of_imports_is_the_contracts():
    contracts = tomllib.loads(read(TOP / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if set(each.get("layers", ())) == set(APPS))
    assert f"    {' → '.join(layers)}\n" in TEXT


def test_what_is_marked_pure_is_in_the_contract_of_pure_parts():
    contracts = tomllib.loads(read(TOP / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (held,) = [
        set(each["source_modules"]) for each in contracts if "django" in each.get("forbidden_modules", ())
    ]
    marked = re.findall(r"^\| `([\w/.]+)` \| .*PURE.* \|$", TEXT, re.MULTILINE)
    assert len(marked) > 5
    assert {Path(path).with_suffix("").as_posix().replace("/", ".") for path in marked} <= held
