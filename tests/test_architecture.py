"""What the structure promises, beyond the import-linter contracts of pyproject.toml."""

import ast
import os
import re
import statistics
import subprocess
import sys
import tomllib

import pytest

from tests.sources import SITE, TOP, sources

# In lines. A module that passes the first has a second reason to change; that gets a file.
LONGEST_MODULE = 300
MEDIAN_MODULE = 80
LONGEST_FUNCTION = 60
# Whose addresses an app may not name.
HIGHER_APPS = {
    "daamweb": ("generation", "annotations", "evaluation"),
    "generation": ("annotations", "evaluation"),
    "annotations": ("evaluation",),
    "evaluation": (),
}


def modules_after(code: str) -> set[str]:
    program = f"{code}\nimport sys; print(' '.join(sys.modules))"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "daamweb.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=TOP,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_site_never_imports_torch():
    loaded = modules_after(
        "import django; django.setup(); import daamweb.urls, daamweb.wsgi; "
        "from daamweb.celery import app; app.loader.import_default_modules()"
    )
    assert {
        "annotations.views.annotators",
        "generation.jobs",
        "annotations.jobs",
        "evaluation.jobs",
    } <= loaded
    assert not loaded & {"torch", "diffusers", "transformers", "spacy", "scipy", "statsmodels"}


def test_the_sources_name_nothing_of_shared_data():
    """`../shared/data` is never needed at run time."""
    found = list(sources(*SITE))
    assert len(found) > 50
    assert [path for path, text in found if "shared/data" in text] == []


def too_long(path: str, text: str) -> list[str]:
    """What of a module passes the limits, by path, name and number of lines."""
    found = []
    if (lines := len(text.splitlines())) > LONGEST_MODULE:
        found.append(f"{path}: {lines} lines")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                found.append(f"{path}: {node.name} has {lines} lines")
    return found


def test_no_module_and_no_function_is_too_long():
    found = [each for path, text in sources(*SITE, "benchmarks", "tests") for each in too_long(path, text)]
    assert found == []


def test_most_modules_are_short():
    lengths = [len(text.splitlines()) for _, text in sources(*SITE, "benchmarks")]
    assert statistics.median(length for length in lengths if length) <= MEDIAN_MODULE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1\n" * 300, []),
        ("x = 1\n" * 301, ["module.py: 301 lines"]),
        ("def f():\n" + "    x = 1\n" * 59, []),
        ("def f():\n" + "    x = 1\n" * 60, ["module.py: f has 61 lines"]),
        (
            'class A:\n    async def f(self):\n        """' + "\n" * 60 + '"""\n',
            ["module.py: f has 62 lines"],
        ),
    ],
)
def test_what_is_too_long_is_found(text, found):
    assert too_long("module.py", text) == found


def names_upward(path: str, text: str) -> bool:
    """Whether a module names an address of an app above its own: "app:name", or the admin's "admin:app_…"."""
    higher = "|".join(HIGHER_APPS[path.split("/")[0]])
    address = re.compile(rf"(admin:)?({higher or '(?!)'})(?(1)_|:)[\w-]+")
    constants = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    return any(address.fullmatch(value) for value in constants if isinstance(value, str))


def test_no_module_names_an_address_of_a_higher_app():
    """Nor does a template: see tests/test_side_doors.py."""
    assert [path for path, text in sources(*SITE) if names_upward(path, text)] == []


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("annotations/views/turns.py", 'redirect("evaluation:report", 1)', True),
        ("annotations/views/turns.py", 'redirect("annotations:home")', False),
        ("generation/admin.py", 'reverse("admin:annotations_study_changelist")', True),
        ("generation/admin.py", 'reverse("admin:generation_generationrun_changelist")', False),
        ("evaluation/views/reports.py", 'redirect("annotations:home")', False),
        ("daamweb/links.py", '"""An example: offer(Study, Link("Report", "evaluation:report"))."""', False),
        ("daamweb/links.py", 'Link("Image", "generation:image")', True),
    ],
)
def test_an_address_of_a_higher_app_is_found(path, text, found):
    assert names_upward(path, text) is found


def test_every_package_is_under_the_import_contracts():
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    packages = {path.parent.name for path in TOP.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert set(contracts["root_packages"]) == packages
