"""Pages and jobs say who acts. Services take `by`, which is a command's operator where nobody says; of a page
that forgot it, whoever started the site would have done everything."""

import ast
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import PurePath

import pytest

from tests.sources import SITE, sources

# Modules, or folders of modules, in which somebody or the site acts, and no operator.
ACTING = ("views", "admin", "forms", "jobs")


def acts_for_somebody(path: str) -> bool:
    parts = PurePath(path).with_suffix("").parts
    return any(part in ACTING or part.startswith("admin_") for part in parts) and "management" not in parts


def called(tree: ast.AST) -> Iterator[tuple[ast.Call, Callable]]:
    """The calls of what was imported from services and jobs, with what they call."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (found := _function(ast.unparse(node.func), names)):
            yield node, found


def _function(name: str, names: dict[str, str]) -> Callable | None:
    first, *rest = name.split(".")
    whole = ".".join([names.get(first, ""), *rest])
    if not any(part in ("services", "jobs") for part in whole.split(".")[:-1]):
        return None
    try:
        found = pkgutil.resolve_name(whole)
    except (ValueError, AttributeError):  # what a call returned, or what a module only names for types
        return None
    return found if inspect.isfunction(found) else None


def unsaid(tree: ast.AST) -> list[int]:
    """The lines on which something is done by nobody. What is only tried writes nothing down."""
    lines = []
    for call, function in called(tree):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        acts = "by" in inspect.signature(function).parameters and given.get("dry_run") != "True"
        if acts and "by" not in given:
            lines.append(call.lineno)
    return lines


def test_pages_and_jobs_say_who_acts():
    acting = {path: ast.parse(text) for path, text in sources(*SITE) if acts_for_somebody(path)}
    assert {"annotations/admin/buttons.py", "generation/views.py", "annotations/jobs.py"} <= set(acting)
    assert sum(1 for tree in acting.values() for _ in called(tree)) > 40
    assert {path: lines for path, tree in acting.items() if (lines := unsaid(tree))} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from annotations.services.closings import pause_study\npause_study(study=study)", True),
        ("from annotations.services.closings import pause_study as p\np(study=study)", True),
        ("from annotations.services import closings\nclosings.pause_study(study=study)", True),
        ("from annotations.jobs import start_closing\nstart_closing(study=study, at_once=True)", True),
        ("from annotations.services.closings import pause_study\npause_study(study=study, by=user)", False),
        ("from annotations.services.closings import pause_study\npause_study(study=study, by=None)", False),
        ("from annotations.services.locks import lock_study\nlock_study(1)", False),
        ("from annotations.services.verifications import due_for_verification as d\nd().filter(pk=1)", False),
        ("from generation.services.imports import import_prompts as i\ni(dry_run=True, **data)", False),
        ("from generation.services.imports import import_prompts as i\ni(**data)", True),
    ],
)
def test_an_act_by_nobody_is_found(source, found):
    assert bool(unsaid(ast.parse(source))) is found
