"""The project's own source files, for tests that read them."""

from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SITE = ("daamweb", "generation", "annotations", "evaluation")


def sources(*folders: str, name: str = "*.py") -> Iterator[tuple[str, str]]:
    """Path below the project's folder, and text, of every file of these folders but migrations."""
    for folder in folders:
        for path in sorted((TOP / folder).rglob(name)):
            if "migrations" not in path.parts:
                yield str(path.relative_to(TOP)), path.read_text(encoding="utf-8")
