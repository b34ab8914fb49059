"""What sources import, read in their syntax."""

import ast
from collections.abc import Iterator

from tests.sources import sources


def trees(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    """Path and syntax tree of every module."""
    for path, text in sources(*packages):
        yield path, ast.parse(text)


def names_imported(tree: ast.AST) -> set[str]:
    """`from a import b` gives "a.b", and `import a.b` too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def names_imported_when_loaded(tree: ast.AST) -> set[str]:
    """Those of the module's own level and of its classes; what a function imports waits for its call."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= names_imported(ast.Module([node], []))
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            found |= names_imported_when_loaded(node)
    return found
